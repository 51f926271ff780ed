"""AVX512_BF16: functions that multiply tiles of bfloat16 matrices in vector registers, for CPUs without AMX."""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from imdb_gru.engine.bfloat16.tile import COLUMNS, STEP, Product, declare_product
from imdb_gru.engine.compiling import inlined
from imdb_gru.engine.features import list_features
from imdb_gru.engine.loop import INDEX, Tile, build_loop, spread_value

LANES = 16
"""Number of float32 sums, or of pairs of bfloat16 numbers, in a vector register."""
VECTORS = COLUMNS // LANES
ROWS = 8
"""Number of rows whose sums are kept in registers at the same time; the sums fill half of the registers."""


class BFloat16(ir.Type):  # type: ignore[misc]
    """LLVM's type `bfloat`, which llvmlite does not define."""

    def _to_string(self) -> str:
        return "bfloat"


PAIR, FACTORS = ir.IntType(32), ir.VectorType(BFloat16(), 2 * LANES)
SUMS = ir.VectorType(ir.FloatType(), LANES)


def has_avx512_bf16() -> bool:
    """Return whether this CPU has AVX512_BF16."""
    return {"avx512bf16", "avx512f"} <= list_features()


@inlined
def open_tiles():
    """Do nothing: unlike AMX's tile registers, vector registers need no configuration."""


@inlined
def close_tiles():
    """Do nothing."""


def _build_product(height: int) -> Any:
    """Build the function that computes a tile of C with `height` rows."""

    def generate(builder: Any, product: Product) -> None:
        add = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(SUMS, [SUMS, FACTORS, FACTORS]), "llvm.x86.avx512bf16.dpbf16ps.512"
        )

        def load(pointer: Any, offset: Any, kind: Any) -> Any:
            return builder.load(builder.bitcast(builder.gep(pointer, [offset]), kind.as_pointer()), align=2)

        with cgutils.for_range_slice(builder, INDEX(0), INDEX(height), INDEX(ROWS), INDEX) as (top, _):
            rows = [builder.add(top, INDEX(m)) for m in range(ROWS)]
            a_rows = [builder.mul(product.a_row, row) for row in rows]
            tile = [(m, v) for m in range(ROWS) for v in range(VECTORS)]

            def list_places(row_size: Any) -> dict[tuple[int, int], Any]:
                return {(m, v): builder.add(builder.mul(row_size, rows[m]), INDEX(v * LANES)) for m, v in tile}

            first = {place: load(product.first, at, SUMS) for place, at in list_places(product.first_row).items()}

            def add_pairs(pointers: Sequence[Any], sums: Tile) -> Tile:
                (a_at, b_at), added = pointers, dict(sums)
                for pair in range(STEP // 2):
                    columns = [load(b_at, INDEX(2 * (pair * COLUMNS + v * LANES)), FACTORS) for v in range(VECTORS)]
                    for m in range(ROWS):
                        value = load(a_at, builder.add(a_rows[m], INDEX(2 * pair)), PAIR)
                        value = builder.bitcast(spread_value(builder, value, LANES), FACTORS)
                        for v in range(VECTORS):
                            added[m, v] = builder.call(add, [added[m, v], value, columns[v]])
                return added

            moving = (product.a, product.a_step), (product.b, INDEX(STEP * COLUMNS))
            added = build_loop(builder, product.steps, moving, first, add_pairs)
            for place, at in list_places(product.c_row).items():
                pointer = builder.bitcast(builder.gep(product.c, [at]), SUMS.as_pointer())
                builder.store(added[place], pointer, align=4)

    return declare_product(generate)


multiply_short, multiply_tall = _build_product(ROWS), _build_product(STEP)
