"""Products of bfloat16 matrices, used to multiply by weights and to compute the gradients of weights."""

import numpy as np

from imdb_gru.engine.bfloat16.gates import SHIFT
from imdb_gru.engine.bfloat16.tile import COLUMNS, STEP
from imdb_gru.engine.bfloat16.unit import ROWS, multiply_short, multiply_tall
from imdb_gru.engine.compiling import inlined
from imdb_gru.engine.rows import at, copy_row, fill_row

ONE = 0x3F80
"""The bits of the bfloat16 number 1."""


@inlined
def multiply(a, a_start, a_row, rows, b, b_start, steps, first, first_start, first_row, c, c_start, c_row):
    """Compute C = `first` + A B for `COLUMNS` columns, where A has `rows` rows of `steps`·`STEP` numbers."""
    tall = rows // STEP * STEP
    for row in range(0, tall, STEP):
        multiply_tall(
            a, a_start + row * a_row, a_row, STEP, b, b_start, steps, first, first_start + row * first_row, first_row,
            c, c_start + row * c_row, c_row,
        )  # fmt: skip
    for row in range(tall, rows, ROWS):
        multiply_short(
            a, a_start + row * a_row, a_row, STEP, b, b_start, steps, first, first_start + row * first_row, first_row,
            c, c_start + row * c_row, c_row,
        )  # fmt: skip


@inlined
def turn(values, start, room, rows, turned, most, width, done):
    """Transpose rows of inputs into tiles of `STEP` inputs by `STEP` rows.

    In the tiles, row i is next to row i + `rows` / 2, as in the pairs of gradients.
    """
    half, row_pairs = rows // 2, STEP // 2
    for pair in range(half):
        tile, column = (done // 2 + pair) // row_pairs, (done // 2 + pair) % row_pairs
        low, high = start + pair * room, start + (half + pair) * room
        for panel in range(width // STEP):
            into = (panel * (most // STEP) + tile) * STEP * row_pairs + column
            for n in range(STEP):
                first, second = values[at(low + panel * STEP + n)], values[at(high + panel * STEP + n)]
                turned[at(into + n * row_pairs)] = np.uint32(first) | np.uint32(np.uint32(second) << SHIFT)


@inlined
def add_products(turned, pairs, most, width, units, done, gradient, sums):
    """Add Aᵀ B to the gradient of the joined weights, and the sum of B's rows to `sums`.

    A holds a chunk's inputs, and B the gradients of the chunk's blocks. There are no weights from x_t to m or from
    h_{t-1} to h', so those parts of the gradient stay unchanged.
    """
    padded, steps = width - units, (done + STEP - 1) // STEP
    filled = done % STEP // 2
    missing = STEP // 2 - filled
    if filled:
        for column in range(0, 4 * units, COLUMNS):
            fill_row(pairs, (column * most + done * COLUMNS) // 2, missing * COLUMNS)
        for m in range(width):
            place = ((m // STEP * most + done) // STEP * STEP + m % STEP) * (STEP // 2)
            fill_row(turned, place + filled, missing)
    ones, own_sums = np.full(STEP, ONE, np.uint16), np.empty(ROWS * COLUMNS, np.float32)
    a, b = turned.view(np.uint16), pairs.view(np.uint16)
    for column in range(0, 4 * units, COLUMNS):
        multiply_short(ones, 0, 0, 0, b, column * most, steps, sums, column, 0, own_sums, 0, COLUMNS)
        copy_row(own_sums, 0, sums, column, COLUMNS)
        for row in range(padded if column < units else 0, padded if column >= 3 * units else width, STEP):
            place = column * width + row * COLUMNS
            multiply_tall(
                a, row * most, STEP, STEP * STEP, b, column * most, steps, gradient, place, COLUMNS, gradient, place,
                COLUMNS,
            )  # fmt: skip
