"""Tiles of products of 8-bit integers, computed by VNNI, which adds four products to a 32-bit sum at once."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES, VECTORS, ROWS = 16, 2, 8
COLUMNS = LANES * VECTORS
STEP = 4
"""Number of products that one instruction adds to a sum; the inner dimension must be a multiple of this number."""


@intrinsic
def multiply_tile(
    _context: Any, a: Any, a_start: Any, a_row: Any, b: Any, b_start: Any, c: Any, c_start: Any, c_row: Any, steps: Any
) -> Any:
    """Compute C = A B for `ROWS` rows and `COLUMNS` columns.

    A has unsigned numbers, B signed numbers and C 32-bit sums, all in flat arrays: A[m, k] at `a_start + m·a_row + k`,
    C[m, n] at `c_start + m·c_row + n`. B is packed, so that `STEP` numbers of a column are neighbours. Arguments are
    not checked; `steps` is the inner dimension divided by `STEP`, at least 1.
    """
    place = types.intp
    signature = types.void(a, place, place, b, place, c, place, place, place)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, a_start, a_row, b, b_start, c, c_start, c_row, steps = arguments
        kinds = signature.args
        index, word = ir.IntType(64), ir.IntType(32)
        vector, numbers = ir.VectorType(word, LANES), ir.VectorType(ir.IntType(8), STEP * LANES)
        undefined, spread = ir.Constant(vector, ir.Undefined), ir.Constant(vector, [0] * LANES)
        add = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector, numbers, numbers]), "llvm.x86.avx512.vpdpbusd.512"
        )
        tile = [(m, v) for m in range(ROWS) for v in range(VECTORS)]

        def point(kind: Any, array: Any, start: Any) -> Any:
            return builder.gep(context.make_array(kind)(context, builder, array).data, [start])

        def load(pointer: Any, offset: Any, kind: Any) -> Any:
            return builder.load(builder.bitcast(builder.gep(pointer, [offset]), kind.as_pointer()), align=1)

        a_base, b_base, c_base = point(kinds[0], a, a_start), point(kinds[3], b, b_start), point(kinds[5], c, c_start)
        a_rows = [builder.mul(a_row, index(m)) for m in range(ROWS)]
        start, loop, end = builder.basic_block, builder.append_basic_block(), builder.append_basic_block()
        builder.branch(loop)
        builder.position_at_end(loop)
        k, a_at, b_at = builder.phi(index), builder.phi(a_base.type), builder.phi(b_base.type)
        sums = {place: builder.phi(vector) for place in tile}
        columns = [load(b_at, index(STEP * v * LANES), numbers) for v in range(VECTORS)]
        added = {}
        for m in range(ROWS):
            value = builder.insert_element(undefined, load(a_at, a_rows[m], word), word(0))
            value = builder.bitcast(builder.shuffle_vector(value, undefined, spread), numbers)
            for v in range(VECTORS):
                added[m, v] = builder.call(add, [sums[m, v], value, columns[v]])
        following = builder.add(k, index(1))
        for phi, before, after in (
            (k, index(0), following),
            (a_at, a_base, builder.gep(a_at, [index(STEP)])),
            (b_at, b_base, builder.gep(b_at, [index(STEP * COLUMNS)])),
            *((sums[place], ir.Constant(vector, None), added[place]) for place in tile),
        ):
            phi.add_incoming(before, start)
            phi.add_incoming(after, loop)
        builder.cbranch(builder.icmp_signed("<", following, steps), loop, end)
        builder.position_at_end(end)
        for m, v in tile:
            offset = builder.add(builder.mul(c_row, index(m)), index(v * LANES))
            pointer = builder.bitcast(builder.gep(c_base, [offset]), vector.as_pointer())
            builder.store(added[m, v], pointer, align=4)
        return context.get_dummy_value()

    return signature, generate
