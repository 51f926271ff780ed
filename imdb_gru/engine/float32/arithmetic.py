"""The float32 implementation of `imdb_gru.engine.arithmetic.Arithmetic`."""

from imdb_gru.engine.float32.kernels import KEPT, NUMBER, ROOM, count_scratch, run_backward, run_forward
from imdb_gru.engine.float32.packing import pack_backward, pack_forward, pack_matrices, unpack
from imdb_gru.engine.float32.tile import COLUMNS, ROWS

__all__ = [
    "COLUMNS", "KEPT", "NUMBER", "ROOM", "ROWS", "count_scratch", "find_obstacle", "pack_backward",
    "pack_forward", "pack_matrices", "run_backward", "run_forward", "unpack",
]  # fmt: skip


def find_obstacle() -> None:
    """Return None, because every CPU supports float32."""
