"""The part of the CPU that multiplies bfloat16 matrices: AMX where there is one, or else AVX512_BF16."""

from imdb_gru.engine.bfloat16 import amx, avx512

UNIT = amx if amx.has_amx() else avx512
open_tiles, close_tiles, multiply_one, multiply_two = (
    UNIT.open_tiles, UNIT.close_tiles, UNIT.multiply_one, UNIT.multiply_two
)  # fmt: skip


def find_bfloat16_obstacle() -> str | None:
    """Return the reason why this machine cannot compute bfloat16 products, or None if it can."""
    if UNIT is amx or avx512.has_avx512_bf16():
        return None
    return "this CPU has neither AMX nor AVX512_BF16"
