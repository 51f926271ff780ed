"""The gates and their derivatives, computed between matrix products, and conversions to and from bfloat16.

Arrays are flat, as in `imdb_gru.engine.rows`. Bfloat16 numbers are stored in uint16 arrays, or as pairs in uint32
arrays.
"""

import numpy as np

from imdb_gru.engine.compiling import inlined
from imdb_gru.engine.float32.gates import ONE, TINY, sigmoid, tanh
from imdb_gru.engine.rows import at

EVEN, ODD, HIGH, LOW, SHIFT = (np.uint32(bits) for bits in (0x7FFF, 1, 0xFFFF0000, 0xFFFF, 16))
SPAN, SPAN_PART = np.float32(65535), np.float32(1 / 65535)
REACH, REACH_PART = np.float32(32767), np.float32(1 / 32767)
HALF, MIDDLE = np.float32(0.5), np.int32(32767)


@inlined
def round_bits(bits):
    """Round a float32, given as bits, to the nearest bfloat16 (ties to even); return it in the upper 16 bits."""
    return np.uint32(bits + EVEN + np.uint32((bits >> SHIFT) & ODD))


@inlined
def round_row(bits, start, into, into_start, count):
    """Round float32 numbers to bfloat16."""
    for i in range(count):
        into[at(into_start + i)] = np.uint16(round_bits(bits[at(start + i)]) >> SHIFT)


@inlined
def round_pairs(bits, first, second, pairs, start, count):
    """Round two rows to bfloat16 and interleave them, as required for the right-hand factor of a product."""
    for i in range(count):
        low, high = round_bits(bits[at(first + i)]), round_bits(bits[at(second + i)])
        pairs[at(start + i)] = (low >> SHIFT) | (high & HIGH)


@inlined
def pair_rows(values, first, second, pairs, start, count):
    """Interleave two rows of bfloat16 numbers, as required for the right-hand factor of a product."""
    for i in range(count):
        pairs[at(start + i)] = np.uint32(values[at(first + i)]) | (np.uint32(values[at(second + i)]) << SHIFT)


@inlined
def widen_row(values, start, into, into_start, count):
    """Convert bfloat16 numbers to the bits of float32 numbers."""
    for i in range(count):
        into[at(into_start + i)] = np.uint32(values[at(start + i)]) << SHIFT


@inlined
def open_gates(products, bits, block, h, start, count, kept, kept_start, kept_block):
    """Compute m, z, r and h' from products that include the bias, and update `h` from h_{t-1} to h_t.

    Only `count` elements are processed, starting at index `start`. The four blocks of `products` start `block` elements
    apart; `bits` is `products` viewed as integers. For the backward pass, each element of `kept` stores two values: m
    and z in its first block, and r and h' in its second block, which starts `kept_block` elements after the first. In
    `kept`, m is a bfloat16 number, and z, r and h' are 16-bit fixed-point numbers.
    """
    for i in range(start, start + count):
        m = products[at(i)]
        z, r = sigmoid(products[at(block + i)]), sigmoid(products[at(2 * block + i)])
        candidate = tanh(products[at(3 * block + i)] + r * m)
        kept_m, kept_z = round_bits(bits[at(i)]) & HIGH, np.uint32(np.int32(z * SPAN + HALF))
        kept_r = np.uint32(np.int32(r * SPAN + HALF)) << SHIFT
        kept_candidate = np.uint32(np.int32(candidate * REACH + (REACH + HALF)))
        kept[at(kept_start + i)] = kept_m | kept_z
        kept[at(kept_start + kept_block + i)] = kept_r | kept_candidate
        h[at(i)] = candidate + z * (h[at(i)] - candidate)


@inlined
def differentiate_gates(kept, kept_start, kept_block, h_prev, dh, start, count, m, m_bits, gradients, block):
    """Compute dm, dz, dr and dh' from the kept values, and reduce `dh` to the part of it that reaches h_{t-1} via z.

    The four blocks of `gradients` start `block` elements apart, and `m` is a scratch array.
    """
    for i in range(start, start + count):
        m_bits[at(i)] = kept[at(kept_start + i)] & HIGH
    for i in range(start, start + count):
        mz, rc = kept[at(kept_start + i)], kept[at(kept_start + kept_block + i)]
        z, r = np.float32(np.int32(mz & LOW)) * SPAN_PART, np.float32(np.int32(rc >> SHIFT)) * SPAN_PART
        candidate = np.float32(np.int32(np.int32(rc & LOW) - MIDDLE)) * REACH_PART
        dh_t = dh[at(i)] if abs(dh[at(i)]) > TINY else np.float32(0)
        dc = dh_t * (ONE - z) * (ONE - candidate * candidate)
        gradients[at(i)] = dc * r
        gradients[at(block + i)] = dh_t * (h_prev[at(i)] - candidate) * z * (ONE - z)
        gradients[at(2 * block + i)] = dc * m[at(i)] * r * (ONE - r)
        gradients[at(3 * block + i)] = dc
        dh[at(i)] = dh_t * z
