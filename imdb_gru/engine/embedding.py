"""Own the gradient of an embedding: what a batch's timesteps say of every word, added up."""

import numpy as np
from numpy.typing import NDArray

from imdb_gru.engine.compiling import compiled
from imdb_gru.engine.kernels import Array
from imdb_gru.engine.workers import CORES, share_out


@compiled
def _add_rows(ids, values, total, first, last):
    total[first:last] = 0
    for i in range(len(ids)):
        row = ids[i]
        if first <= row < last:
            into, value = total[row], values[i]
            for e in range(len(value)):
                into[e] += value[e]


def add_rows(ids: NDArray[np.int32], values: Array, size: int) -> Array:
    """Add up values `(N, E)` by id `(N,)`; returns `(size, E)`. Each core has an equal part of the ids to itself."""
    total = np.empty((size, values.shape[1]), np.float32)
    edges = np.linspace(0, size, CORES + 1).astype(np.int64)
    share_out(lambda part: _add_rows(ids, values, total, edges[part], edges[part + 1]), list(range(CORES)))
    return total
