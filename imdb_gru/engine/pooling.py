"""Pooling of the hidden states up to each timestep: the running maximum, its gradient, and contributions to logits."""

import numpy as np

from imdb_gru.engine.compiling import compiled, inlined
from imdb_gru.engine.rows import at
from imdb_gru.engine.workers import cut_evenly, share_out
from imdb_gru.system.arrays import Array

LOWEST = np.float32(-1e9)
"""The initial value of a running maximum."""


@inlined
def add_poolings(h, peaks, totals, place, kernel, first, units, count, share):
    """Update the maxima and sums of `count` units from index `first`; return the units' contribution to the logit.

    In `h`, `peaks` and `totals`, the first of these units is at index `place`. `kernel` has `units` weights for each
    pooling, in the order of `POOLINGS`; `share` is 1 divided by the number of timesteps so far.
    """
    logit = np.float32(0)
    for u in range(count):
        value, unit = h[at(place + u)], first + u
        peak, total = max(peaks[at(place + u)], value), totals[at(place + u)] + value
        peaks[at(place + u)], totals[at(place + u)] = peak, total
        logit += kernel[at(unit)] * value
        logit += kernel[at(units + unit)] * (total * share)
        logit += kernel[at(2 * units + unit)] * peak
    return logit


@compiled
def _rise(states, peaks):
    for b in range(len(states)):
        peaks[b, 0] = states[b, 0]
        for t in range(1, states.shape[1]):
            before, now, peak = peaks[b, t - 1], states[b, t], peaks[b, t]
            for u in range(len(now)):
                peak[u] = max(now[u], before[u])


@compiled
def _rise_back(states, peaks, gradient, into):
    total = np.empty(states.shape[2], np.float32)
    for b in range(len(states)):
        total[:] = 0
        for t in range(states.shape[1] - 1, 0, -1):
            before, now, to = peaks[b, t - 1], states[b, t], into[b, t]
            for u in range(len(total)):
                gathered = total[u] + gradient[b, t, u]
                rose = now[u] > before[u]
                to[u] = gathered if rose else np.float32(0)
                total[u] = np.float32(0) if rose else gathered
        for u in range(len(total)):
            into[b, 0, u] = total[u] + gradient[b, 0, u]


def find_running_peaks(states: Array) -> Array:
    """Return the maximum of hidden states `(B, T, U)` up to and including each timestep."""
    peaks = np.empty_like(states)
    share_out(lambda rows: _rise(states[rows], peaks[rows]), cut_evenly(len(states)))
    return peaks


def find_running_peaks_back(states: Array, peaks: Array, gradient: Array) -> Array:
    """Return the gradient of the states, given the peaks from `find_running_peaks` and the gradient of these peaks."""
    into = np.empty_like(states)

    def work(rows: slice) -> None:
        _rise_back(states[rows], peaks[rows], gradient[rows], into[rows])

    share_out(work, cut_evenly(len(states)))
    return into
