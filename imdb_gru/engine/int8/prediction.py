"""The 8-bit implementation of `imdb_gru.engine.prediction.Products`, for CPUs with AVX512_VNNI.

Hidden states are rounded to multiples of 1/`LARGEST`. Each column of the recurrent kernel has its own step size, and
the column's weights are rounded to multiples of this step. The matrix products are then sums of integers, which are
exact in any order of summation.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.engine.compiling import compiled, inlined
from imdb_gru.engine.float32.gates import sigmoid, tanh
from imdb_gru.engine.int8.tile import COLUMNS, ROWS, STEP, multiply_tile
from imdb_gru.engine.pooling import LOWEST, add_poolings
from imdb_gru.engine.rows import at
from imdb_gru.system.arrays import Array

LARGEST, MIDDLE = 127, 128
"""Weights become integers from −`LARGEST` to `LARGEST`; a hidden state h becomes `MIDDLE` + h·`LARGEST`, rounded."""
STATE_SCALE, STATE_OFFSET = np.float32(LARGEST), np.float32(MIDDLE + 0.5)
BLOCK = ROWS * COLUMNS


def prepare(recurrent_kernel: Array, table: Array) -> tuple[Array, tuple[NDArray[Any], ...]]:
    """Implement `Products.prepare`; subtract from the table what the offset `MIDDLE` will add to each product."""
    rows, columns = recurrent_kernel.shape
    steps = np.maximum(np.abs(recurrent_kernel).max(axis=0), np.finfo(np.float32).tiny) / np.float32(LARGEST)
    integers, scales = np.rint(recurrent_kernel / steps), steps / np.float32(LARGEST)
    table[:, :columns] -= MIDDLE * integers.sum(axis=0) * scales
    panels = integers.astype(np.int8).reshape(rows // STEP, STEP, columns // COLUMNS, COLUMNS)
    return table, (np.ascontiguousarray(panels.transpose(2, 0, 3, 1)).reshape(-1), scales)


@inlined
def open_gates(sums, start, scales, table, word, first, units, h, place):
    """Replace `COLUMNS` units of h_{t-1} with h_t, given the integer products for m, z and r."""
    for u in range(COLUMNS):
        own, unit = start + u, first + u
        m = np.float32(sums[at(own)]) * scales[at(unit)] + table[at(word + unit)]
        z = np.float32(sums[at(BLOCK + own)]) * scales[at(units + unit)] + table[at(word + units + unit)]
        r = np.float32(sums[at(2 * BLOCK + own)]) * scales[at(2 * units + unit)] + table[at(word + 2 * units + unit)]
        candidate = tanh(table[at(word + 3 * units + unit)] + sigmoid(r) * m)
        h[at(place + u)] = candidate + sigmoid(z) * (h[at(place + u)] - candidate)


@inlined
def round_states(h, rounded, count):
    """Round hidden states to 8-bit integers."""
    for i in range(count):
        rounded[at(i)] = np.uint8(np.int32(h[at(i)] * STATE_SCALE + STATE_OFFSET))


@compiled
def predict(ids, lengths, table, weights, kernel, bias, logits):
    """Implement `Products.predict`."""
    packed, scales = weights
    units, words = len(scales) // 3, table.reshape(-1)
    size = (len(lengths) + ROWS - 1) // ROWS * ROWS * units
    h, rounded, sums = np.zeros(size, np.float32), np.full(size, MIDDLE, np.uint8), np.empty(3 * BLOCK, np.int32)
    peaks, totals = np.full(size, LOWEST), np.zeros(size, np.float32)
    alive = len(lengths)
    for t in range(ids.shape[1]):
        while alive and lengths[alive - 1] <= t:
            alive -= 1
        share = np.float32(1) / np.float32(t + 1)
        logits[:alive, t] = bias
        for first in range(0, units, COLUMNS):
            for tile in range(0, alive, ROWS):
                for gate in range(3):
                    multiply_tile(
                        rounded, tile * units, units, packed, (gate * units + first) * units, sums, gate * BLOCK,
                        COLUMNS, units // STEP,
                    )  # fmt: skip
                for i in range(tile, min(tile + ROWS, alive)):
                    place = i * units + first
                    open_gates(
                        sums, (i - tile) * COLUMNS, scales, words, ids[i, t] * 4 * units, first, units, h, place
                    )  # fmt: skip
                    logits[i, t] += add_poolings(h, peaks, totals, place, kernel, first, units, COLUMNS, share)
        round_states(h, rounded, alive * units)
