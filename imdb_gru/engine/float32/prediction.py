"""The float32 implementation of `imdb_gru.engine.prediction.Products`."""

import numpy as np

from imdb_gru.engine.compiling import compiled
from imdb_gru.engine.float32.gates import open_gates
from imdb_gru.engine.float32.kernels import multiply
from imdb_gru.engine.float32.packing import pack
from imdb_gru.engine.float32.tile import ROWS
from imdb_gru.engine.pooling import LOWEST, add_poolings
from imdb_gru.system.arrays import Array


def prepare(recurrent_kernel: Array, table: Array) -> tuple[Array, tuple[Array, ...]]:
    """Implement `Products.prepare`."""
    return table, (pack(recurrent_kernel),)


@compiled
def predict(ids, lengths, table, weights, kernel, bias, logits):
    """Implement `Products.predict`."""
    (to_blocks,), units = weights, table.shape[1] // 4
    rows = (len(lengths) + ROWS - 1) // ROWS * ROWS
    h, blocks = np.zeros((rows, units), np.float32), np.zeros((rows, 4 * units), np.float32)
    peaks, totals = np.full(rows * units, LOWEST), np.zeros(rows * units, np.float32)
    no_bias = np.zeros(4 * units, np.float32)
    flat_h, flat_blocks = h.reshape(-1), blocks.reshape(-1)
    alive = len(lengths)
    for t in range(ids.shape[1]):
        while alive and lengths[alive - 1] <= t:
            alive -= 1
        tiled = (alive + ROWS - 1) // ROWS * ROWS
        share = np.float32(1) / np.float32(t + 1)
        for i in range(alive):
            blocks[i] = table[ids[i, t]]
        if tiled:
            multiply(flat_h, 0, units, tiled, to_blocks, units, flat_blocks, 0, 4 * units, 3 * units, True)
        for i in range(alive):
            open_gates(blocks[i], no_bias, h[i])
            logits[i, t] = bias + add_poolings(flat_h, peaks, totals, i * units, kernel, 0, units, units, share)
