"""The gradient of an embedding: the gradients of a batch's timesteps, summed for each word."""

from collections.abc import Sequence

import numpy as np

from imdb_gru.engine.compiling import compiled
from imdb_gru.engine.workers import cut_evenly, share_out
from imdb_gru.system.arrays import Array, Ids


@compiled
def _add_rows(ids, values, total, first, last):
    total[first:last] = 0
    for i in range(len(ids)):
        row = ids[i]
        if first <= row < last:
            into, value = total[row], values[i]
            for e in range(len(value)):
                into[e] += value[e]


def add_rows(ids: Ids, values: Array, size: int) -> Array:
    """Sum values `(N, E)` by id `(N,)`, and return the sums `(size, E)`; each core handles a range of ids."""
    total = np.empty((size, values.shape[1]), np.float32)
    share_out(lambda part: _add_rows(ids, values, total, part.start, part.stop), cut_evenly(size))
    return total


@compiled
def _gather_rows(places, values, total, first, last):
    for i in range(len(values)):
        into, value = total[places[i]], values[i]
        for e in range(first, last):
            into[e] += value[e]


def gather_rows(parts: Sequence[tuple[Ids, Array]], size: int) -> tuple[Ids, Array]:
    """Sum the values `(N, E)` of all parts by id `(N,)`; return the distinct ids `(R,)` and their sums `(R, E)`.

    All ids must be less than `size`.
    """
    found = np.zeros(size, bool)
    for ids, _ in parts:
        found[ids] = True
    rows = np.flatnonzero(found).astype(np.int32)
    place = np.empty(size, np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    total = np.empty((len(rows), parts[0][1].shape[1]), np.float32)

    def work(columns: slice) -> None:
        total[:, columns] = 0
        for ids, values in parts:
            _gather_rows(place[ids], values, total, columns.start, columns.stop)

    share_out(work, cut_evenly(total.shape[1]))
    return rows, total
