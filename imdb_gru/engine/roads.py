"""Own the two roads through the GRU: float32 throughout, and products of bfloat16 numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from imdb_gru.engine import kernels, kernels_bfloat16, tile
from imdb_gru.engine.kernels import Array
from imdb_gru.engine.weights import Pack, Weights, pack, pack_bfloat16


@dataclass(frozen=True)
class Road:
    """What one precision of the products has of its own."""

    run_forward: Callable[..., None]
    run_backward: Callable[..., None]
    pack: Pack
    join: Callable[[Array], Array]
    """Gives the joined weights' gradient row by row."""
    number: type[np.generic]
    """Of the kept inputs."""
    room: int
    """Numbers left free after a row of inputs."""
    rows: int
    """Of a tile."""
    chunk: int
    """Rows whose weight gradients are summed at once."""

    def count_floats(self, weights: Weights) -> tuple[int, int]:
        """Count the float32 numbers that a row of inputs and of blocks take."""
        width = weights.padded_features + weights.padded_units + self.room
        return width * np.dtype(self.number).itemsize // 4, 4 * weights.padded_units


def _keep(gradient: Any) -> Any:
    return gradient


def _join_panels(gradient: Array) -> Array:
    width, columns = gradient.shape
    return gradient.reshape(-1, width, tile.COLUMNS).transpose(1, 0, 2).reshape(width, columns)


ROADS = {
    False: Road(kernels.run_forward, kernels.run_backward, pack, _keep, np.float32, 0, tile.ROWS, kernels.CHUNK),
    True: Road(
        kernels_bfloat16.run_forward, kernels_bfloat16.run_backward, pack_bfloat16, _join_panels, np.uint16,
        kernels_bfloat16.ROOM, kernels_bfloat16.ROWS, kernels_bfloat16.CHUNK,
    ),
}  # fmt: skip
"""By whether the products are of bfloat16 numbers."""
