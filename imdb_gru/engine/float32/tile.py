"""The innermost loop: one tile of a matrix product, in vector registers."""

from collections.abc import Set
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from imdb_gru.engine.features import list_features


def choose_tile(features: Set[str]) -> tuple[int, int, int]:
    """Return the numbers of lanes per vector, vectors per tile row and rows per tile, given the CPU's features.

    A tile's sums fill at least half of the vector registers, so that consecutive products have independent sums.
    """
    if "avx512f" in features:
        return 16, 2, 8
    if "avx2" in features:
        return 8, 2, 4
    return 4, 4, 4


LANES, VECTORS, ROWS = choose_tile(list_features())
COLUMNS = LANES * VECTORS


def round_up(size: int, step: int) -> int:
    """Return the smallest multiple of `step` that is at least `size`."""
    return -(-size // step) * step


@intrinsic
def multiply_tile(
    _context: Any, a: Any, a_start: Any, a_row: Any, a_step: Any, b: Any, b_start: Any, b_step: Any, c: Any,
    c_start: Any, c_row: Any, steps: Any, accumulate: Any,
) -> Any:  # fmt: skip
    """Compute C[m, n] = Σ_k A[m, k] B[k, n] for `ROWS` rows and `COLUMNS` columns; add it to C if `accumulate`.

    A, B and C are stored in flat float32 arrays: A[m, k] at `a_start + m·a_row + k·a_step`, B[k, n] at
    `b_start + k·b_step + n`, C[m, n] at `c_start + m·c_row + n`. Arguments are not checked; `steps` must be at least 1.
    """
    place = types.intp
    signature = types.void(
        a, place, place, place, b, place, place, c, place, place, place, types.boolean
    )  # fmt: skip

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, a_start, a_row, a_step, b, b_start, b_step, c, c_start, c_row, steps, accumulate = arguments
        kinds = signature.args
        index, vector = ir.IntType(64), ir.VectorType(ir.FloatType(), LANES)
        undefined = ir.Constant(vector, ir.Undefined)
        spread = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        fma = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{LANES}f32"
        )
        tile = [(m, v) for m in range(ROWS) for v in range(VECTORS)]

        def point(kind: Any, array: Any, start: Any) -> Any:
            return builder.gep(context.make_array(kind)(context, builder, array).data, [start])

        def point_vector(base: Any, offset: Any) -> Any:
            return builder.bitcast(builder.gep(base, [offset]), vector.as_pointer())

        a_base, b_base, c_base = point(kinds[0], a, a_start), point(kinds[4], b, b_start), point(kinds[7], c, c_start)
        a_rows = [builder.mul(a_row, index(m)) for m in range(ROWS)]
        c_places = {
            (m, v): point_vector(c_base, builder.add(builder.mul(c_row, index(m)), index(v * LANES))) for m, v in tile
        }
        entry = builder.basic_block
        load, start, loop, end = (builder.append_basic_block(name) for name in ("load", "start", "loop", "end"))
        builder.cbranch(accumulate, load, start)

        builder.position_at_end(load)
        loaded = {place: builder.load(pointer, align=4) for place, pointer in c_places.items()}
        builder.branch(start)

        builder.position_at_end(start)
        first = {}
        for place in tile:
            first[place] = builder.phi(vector)
            first[place].add_incoming(loaded[place], load)
            first[place].add_incoming(ir.Constant(vector, None), entry)
        builder.branch(loop)

        builder.position_at_end(loop)
        k, a_at, b_at = builder.phi(index), builder.phi(a_base.type), builder.phi(b_base.type)
        sums = {place: builder.phi(vector) for place in tile}
        columns = [builder.load(point_vector(b_at, index(v * LANES)), align=4) for v in range(VECTORS)]
        added = {}
        for m in range(ROWS):
            value = builder.load(builder.gep(a_at, [a_rows[m]]), align=4)
            value = builder.insert_element(undefined, value, ir.IntType(32)(0))
            value = builder.shuffle_vector(value, undefined, spread)
            for v in range(VECTORS):
                added[m, v] = builder.call(fma, [value, columns[v], sums[m, v]])
        following = builder.add(k, index(1))
        for phi, before, after in (
            (k, index(0), following),
            (a_at, a_base, builder.gep(a_at, [a_step])),
            (b_at, b_base, builder.gep(b_at, [b_step])),
            *((sums[place], first[place], added[place]) for place in tile),
        ):
            phi.add_incoming(before, start)
            phi.add_incoming(after, loop)
        builder.cbranch(builder.icmp_signed("<", following, steps), loop, end)

        builder.position_at_end(end)
        for place, pointer in c_places.items():
            builder.store(added[place], pointer, align=4)
        return context.get_dummy_value()

    return signature, generate
