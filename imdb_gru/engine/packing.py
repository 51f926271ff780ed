"""Own the weights' way to the kernels and back, in float32."""

import numpy as np

from imdb_gru.engine.kernels import Array
from imdb_gru.engine.memory import Memory
from imdb_gru.engine.tile import COLUMNS
from imdb_gru.engine.weights import Weights


def pack(matrix: Array) -> Array:
    """Lay a matrix out panel by panel of `COLUMNS` columns; flat."""
    rows, columns = matrix.shape
    return np.ascontiguousarray(matrix.reshape(rows, columns // COLUMNS, COLUMNS).transpose(1, 0, 2)).reshape(-1)


def pack_forward(weights: Weights, _memory: Memory) -> tuple[Array, ...]:
    """Return the weights from h to m, from [x, h] to z and r, and from x to h'."""
    E, U, joined = weights.padded_features, weights.padded_units, weights.joined
    return pack(joined[E:, :U]), pack(joined[:, U : 3 * U]), pack(joined[:E, 3 * U :])


def pack_backward(weights: Weights, _memory: Memory) -> tuple[Array, ...]:
    """Return the weights back from the blocks to h and to x."""
    E, U, joined = weights.padded_features, weights.padded_units, weights.joined
    return pack(joined[E:, : 3 * U].T), pack(joined[:E, U:].T)


def unpack(weights: Weights, gradients: Array, sums: Array, _memory: Memory) -> tuple[Array, Array, Array]:
    """Turn the workers' gradients, which it adds up, into those of kernel, recurrent kernel and bias."""
    for part in (gradients, sums):
        for other in part[1:]:
            part[0] += other
    E, U, units = weights.padded_features, weights.padded_units, weights.units
    blocks = gradients[0].reshape(E + U, 4, U)[:, :, :units]
    from_x, from_h = blocks[: weights.features, 1:], blocks[E : E + units, [1, 2, 0]]
    return from_x.reshape(-1, 3 * units), from_h.reshape(-1, 3 * units), weights.split_bias(sums[0])
