"""The gates of one row and their derivatives, computed between two matrix products.

A row has four blocks of `U` floats:

    m = U_h h_{t-1} + c_h    z    r    h'

The backward pass overwrites the blocks with dm, dz, dr and dh', the gradients of m and of the pre-activations of z, r
and h'. In this order, the gradients that propagate to h_{t-1} are adjacent (dm, dz, dr), and so are the gradients that
propagate to x_t (dz, dr, dh').
"""

import numpy as np

from imdb_gru.engine.compiling import inlined

TINY = np.float32(1e-25)
"""Gradients from −`TINY` to `TINY` are replaced with zero, because computing with denormal floats is much slower."""

ONE, HALF, BOUND = np.float32(1), np.float32(0.5), np.float32(7.9)
P = tuple(np.float32(c) for c in (1.54285369e-08, 2.20236520e-05, 3.57901681e-03, 1.34506415e-01, 9.99999994e-01))
Q = tuple(np.float32(c) for c in (8.59901080e-07, 3.42369103e-04, 2.61923324e-02, 4.67839695e-01, 1.0))


@inlined
def tanh(x):
    """Compute tanh to within 4e-7 as x P(x²) / Q(x²) for |x| ≤ 7.9; for larger |x|, return ±1.

    The coefficients were fitted by iteratively reweighted least squares, to minimise the largest relative error.
    """
    x = -BOUND if x < -BOUND else x  # in this form, NaN stays NaN
    x = BOUND if x > BOUND else x
    y = x * x
    p = (((P[0] * y + P[1]) * y + P[2]) * y + P[3]) * y + P[4]
    q = (((Q[0] * y + Q[1]) * y + Q[2]) * y + Q[3]) * y + Q[4]
    return x * p / q


@inlined
def sigmoid(x):
    """Compute the logistic function σ."""
    return HALF + HALF * tanh(HALF * x)


@inlined
def open_gates(row, bias, h):
    """Overwrite a row's products with m, z, r and h', and update `h` from h_{t-1} to h_t."""
    units = len(h)
    for u in range(units):
        m = row[u] + bias[u]
        z = sigmoid(row[units + u] + bias[units + u])
        r = sigmoid(row[2 * units + u] + bias[2 * units + u])
        candidate = tanh(row[3 * units + u] + bias[3 * units + u] + r * m)
        row[u] = m
        row[units + u] = z
        row[2 * units + u] = r
        row[3 * units + u] = candidate
        h[u] = candidate + z * (h[u] - candidate)


@inlined
def differentiate_gates(row, h_prev, dh):
    """Overwrite m, z, r and h' with dm, dz, dr and dh'; reduce `dh` to the part of it that reaches h_{t-1} via z."""
    units = len(dh)
    for u in range(units):
        dh_t = dh[u] if abs(dh[u]) > TINY else np.float32(0)
        m, z, r, candidate = row[u], row[units + u], row[2 * units + u], row[3 * units + u]
        dc = dh_t * (ONE - z) * (ONE - candidate * candidate)
        row[u] = dc * r
        row[units + u] = dh_t * (h_prev[u] - candidate) * z * (ONE - z)
        row[2 * units + u] = dc * m * r * (ONE - r)
        row[3 * units + u] = dc
        dh[u] = dh_t * z


@inlined
def raise_peaks(peaks, steps, h, step):
    """Update the maxima with h, and record the step wherever h is a new maximum."""
    for u in range(len(h)):
        higher = h[u] > peaks[u]
        peaks[u] = h[u] if higher else peaks[u]
        steps[u] = step if higher else steps[u]


@inlined
def add_where(dh, dpeaks, steps, step):
    """Add to `dh` the gradients of the maxima that were reached at this step."""
    for u in range(len(dh)):
        dh[u] += dpeaks[u] if steps[u] == step else np.float32(0)
