"""Own the matrix products of `head_kernel.py`: of bfloat16 numbers, in uint16 arrays, by AMX, or of float32 ones.

Which it is, a function chooses by its arrays' kind when it is compiled.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from imdb_gru.engine import amx, kernels, tile
from imdb_gru.engine.amx import STEP, close_tiles, multiply_two, open_tiles
from imdb_gru.engine.compiling import INLINED, inlined
from imdb_gru.engine.gates_bfloat16 import copy_row, pair_rows, round_row
from imdb_gru.engine.products_bfloat16 import multiply, turn
from imdb_gru.engine.tile import multiply_tile

AMX_COLUMNS, TILE_COLUMNS, TILE_ROWS = amx.COLUMNS, tile.COLUMNS, tile.ROWS
"""Of a panel by AMX, and of a panel and a tile without."""
LINE = 64
"""Bytes of a line of the cache."""
multiply_panels = kernels.multiply


@inlined
def allocate(size, number):
    """Return an array of any contents that starts with a cache line, as AMX's tiles want their rows to."""
    room = np.empty(size + LINE, number)
    start = -room.ctypes.data % LINE // room.itemsize
    return room[start : start + size]


def _by_kind(function: Callable[..., None]) -> Any:
    return overload(function, jit_options=INLINED)


def put_row(values, bits, start, into, into_start, count):
    """Copy float32 numbers, or round them; `bits` are theirs."""


@_by_kind(put_row)
def _choose_put_row(values, bits, start, into, into_start, count):
    def to_bfloat16(values, bits, start, into, into_start, count):
        round_row(bits, start, into, into_start, count)

    def to_float32(values, bits, start, into, into_start, count):
        copy_row(values, start, into, into_start, count)

    return to_bfloat16 if into.dtype == types.uint16 else to_float32


def add_product(a, room, height, b, depth, c, c_row, columns):
    """Add A B to C, given rows of A, `room` apart, and packed B, which is `depth` high."""


@_by_kind(add_product)
def _choose_add_product(a, room, height, b, depth, c, c_row, columns):
    def of_bfloat16(a, room, height, b, depth, c, c_row, columns):
        open_tiles()
        for column in range(0, columns, AMX_COLUMNS):
            multiply(
                a, 0, room, height, b, column * depth, depth // STEP, c, column, c_row, c, column, c_row
            )  # fmt: skip
        close_tiles()

    def of_float32(a, room, height, b, depth, c, c_row, columns):
        multiply_panels(a, 0, room, height, b, depth, c, 0, c_row, columns, True)

    return of_bfloat16 if a.dtype == types.uint16 else of_float32


def add_transposed(a, a_room, width, b, b_room, columns, height, sums):
    """Add Aᵀ B to sums in panels of columns, given rows of A and B."""


@_by_kind(add_transposed)
def _choose_add_transposed(a, a_room, width, b, b_room, columns, height, sums):
    def of_bfloat16(a, a_room, width, b, b_room, columns, height, sums):
        turned, pairs = allocate(width * height // 2, np.uint32), allocate(columns * height // 2, np.uint32)
        turn(a, 0, a_room, height, turned, height, width, 0)
        half = height // 2
        for k in range(half):
            for column in range(0, columns, AMX_COLUMNS):
                low, high = k * b_room + column, (half + k) * b_room + column
                pair_rows(b, low, high, pairs, column * half + k * AMX_COLUMNS, AMX_COLUMNS)
        left, right = turned.view(np.uint16), pairs.view(np.uint16)
        open_tiles()
        for column in range(0, columns, AMX_COLUMNS):
            for row in range(0, width, STEP):
                place = column * width + row * AMX_COLUMNS
                multiply_two(
                    left, row * height, STEP, STEP * STEP, right, column * height, height // STEP, sums, place,
                    AMX_COLUMNS, sums, place, AMX_COLUMNS,
                )  # fmt: skip
        close_tiles()

    def of_float32(a, a_room, width, b, b_room, columns, height, sums):
        for column in range(0, columns, TILE_COLUMNS):
            for row in range(0, width, TILE_ROWS):
                multiply_tile(
                    a, row, 1, a_room, b, column, b_room, sums, column * width + row * TILE_COLUMNS, TILE_COLUMNS,
                    height, True,
                )  # fmt: skip

    return of_bfloat16 if a.dtype == types.uint16 else of_float32
