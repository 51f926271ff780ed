"""AMX, the matrix unit of some CPUs: a check for it, and functions that multiply tiles of bfloat16 matrices."""

import ctypes
import functools
import sys
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from imdb_gru.engine.bfloat16.tile import COLUMNS, STEP, Product, declare_product
from imdb_gru.engine.features import list_features
from imdb_gru.engine.loop import INDEX, Tile, build_loop

ROWS = 16
"""Number of rows in a tile register that holds part of A or of C."""

ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA = 158, 0x1023, 18
"""Arguments of the system call that a Linux process must make to get access to the tile registers."""


@functools.cache
def has_amx() -> bool:
    """Return whether this CPU has AMX for bfloat16 and the operating system permits its use."""
    if not {"amx-tile", "amx-bf16", "avx512f"} <= list_features() or not sys.platform.startswith("linux"):
        return False
    return not ctypes.CDLL(None).syscall(ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA)


def _declare(builder: Any, name: str, *kinds: Any) -> Any:
    kind = ir.FunctionType(ir.VoidType(), kinds)
    return functools.partial(builder.call, cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.{name}"))


BYTE = ir.IntType(8)


@intrinsic
def open_tiles(_context: Any) -> Any:
    """Configure each of this thread's tile registers to hold 16 rows of 64 bytes."""

    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        shape = bytes([1, *[0] * 15, *[64, 0] * 8, *[0] * 16, *[ROWS] * 8, *[0] * 8])  # palette, bytes per row, rows
        _declare(builder, "ldtilecfg", BYTE.as_pointer())([context.insert_const_bytes(builder.module, shape)])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def close_tiles(_context: Any) -> Any:
    """Release this thread's tile registers, so that the operating system does not have to save them."""

    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        _declare(builder, "tilerelease")([])
        return context.get_dummy_value()

    return types.void(), generate


def _build_product(heights: int) -> Any:
    """Build the function that computes a tile of C that is `heights` tile registers high."""

    def generate(builder: Any, product: Product) -> None:
        load = _declare(builder, "tileloadd64", BYTE, BYTE.as_pointer(), INDEX)
        store = _declare(builder, "tilestored64", BYTE, BYTE.as_pointer(), INDEX)
        add = _declare(builder, "tdpbf16ps", BYTE, BYTE, BYTE)

        def shift(pointer: Any, count: Any, size: int) -> Any:
            return builder.gep(pointer, [builder.mul(count, INDEX(size))])

        def list_tiles(base: Any, row: Any) -> list[tuple[Any, Any]]:
            base = builder.bitcast(base, BYTE.as_pointer())
            return [
                (BYTE(2 * m + n), builder.gep(shift(base, row, 4 * ROWS * m), [INDEX(64 * n)]))
                for m in range(heights)
                for n in range(2)
            ]

        a_stride, b_stride = builder.mul(product.a_row, INDEX(2)), INDEX(4 * COLUMNS)
        first_stride, c_stride = builder.mul(product.first_row, INDEX(4)), builder.mul(product.c_row, INDEX(4))
        a_tiles, b_tiles = range(4, 4 + heights), range(6, 8)
        for tile, pointer in list_tiles(product.first, product.first_row):
            load([tile, pointer, first_stride])
        a_base, b_base = (builder.bitcast(pointer, BYTE.as_pointer()) for pointer in (product.a, product.b))

        def add_tiles(pointers: Sequence[Any], sums: Tile) -> Tile:
            a_at, b_at = pointers
            for n, tile in enumerate(b_tiles):
                load([BYTE(tile), builder.gep(b_at, [INDEX(64 * n)]), b_stride])
            for m, tile in enumerate(a_tiles):
                load([BYTE(tile), shift(a_at, product.a_row, 2 * ROWS * m), a_stride])
                for n in range(2):
                    add([BYTE(2 * m + n), BYTE(tile), BYTE(b_tiles[n])])
            return sums

        moving = (a_base, builder.mul(product.a_step, INDEX(2))), (b_base, INDEX(2 * STEP * COLUMNS))
        build_loop(builder, product.steps, moving, {}, add_tiles)
        for tile, pointer in list_tiles(product.c, product.c_row):
            store([tile, pointer, c_stride])

    return declare_product(generate)


multiply_short, multiply_tall = _build_product(1), _build_product(STEP // ROWS)
