"""The bfloat16 implementation of the products in `products.py`, for numbers stored in uint16 arrays."""

import numpy as np

from imdb_gru.engine.bfloat16.gates import pair_rows, round_row
from imdb_gru.engine.bfloat16.products import multiply, turn
from imdb_gru.engine.bfloat16.tile import COLUMNS, STEP
from imdb_gru.engine.bfloat16.unit import close_tiles, multiply_tall, open_tiles
from imdb_gru.engine.rows import allocate


def put_row(values, bits, start, into, into_start, count):
    """Implement `Products.put_row`."""
    round_row(bits, start, into, into_start, count)


def add_product(a, room, height, b, depth, c, c_row, columns):
    """Implement `Products.add_product`."""
    open_tiles()
    for column in range(0, columns, COLUMNS):
        multiply(
            a, 0, room, height, b, column * depth, depth // STEP, c, column, c_row, c, column, c_row
        )  # fmt: skip
    close_tiles()


def add_transposed(a, a_room, width, b, b_room, columns, height, sums):
    """Implement `Products.add_transposed`."""
    turned, pairs = allocate(width * height // 2, np.uint32), allocate(columns * height // 2, np.uint32)
    turn(a, 0, a_room, height, turned, height, width, 0)
    half = height // 2
    for k in range(half):
        for column in range(0, columns, COLUMNS):
            low, high = k * b_room + column, (half + k) * b_room + column
            pair_rows(b, low, high, pairs, column * half + k * COLUMNS, COLUMNS)
    left, right = turned.view(np.uint16), pairs.view(np.uint16)
    open_tiles()
    for column in range(0, columns, COLUMNS):
        for row in range(0, width, STEP):
            place = column * width + row * COLUMNS
            multiply_tall(
                left, row * height, STEP, STEP * STEP, right, column * height, height // STEP, sums, place, COLUMNS,
                sums, place, COLUMNS,
            )  # fmt: skip
    close_tiles()
