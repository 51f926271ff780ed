"""Fast computation of a GRU classifier's predictions after every timestep of many reviews."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imdb_gru.config.schema import POOLINGS, Pooling
from imdb_gru.engine.compiling import compiled, inlined
from imdb_gru.engine.float32.gates import open_gates
from imdb_gru.engine.float32.kernels import multiply
from imdb_gru.engine.float32.packing import pack
from imdb_gru.engine.float32.tile import ROWS, round_up
from imdb_gru.engine.gru_weights import GRUWeights
from imdb_gru.engine.pooling import LOWEST
from imdb_gru.system.arrays import Array, Ids, Lengths

LAST, MEAN, MAX = (POOLINGS.index(name) for name in ("last", "mean", "max"))


@inlined
def add_poolings(h, peaks, totals, output_kernel, share):
    """Update the maximum and the sum with a hidden state, and return its contribution to the logit."""
    logit = np.float32(0)
    for u in range(len(h)):
        peaks[u] = max(peaks[u], h[u])
        totals[u] += h[u]
        logit += (
            output_kernel[LAST, u] * h[u]
            + output_kernel[MAX, u] * peaks[u]
            + output_kernel[MEAN, u] * (totals[u] * share)
        )
    return logit


@compiled
def _predict(ids, lengths, table, bias, to_blocks, output_kernel, output_bias, h, blocks, peaks, totals, logits):
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
            share = np.float32(1) / (t + 1)
            logits[i, t] = output_bias + add_poolings(h[i], peaks[i], totals[i], output_kernel, share)


@dataclass(frozen=True)
class TimestepPredictor:
    """A GRU classifier with one forward layer and no dense layers before the output.

    The embedding, kernel and biases are combined into one row of `4·U` floats for each word in the vocabulary, so that
    only the recurrent product is left to compute at each timestep.
    """

    table: Array
    to_blocks: Array
    output_kernel: Array
    """The output weights for each pooling, `(3, U)`, in the order of `POOLINGS`; zero for unused poolings."""
    output_bias: np.float32

    @classmethod
    def build(
        cls, embedding: Array, weights: GRUWeights, pooling: Sequence[Pooling], dense: tuple[Array, Array]
    ) -> "TimestepPredictor":
        """Combine the embedding `(V, E)` and the weights; `dense` is the output's kernel `(P·U, 1)` and bias `(1,)`."""
        features, units = weights.padded_features, weights.padded_units
        kernel, bias = dense
        output_kernel = np.zeros((len(POOLINGS), units), np.float32)
        for part, name in zip(kernel.reshape(len(pooling), weights.units), pooling, strict=True):
            output_kernel[POOLINGS.index(name), : weights.units] = part
        return cls(
            table=embedding @ weights.joined[: weights.features] + weights.bias,
            to_blocks=pack(weights.joined[features:, : 3 * units]),
            output_kernel=output_kernel,
            output_bias=np.float32(bias[0]),
        )

    def predict_logits(self, ids: Ids, lengths: Lengths) -> Array:
        """Return the logit of the positive class after every timestep, `(B, T)`, given right-padded ids, longest first.

        Logits past a review's end are meaningless. The function uses only the caller's thread and releases the GIL.
        """
        shape = round_up(len(ids), ROWS), self.output_kernel.shape[1]
        logits = np.zeros(ids.shape, np.float32)
        _predict(
            ids, lengths, self.table, np.zeros(4 * shape[1], np.float32), self.to_blocks, self.output_kernel,
            self.output_bias, np.zeros(shape, np.float32), np.zeros((shape[0], 4 * shape[1]), np.float32),
            np.full(shape, LOWEST), np.zeros(shape, np.float32), logits,
        )  # fmt: skip
        return logits
