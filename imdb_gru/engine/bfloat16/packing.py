"""Packing weights, rounded to bfloat16, and unpacking gradients."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imdb_gru.engine.bfloat16.gates import round_pairs
from imdb_gru.engine.bfloat16.tile import COLUMNS
from imdb_gru.engine.compiling import compiled
from imdb_gru.engine.gru_weights import GRUWeights
from imdb_gru.engine.pool import ArrayPool
from imdb_gru.engine.rows import at
from imdb_gru.engine.workers import share_out
from imdb_gru.system.arrays import Array

Pairs = NDArray[np.uint32]


@compiled
def _pack(matrix, pairs, panel, pair, size):
    """Pad a matrix with zeros to `size` rows, and write it into `pairs`, starting at the given panel and row pair."""
    rows, columns = matrix.shape
    own, flat = np.zeros((2, COLUMNS), np.float32), pairs.reshape(-1)
    bits = own.reshape(-1).view(np.uint32)
    for place in range((columns + COLUMNS - 1) // COLUMNS):
        first = place * COLUMNS
        last = min(first + COLUMNS, columns)
        own[:] = 0
        for k in range(size // 2):
            for i in range(2):
                if 2 * k + i < rows:
                    for n in range(first, last):
                        own[i, n - first] = matrix[2 * k + i, n]
                else:
                    own[i] = 0
            row = (panel + place) * pairs.shape[1] + pair + k
            round_pairs(bits, 0, COLUMNS, flat, row * COLUMNS, COLUMNS)


@compiled
def _unpack(panels, panel, row, matrix, column, columns):
    """Write part of `panels` `(W, N/COLUMNS, K, COLUMNS)`, summed over the workers, into columns of `matrix`."""
    matrix[:, column : column + columns] = 0
    for worker in range(len(panels)):
        for first in range(0, columns, COLUMNS):
            for k in range(len(matrix)):
                for n in range(min(COLUMNS, columns - first)):
                    matrix[k, at(column + first + n)] += panels[worker, panel + first // COLUMNS, row + k, n]


def allocate_panels(pool: ArrayPool, shapes: Sequence[tuple[int, int]]) -> list[Pairs]:
    """Allocate panels of row pairs for matrices of the given shapes, in one block of memory."""
    sizes = [rows * columns // 2 for rows, columns in shapes]
    parts = np.split(pool.allocate("weights", (sum(sizes),), np.uint32), np.cumsum(sizes)[:-1])
    return [
        part.reshape(columns // COLUMNS, rows // 2, COLUMNS)
        for part, (rows, columns) in zip(parts, shapes, strict=True)
    ]


def fill(tasks: list[tuple[Array, Pairs, int, int, int]]) -> None:
    """Pack matrices in parallel; each task holds the arguments for one call to `_pack`."""
    share_out(lambda task: _pack(*task), tasks)


def flatten(pairs: list[Pairs]) -> tuple[NDArray[np.uint16], ...]:
    """Return each matrix's panels as a flat uint16 array, as the products expect."""
    return tuple(part.view(np.uint16).reshape(-1) for part in pairs)


def pack_matrices(
    matrices: Sequence[Array], shapes: Sequence[tuple[int, int]], pool: ArrayPool
) -> tuple[NDArray[np.uint16], ...]:
    """Implement `Arithmetic.pack_matrices`."""
    panels = allocate_panels(pool, shapes)
    fill([(matrix, into, 0, 0, rows) for matrix, into, (rows, _) in zip(matrices, panels, shapes, strict=True)])
    return flatten(panels)


def pack_forward(weights: GRUWeights, pool: ArrayPool) -> tuple[NDArray[np.uint16], ...]:
    """Implement `Arithmetic.pack_forward`."""
    E, U = weights.padded_features, weights.padded_units
    x_parts, h_parts = weights.cut_gates()
    to_m, to_zr, to_candidate = allocate_panels(pool, [(U, U), (E + U, 2 * U), (E, U)])
    tasks = [(h_parts[2], to_m, 0, 0, U), (x_parts[2], to_candidate, 0, 0, E)]
    for gate in range(2):
        tasks += [
            (h_parts[gate], to_zr, gate * U // COLUMNS, E // 2, U), (x_parts[gate], to_zr, gate * U // COLUMNS, 0, E)
        ]  # fmt: skip
    fill(tasks)
    return flatten([to_m, to_zr, to_candidate])


def pack_backward(weights: GRUWeights, pool: ArrayPool) -> tuple[NDArray[np.uint16], ...]:
    """Implement `Arithmetic.pack_backward`."""
    E, U = weights.padded_features, weights.padded_units
    x_parts, h_parts = weights.cut_gates()
    to_h, to_x = allocate_panels(pool, [(3 * U, U), (3 * U, E)])
    tasks = []
    for gate in range(3):
        tasks += [
            (h_parts[gate - 1].T, to_h, 0, gate * U // 2, U), (x_parts[gate].T, to_x, 0, gate * U // 2, U)
        ]  # fmt: skip
    fill(tasks)
    return flatten([to_h, to_x])


def unpack(weights: GRUWeights, gradients: Array, sums: Array, pool: ArrayPool) -> tuple[Array, Array, Array]:
    """Implement `Arithmetic.unpack`."""
    E, U, units = weights.padded_features, weights.padded_units, weights.units
    panels = gradients.reshape(len(gradients), 4 * U // COLUMNS, E + U, COLUMNS)
    from_x = pool.allocate("kernel", (weights.features, 3 * units))
    from_h = pool.allocate("recurrent_kernel", (units, 3 * units))
    tasks = []
    for gate, (to_x, to_h) in enumerate(((1, 1), (2, 2), (3, 0))):
        tasks += [
            (panels, to_h * U // COLUMNS, E, from_h, gate * units, units),
            (panels, to_x * U // COLUMNS, 0, from_x, gate * units, units),
        ]
    share_out(lambda task: _unpack(*task), tasks)
    return from_x, from_h, weights.split_bias(sums.sum(axis=0))
