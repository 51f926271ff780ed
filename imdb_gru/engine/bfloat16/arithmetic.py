"""The bfloat16 implementation of `imdb_gru.engine.arithmetic.Arithmetic`."""

from imdb_gru.engine.bfloat16.kernels import KEPT, NUMBER, ROOM, count_scratch, run_backward, run_forward
from imdb_gru.engine.bfloat16.packing import pack_backward, pack_forward, pack_matrices, unpack
from imdb_gru.engine.bfloat16.tile import COLUMNS
from imdb_gru.engine.bfloat16.unit import ROWS
from imdb_gru.engine.bfloat16.unit import find_bfloat16_obstacle as find_obstacle

__all__ = [
    "COLUMNS", "KEPT", "NUMBER", "ROOM", "ROWS", "count_scratch", "find_obstacle", "pack_backward",
    "pack_forward", "pack_matrices", "run_backward", "run_forward", "unpack",
]  # fmt: skip
