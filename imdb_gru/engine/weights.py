"""Own a GRU's weights as the kernels read them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.engine.kernels import Array
from imdb_gru.engine.kernels_bfloat16 import pack_pairs
from imdb_gru.engine.tile import COLUMNS, round_up

Packed = NDArray[Any]
Pack = Callable[[Array], Packed]


class Weights:
    """A GRU's weights as the kernels read them: joined, padded with zeros, packed in panels."""

    def __init__(self, kernel: Array, recurrent_kernel: Array, bias: Array | None) -> None:
        """Take Keras's `(E, 3·U)`, `(U, 3·U)` and `(2, 3·U)`, gates in the order z, r, h."""
        self.features, self.units = len(kernel), len(recurrent_kernel)
        self.padded_features, self.padded_units = round_up(self.features, COLUMNS), round_up(self.units, COLUMNS)
        E, U = self.padded_features, self.padded_units
        x_part, h_part = kernel.reshape(-1, 3, self.units), recurrent_kernel.reshape(-1, 3, self.units)
        joined = np.zeros((E + U, 4, U), np.float32)  # from [x, h] to the blocks m, z, r, h'
        joined[: self.features, 1:, : self.units] = x_part
        joined[E : E + self.units, 1:3, : self.units] = h_part[:, :2]
        joined[E : E + self.units, 0, : self.units] = h_part[:, 2]
        self.joined = joined.reshape(E + U, 4 * U)
        self.bias = np.zeros(4 * U, np.float32)
        if bias is not None:
            blocks, (x_bias, h_bias) = self.bias.reshape(4, U)[:, : self.units], bias.reshape(2, 3, self.units)
            blocks[0], blocks[1:3], blocks[3] = h_bias[2], x_bias[:2] + h_bias[:2], x_bias[2]

    def pack_forward(self, pack: Pack) -> tuple[Packed, ...]:
        """Return the weights from h to m, from [x, h] to z and r, and from x to h'."""
        E, U = self.padded_features, self.padded_units
        return pack(self.joined[E:, :U]), pack(self.joined[:, U : 3 * U]), pack(self.joined[:E, 3 * U :])

    def pack_backward(self, pack: Pack) -> tuple[Packed, ...]:
        """Return the weights back from the blocks to h and to x."""
        E, U = self.padded_features, self.padded_units
        return pack(self.joined[E:, : 3 * U].T), pack(self.joined[:E, U:].T)

    def split(self, gradient: Array, sums: Array) -> tuple[Array, Array, Array]:
        """Turn the joined weights' gradient into that of kernel, recurrent kernel and bias."""
        E, U, units = self.padded_features, self.padded_units, self.units
        blocks = gradient.reshape(E + U, 4, U)[:, :, :units]
        from_x, from_h = blocks[: self.features, 1:], blocks[E : E + units, [1, 2, 0]]
        by_block = sums.reshape(4, U)[:, :units]
        dbias = np.stack([by_block[1:].reshape(-1), by_block[[1, 2, 0]].reshape(-1)])
        return from_x.reshape(-1, 3 * units), from_h.reshape(-1, 3 * units), dbias


def pack(matrix: Array) -> Array:
    """Lay a matrix out panel by panel of `COLUMNS` columns; flat."""
    rows, columns = matrix.shape
    return np.ascontiguousarray(matrix.reshape(rows, columns // COLUMNS, COLUMNS).transpose(1, 0, 2)).reshape(-1)


def pack_bfloat16(matrix: Array) -> NDArray[np.uint16]:
    """Lay a matrix out, rounded to bfloat16, panel by panel of `COLUMNS` columns, and pair by pair of rows; flat."""
    rows, columns = matrix.shape
    pairs = np.empty((columns // COLUMNS, rows // 2, COLUMNS), np.uint32)
    pack_pairs(matrix, pairs)
    return pairs.view(np.uint16).reshape(-1)
