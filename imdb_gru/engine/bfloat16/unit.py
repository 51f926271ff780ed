"""The part of the CPU that multiplies bfloat16 matrices: AMX if it is available, otherwise AVX512_BF16."""

from imdb_gru.engine.bfloat16 import amx, avx512

UNIT = amx if amx.has_amx() else avx512
ROWS = UNIT.ROWS
"""Number of rows in a tile of A or of C."""
open_tiles, close_tiles = UNIT.open_tiles, UNIT.close_tiles
multiply_short, multiply_tall = UNIT.multiply_short, UNIT.multiply_tall
"""Functions that multiply tiles of `ROWS` rows (short) or `STEP` rows (tall)."""


def find_bfloat16_obstacle() -> str | None:
    """Return the reason why this machine cannot compute bfloat16 products, or None if it can."""
    if UNIT is amx or avx512.has_avx512_bf16():
        return None
    return "this CPU has neither AMX nor AVX512_BF16"
