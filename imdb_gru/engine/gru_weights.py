"""A GRU's weights in the engine's layout."""

from functools import cached_property

import numpy as np

from imdb_gru.engine.float32.tile import COLUMNS, round_up
from imdb_gru.system.arrays import Array


class GRUWeights:
    """A GRU's weights, both in Keras's layout and joined into one matrix that is padded with zeros to whole tiles."""

    def __init__(self, kernel: Array, recurrent_kernel: Array, bias: Array | None) -> None:
        """Store Keras's kernel `(E, 3·U)`, recurrent kernel `(U, 3·U)` and bias `(2, 3·U)`, in gate order z, r, h."""
        self.features, self.units = len(kernel), len(recurrent_kernel)
        self.padded_features, self.padded_units = round_up(self.features, COLUMNS), round_up(self.units, COLUMNS)
        self.kernel, self.recurrent_kernel = kernel, recurrent_kernel
        U = self.padded_units
        self.bias = np.zeros(4 * U, np.float32)
        if bias is not None:
            blocks, (x_bias, h_bias) = self.bias.reshape(4, U)[:, : self.units], bias.reshape(2, 3, self.units)
            blocks[0], blocks[1:3], blocks[3] = h_bias[2], x_bias[:2] + h_bias[:2], x_bias[2]

    def cut_gates(self) -> tuple[list[Array], list[Array]]:
        """Return the kernel and the recurrent kernel, each cut into its parts for z, r and h."""
        places = [slice(gate * self.units, (gate + 1) * self.units) for gate in range(3)]
        return [self.kernel[:, place] for place in places], [self.recurrent_kernel[:, place] for place in places]

    @cached_property
    def joined(self) -> Array:
        """Return both kernels as one matrix, `(E' + U', 4·U')`, which maps [x, h] to the blocks m, z, r and h'."""
        E, U = self.padded_features, self.padded_units
        x_part, h_part = (part.reshape(-1, 3, self.units) for part in (self.kernel, self.recurrent_kernel))
        joined = np.zeros((E + U, 4, U), np.float32)
        joined[: self.features, 1:, : self.units] = x_part
        joined[E : E + self.units, 1:3, : self.units] = h_part[:, :2]
        joined[E : E + self.units, 0, : self.units] = h_part[:, 2]
        return joined.reshape(E + U, 4 * U)

    def split_bias(self, sums: Array) -> Array:
        """Return the gradient of the bias, given the blocks' gradients summed over all rows."""
        by_block = sums.reshape(4, self.padded_units)[:, : self.units]
        return np.stack([by_block[1:].reshape(-1), by_block[[1, 2, 0]].reshape(-1)])
