"""Tiles of products of 8-bit integers, computed with VNNI: one instruction adds four products to each 32-bit sum."""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from imdb_gru.engine.loop import INDEX, Tile, build_loop, spread_value

LANES, VECTORS, ROWS = 16, 2, 8
COLUMNS = LANES * VECTORS
STEP = 4
"""Number of products that one instruction adds to a sum; the inner dimension must be a multiple of this number."""


@intrinsic
def multiply_tile(
    _context: Any, a: Any, a_start: Any, a_row: Any, b: Any, b_start: Any, c: Any, c_start: Any, c_row: Any, steps: Any
) -> Any:
    """Compute C = A B for `ROWS` rows and `COLUMNS` columns.

    A holds unsigned numbers, B signed numbers and C 32-bit sums, all in flat arrays: A[m, k] is at
    `a_start + m·a_row + k`, C[m, n] at `c_start + m·c_row + n`. B is packed so that each group of `STEP` consecutive
    numbers of a column is contiguous. Arguments are not checked; `steps` is the inner dimension divided by `STEP`, and
    must be at least 1.
    """
    place = types.intp
    signature = types.void(a, place, place, b, place, c, place, place, place)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, a_start, a_row, b, b_start, c, c_start, c_row, steps = arguments
        kinds = signature.args
        word = ir.IntType(32)
        vector, numbers = ir.VectorType(word, LANES), ir.VectorType(ir.IntType(8), STEP * LANES)
        add = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector, numbers, numbers]), "llvm.x86.avx512.vpdpbusd.512"
        )
        tile = [(m, v) for m in range(ROWS) for v in range(VECTORS)]

        def point(kind: Any, array: Any, start: Any) -> Any:
            return builder.gep(context.make_array(kind)(context, builder, array).data, [start])

        def load(pointer: Any, offset: Any, kind: Any) -> Any:
            return builder.load(builder.bitcast(builder.gep(pointer, [offset]), kind.as_pointer()), align=1)

        a_base, b_base, c_base = point(kinds[0], a, a_start), point(kinds[3], b, b_start), point(kinds[5], c, c_start)
        a_rows = [builder.mul(a_row, INDEX(m)) for m in range(ROWS)]

        def add_steps(pointers: Sequence[Any], sums: Tile) -> Tile:
            (a_at, b_at), added = pointers, {}
            columns = [load(b_at, INDEX(STEP * v * LANES), numbers) for v in range(VECTORS)]
            for m in range(ROWS):
                value = builder.bitcast(spread_value(builder, load(a_at, a_rows[m], word), LANES), numbers)
                for v in range(VECTORS):
                    added[m, v] = builder.call(add, [sums[m, v], value, columns[v]])
            return added

        moving = (a_base, INDEX(STEP)), (b_base, INDEX(STEP * COLUMNS))
        added = build_loop(builder, steps, moving, dict.fromkeys(tile, ir.Constant(vector, None)), add_steps)
        for m, v in tile:
            offset = builder.add(builder.mul(c_row, INDEX(m)), INDEX(v * LANES))
            pointer = builder.bitcast(builder.gep(c_base, [offset]), vector.as_pointer())
            builder.store(added[m, v], pointer, align=4)
        return context.get_dummy_value()

    return signature, generate
