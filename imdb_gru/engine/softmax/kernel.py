"""The compiled loop that `head.py` calls: forward and backward passes of projection and softmax, in blocks of rows.

The dimensions U, E and S, and the rows of each block, are padded with zeros to whole tiles.
"""

import math

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from imdb_gru.engine.bfloat16.kernels import ROOM
from imdb_gru.engine.compiling import compiled, inlined
from imdb_gru.engine.rows import add_row, allocate, at, copy_row, fill_row
from imdb_gru.engine.softmax.products import add_product, add_transposed, put_row

TILE = 32
"""All padded sizes are multiples of this number, in every precision."""
BLOCK = 128
"""Number of rows in a block, chosen so that a block fits in the cache."""
LOWEST = np.float32(-1e30)
"""Logit of a word that cannot come next."""
SIGN, MAGNITUDE = np.int32(31), np.int32(0x7FFFFFFF)
LOG2_E, HALF = np.float32(math.log2(math.e)), np.float32(0.5)
LEAST = np.float32(-60)
"""Lowest exponent of 2; lower powers are replaced with zero, because computing with denormal floats is slow."""
POWERS = tuple(np.float32(math.log(2) ** k / math.factorial(k)) for k in range(7))
"""Coefficients of the Taylor series of 2ˣ, with an error below 2e-7 for |x| ≤ ½."""


@intrinsic
def read_bits(_context, _bits):
    """Reinterpret 32 bits as a float32."""

    def generate(_context, builder, _signature, arguments):
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


@inlined
def order(bits):
    """Map the bits of a float32 to a signed integer that sorts in the same order, or map the integer back."""
    return np.int32(bits ^ ((bits >> SIGN) & MAGNITUDE))


@inlined
def find_peak(bits, start, count):
    """Return the maximum of `count` float32 numbers, given their bits."""
    peak = order(bits[at(start)])
    for i in range(start, start + count):
        value = order(bits[at(i)])
        peak = value if value > peak else peak
    return read_bits(order(peak))


@inlined
def exponentiate(values, start, count, peak):
    """Replace each number with exp(number − peak), accurate to 1e-6 (zero if negligible); return the sum."""
    total = np.float32(0)
    for i in range(start, start + count):
        y = (values[at(i)] - peak) * LOG2_E
        bounded = y if y > LEAST else LEAST
        whole = np.floor(bounded + HALF)
        f = bounded - whole
        power = POWERS[6]
        power = power * f + POWERS[5]
        power = power * f + POWERS[4]
        power = power * f + POWERS[3]
        power = power * f + POWERS[2]
        power = power * f + POWERS[1]
        power = power * f + POWERS[0]
        value = power * read_bits(np.int32(np.int32(np.int32(whole) + np.int32(127)) << np.int32(23)))
        value = value if y > LEAST else np.float32(0)
        values[at(i)] = value
        total += value
    return total


@inlined
def scale_row(values, start, factor, into, into_start, count):
    """Multiply numbers by a factor."""
    for i in range(count):
        into[at(into_start + i)] = values[at(start + i)] * factor


@compiled
def run(
    x, rows, true, true_bias, places, packed, bias, offsets, share, losses, into_x, into_true, into_true_bias,
    into_kernel, into_others, into_bias, into_offsets,
):  # fmt: skip
    """Write the losses of `rows`, and the gradients times `share`; gradients of weights are added to their arrays.

    `packed` holds four matrices in this order: the kernel, the transposed embeddings of the sampled words, those
    embeddings untransposed, and the transposed kernel. `into_kernel` and `into_others`, the gradients of the kernel and
    of the embeddings, are stored as panels of the transposed gradients.
    """
    units, features = x.shape[1], true.shape[1]
    width, words = len(bias), len(offsets)
    whole = len(into_kernel) // width
    to_queries, to_logits, from_logits, from_queries = packed
    number = to_queries.dtype
    room, q_room, p_room = whole + ROOM, width + ROOM, words + ROOM
    flat_x, flat_true = x.reshape(-1), true.reshape(-1)
    flat_into_x, flat_into_true = into_x.reshape(-1), into_true.reshape(-1)
    inputs, chances = allocate(BLOCK * room, number), allocate(BLOCK * p_room, number)
    factors, into_factors = allocate(BLOCK * q_room, number), allocate(BLOCK * q_room, number)
    queries, into_queries = allocate(BLOCK * width, np.float32), allocate(BLOCK * width, np.float32)
    wide = allocate(BLOCK * max(room, p_room), np.float32)
    x_bits, wide_bits, wide_signed = flat_x.view(np.uint32), wide.view(np.uint32), wide.view(np.int32)
    query_bits, into_bits = queries.view(np.uint32), into_queries.view(np.uint32)
    for start in range(0, len(rows), BLOCK):
        count = min(BLOCK, len(rows) - start)
        height = (count + TILE - 1) // TILE * TILE
        for i in range(count):
            put_row(flat_x, x_bits, rows[start + i] * units, inputs, i * room, units)
            fill_row(inputs, i * room + units, whole - units)
            copy_row(bias, 0, queries, i * width, width)
            copy_row(offsets, 0, wide, i * p_room, words)
        for i in range(count, height):
            fill_row(inputs, i * room, whole)
            fill_row(queries, i * width, width)
            fill_row(chances, i * p_room, words)
            fill_row(into_queries, i * width, width)
        add_product(inputs, room, height, to_queries, whole, queries, width, width)
        for i in range(height):
            put_row(queries, query_bits, i * width, factors, i * q_room, width)
        add_product(factors, q_room, height, to_logits, width, wide, p_room, words)
        for i in range(count):
            row, at_logits = rows[start + i], i * p_room
            own = true_bias[row]
            for e in range(features):
                own += queries[at(i * width + e)] * flat_true[at(row * features + e)]
            if places[row] >= 0:
                wide[at_logits + places[row]] = LOWEST
            peak = max(find_peak(wide_signed, at_logits, words), own)
            others = exponentiate(wide, at_logits, words, peak)
            total = others + np.exp(own - peak)
            losses[row] = np.log(total) + peak - own
            miss = -share * others / total
            into_true_bias[row] = miss
            scale_row(wide, at_logits, share / total, wide, at_logits, words)
            add_row(wide, at_logits, into_offsets, 0, words)
            put_row(wide, wide_bits, at_logits, chances, at_logits, words)
            scale_row(queries, i * width, miss, flat_into_true, row * features, features)
            scale_row(flat_true, row * features, miss, into_queries, i * width, features)
            fill_row(into_queries, i * width + features, width - features)
        add_product(chances, p_room, height, from_logits, words, into_queries, width, width)
        add_transposed(factors, q_room, width, chances, p_room, words, height, into_others)
        for i in range(height):
            add_row(into_queries, i * width, into_bias, 0, width)
            put_row(into_queries, into_bits, i * width, into_factors, i * q_room, width)
        add_transposed(into_factors, q_room, width, inputs, room, whole, height, into_kernel)
        fill_row(wide, 0, height * room)
        add_product(into_factors, q_room, height, from_queries, width, wide, room, whole)
        for i in range(count):
            copy_row(wide, i * room, flat_into_x, rows[start + i] * units, units)
