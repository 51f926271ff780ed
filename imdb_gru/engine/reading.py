"""Own bulk reading: a GRU classifier's belief at every timestep of many reviews, nothing kept but that."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imdb_gru.engine.compiling import compiled, inlined
from imdb_gru.engine.gates import open_gates
from imdb_gru.engine.kernels import LOWEST, Array, multiply
from imdb_gru.engine.packing import pack
from imdb_gru.engine.tile import ROWS, round_up
from imdb_gru.engine.weights import Weights


@inlined
def judge_state(h, peaks, totals, judge, share):
    """Take a hidden state into the maximum and the sum so far; return what last, maximum and mean add to the logit."""
    logit = np.float32(0)
    for u in range(len(h)):
        peaks[u] = max(peaks[u], h[u])
        totals[u] += h[u]
        logit += judge[0, u] * h[u] + judge[1, u] * peaks[u] + judge[2, u] * (totals[u] * share)
    return logit


@compiled
def _read(ids, lengths, table, bias, to_blocks, judge, judge_bias, h, blocks, peaks, totals, logits):
    units = h.shape[1]
    flat_h, flat_blocks = h.reshape(-1), blocks.reshape(-1)
    alive = len(lengths)
    for t in range(ids.shape[1]):
        while alive and lengths[alive - 1] <= t:
            alive -= 1
        tiled = (alive + ROWS - 1) // ROWS * ROWS
        for i in range(alive):
            blocks[i] = table[ids[i, t]]
        if tiled:
            multiply(flat_h, 0, units, tiled, to_blocks, units, flat_blocks, 0, 4 * units, 3 * units, True)
        for i in range(alive):
            open_gates(blocks[i], bias, h[i])
            logits[i, t] = judge_bias + judge_state(h[i], peaks[i], totals[i], judge, np.float32(1) / (t + 1))


@dataclass(frozen=True)
class Reader:
    """A GRU classifier of one layer, forwards, without dense layers before the output.

    Embedding, kernel and biases are folded into one row of `4·U` floats for every word of the vocabulary, so that of
    every timestep only the recurrent product is left.
    """

    table: Array
    to_blocks: Array
    judge: Array
    """What the output weighs: last, maximum and mean, `(3, U)`."""
    judge_bias: np.float32

    @classmethod
    def build(
        cls, embedding: Array, weights: Weights, pooling: tuple[str, ...], dense: tuple[Array, Array]
    ) -> "Reader":
        """Fold `(V, E)` and a layer's weights; `dense` is the output's kernel `(P·U, 1)` and bias `(1,)`."""
        features, units = weights.padded_features, weights.padded_units
        kernel, bias = dense
        judge = np.zeros((3, units), np.float32)
        for part, name in zip(kernel.reshape(len(pooling), weights.units), pooling, strict=True):
            judge[("last", "max", "mean").index(name), : weights.units] = part
        return cls(
            table=embedding @ weights.joined[: weights.features] + weights.bias,
            to_blocks=pack(weights.joined[features:, : 3 * units]),
            judge=judge,
            judge_bias=np.float32(bias[0]),
        )

    def read(self, ids: NDArray[np.int32], lengths: NDArray[np.int64]) -> Array:
        """Return the logit of positive after every timestep, `(B, T)`, of right-padded ids, longest first.

        Past a review's end it means nothing. Runs on the caller's core alone, and lets other threads run beside it.
        """
        shape = round_up(len(ids), ROWS), self.judge.shape[1]
        logits = np.zeros(ids.shape, np.float32)
        _read(
            ids, lengths, self.table, np.zeros(4 * shape[1], np.float32), self.to_blocks, self.judge, self.judge_bias,
            np.zeros(shape, np.float32), np.zeros((shape[0], 4 * shape[1]), np.float32), np.full(shape, LOWEST),
            np.zeros(shape, np.float32), logits,
        )  # fmt: skip
        return logits
