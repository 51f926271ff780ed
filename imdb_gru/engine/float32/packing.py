"""Packing weights for the float32 kernels, and unpacking gradients."""

from collections.abc import Sequence

import numpy as np

from imdb_gru.engine.float32.tile import COLUMNS
from imdb_gru.engine.gru_weights import GRUWeights
from imdb_gru.engine.pool import ArrayPool
from imdb_gru.system.arrays import Array


def pack(matrix: Array) -> Array:
    """Return a matrix as a flat array of panels of `COLUMNS` columns."""
    rows, columns = matrix.shape
    return np.ascontiguousarray(matrix.reshape(rows, columns // COLUMNS, COLUMNS).transpose(1, 0, 2)).reshape(-1)


def pack_matrices(matrices: Sequence[Array], shapes: Sequence[tuple[int, int]], _pool: ArrayPool) -> tuple[Array, ...]:
    """Implement `Arithmetic.pack_matrices`."""
    packed = []
    for matrix, shape in zip(matrices, shapes, strict=True):
        padded = np.zeros(shape, np.float32)
        padded[: matrix.shape[0], : matrix.shape[1]] = matrix
        packed.append(pack(padded))
    return tuple(packed)


def pack_forward(weights: GRUWeights, _pool: ArrayPool) -> tuple[Array, ...]:
    """Implement `Arithmetic.pack_forward`."""
    E, U, joined = weights.padded_features, weights.padded_units, weights.joined
    return pack(joined[E:, :U]), pack(joined[:, U : 3 * U]), pack(joined[:E, 3 * U :])


def pack_backward(weights: GRUWeights, _pool: ArrayPool) -> tuple[Array, ...]:
    """Implement `Arithmetic.pack_backward`."""
    E, U, joined = weights.padded_features, weights.padded_units, weights.joined
    return pack(joined[E:, : 3 * U].T), pack(joined[:E, U:].T)


def unpack(weights: GRUWeights, gradients: Array, sums: Array, _pool: ArrayPool) -> tuple[Array, Array, Array]:
    """Implement `Arithmetic.unpack`."""
    for part in (gradients, sums):
        for other in part[1:]:
            part[0] += other
    E, U, units = weights.padded_features, weights.padded_units, weights.units
    blocks = gradients[0].reshape(E + U, 4, U)[:, :, :units]
    from_x, from_h = blocks[: weights.features, 1:], blocks[E : E + units, [1, 2, 0]]
    return from_x.reshape(-1, 3 * units), from_h.reshape(-1, 3 * units), weights.split_bias(sums[0])
