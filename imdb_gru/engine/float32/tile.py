"""The innermost loop: one tile of a matrix product, in vector registers."""

from collections.abc import Sequence, Set
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from imdb_gru.engine.features import list_features
from imdb_gru.engine.loop import INDEX, Tile, build_loop, spread_value


def choose_tile(features: Set[str]) -> tuple[int, int, int]:
    """Choose a tile for the CPU's features; return its lanes per vector, its vectors per row and its number of rows.

    A tile's sums fill at least half of the vector registers, so that consecutive products go to different sums and
    need not wait for each other.
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
    """Compute C = A B for `ROWS` rows and `COLUMNS` columns, or add A B to C if `accumulate`.

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
        vector = ir.VectorType(ir.FloatType(), LANES)
        fma = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{LANES}f32"
        )
        tile = [(m, v) for m in range(ROWS) for v in range(VECTORS)]

        def point(kind: Any, array: Any, start: Any) -> Any:
            return builder.gep(context.make_array(kind)(context, builder, array).data, [start])

        def point_vector(base: Any, offset: Any) -> Any:
            return builder.bitcast(builder.gep(base, [offset]), vector.as_pointer())

        a_base, b_base, c_base = point(kinds[0], a, a_start), point(kinds[4], b, b_start), point(kinds[7], c, c_start)
        a_rows = [builder.mul(a_row, INDEX(m)) for m in range(ROWS)]
        c_places = {
            (m, v): point_vector(c_base, builder.add(builder.mul(c_row, INDEX(m)), INDEX(v * LANES))) for m, v in tile
        }
        entry = builder.basic_block
        load, start = (builder.append_basic_block(name) for name in ("load", "start"))
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

        def add_products(pointers: Sequence[Any], sums: Tile) -> Tile:
            (a_at, b_at), added = pointers, {}
            columns = [builder.load(point_vector(b_at, INDEX(v * LANES)), align=4) for v in range(VECTORS)]
            for m in range(ROWS):
                value = builder.load(builder.gep(a_at, [a_rows[m]]), align=4)
                value = spread_value(builder, value, LANES)
                for v in range(VECTORS):
                    added[m, v] = builder.call(fma, [value, columns[v], sums[m, v]])
            return added

        added = build_loop(builder, steps, [(a_base, a_step), (b_base, b_step)], first, add_products)
        for place, pointer in c_places.items():
            builder.store(added[place], pointer, align=4)
        return context.get_dummy_value()

    return signature, generate
