"""The float32 implementation of the products in `products.py`."""

from imdb_gru.engine.float32.kernels import multiply
from imdb_gru.engine.float32.tile import COLUMNS, ROWS, multiply_tile
from imdb_gru.engine.rows import copy_row


def put_row(values, bits, start, into, into_start, count):
    """Implement `Products.put_row`."""
    copy_row(values, start, into, into_start, count)


def add_product(a, room, height, b, depth, c, c_row, columns):
    """Implement `Products.add_product`."""
    multiply(a, 0, room, height, b, depth, c, 0, c_row, columns, True)


def add_transposed(a, a_room, width, b, b_room, columns, height, sums):
    """Implement `Products.add_transposed`."""
    for column in range(0, columns, COLUMNS):
        for row in range(0, width, ROWS):
            multiply_tile(
                a, row, 1, a_room, b, column, b_room, sums, column * width + row * COLUMNS, COLUMNS, height, True
            )
