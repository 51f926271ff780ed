"""Own the two roads through the GRU: float32 throughout, and products of bfloat16 numbers."""

from typing import Any, Protocol

import numpy as np

from imdb_gru.engine import kernels, kernels_bfloat16, packing, tile
from imdb_gru.engine.kernels import Array
from imdb_gru.engine.memory import Memory
from imdb_gru.engine.weights import Weights


class Road(Protocol):
    """What one precision of the products has of its own."""

    rows: int
    """Of a tile."""
    number: type[np.generic]
    """Of the inputs that are kept."""
    run_forward: Any
    run_backward: Any

    def count_inputs(self, weights: Weights) -> int:
        """Count the numbers of a row of inputs."""

    def count_blocks(self, weights: Weights) -> int:
        """Count the float32 numbers, or others of that size, of a row of blocks."""

    def count_scratch(self, weights: Weights, rows: int) -> int:
        """Count the float32 numbers that a backward pass of a worker's rows needs beside what was kept."""

    def pack_forward(self, weights: Weights, memory: Memory) -> tuple[Any, ...]:
        """Return the weights that a forward pass reads."""

    def pack_backward(self, weights: Weights, memory: Memory) -> tuple[Any, ...]:
        """Return the weights that a backward pass reads."""

    def split(self, weights: Weights, gradients: Array, sums: Array, memory: Memory) -> tuple[Array, Array, Array]:
        """Turn the workers' gradients into those of kernel, recurrent kernel and bias."""


class Float32Road:
    """All in float32, on any CPU."""

    rows = tile.ROWS
    number = np.float32
    run_forward = staticmethod(kernels.run_forward)
    run_backward = staticmethod(kernels.run_backward)

    def count_inputs(self, weights: Weights) -> int:
        return weights.padded_features + weights.padded_units

    def count_blocks(self, weights: Weights) -> int:
        return 4 * weights.padded_units

    def count_scratch(self, weights: Weights, rows: int) -> int:
        return (kernels.CHUNK + rows) * weights.padded_features

    def pack_forward(self, weights: Weights, _memory: Memory) -> tuple[Array, ...]:
        return weights.pack_forward()

    def pack_backward(self, weights: Weights, _memory: Memory) -> tuple[Array, ...]:
        return weights.pack_backward()

    def split(self, weights: Weights, gradients: Array, sums: Array, _memory: Memory) -> tuple[Array, Array, Array]:
        for part in (gradients, sums):
            for other in part[1:]:
                part[0] += other
        return *weights.split(gradients[0]), weights.split_bias(sums[0])


class BFloat16Road:
    """Products by AMX."""

    rows = kernels_bfloat16.ROWS
    number = np.uint16
    run_forward = staticmethod(kernels_bfloat16.run_forward)
    run_backward = staticmethod(kernels_bfloat16.run_backward)
    pack_forward = staticmethod(packing.pack_forward)
    pack_backward = staticmethod(packing.pack_backward)
    split = staticmethod(packing.unpack)

    def count_inputs(self, weights: Weights) -> int:
        return weights.padded_features + weights.padded_units + kernels_bfloat16.ROOM

    def count_blocks(self, weights: Weights) -> int:
        return 2 * weights.padded_units

    def count_scratch(self, weights: Weights, rows: int) -> int:
        return kernels_bfloat16.count_scratch(weights.padded_features, weights.padded_units, rows)


ROADS: dict[bool, Road] = {False: Float32Road(), True: BFloat16Road()}
"""By whether the products are of bfloat16 numbers."""
