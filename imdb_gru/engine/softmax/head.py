"""The head of a next-word model: a projection, a softmax over a sample of words, and their gradients, on all cores.

Logits are computed one block of rows at a time, and gradients are summed while the block is in the cache.
"""

from typing import NamedTuple

import numpy as np

from imdb_gru.engine.arithmetic import Packed, Precision, choose_arithmetic
from imdb_gru.engine.float32.tile import round_up
from imdb_gru.engine.pool import ArrayPool
from imdb_gru.engine.softmax.kernel import LOWEST, TILE, run
from imdb_gru.engine.workers import cut_evenly, share_out
from imdb_gru.system.arrays import Array, Ids, Mask


class HeadWeights(NamedTuple):
    """The weights of the head, or their gradients."""

    kernel: Array
    """Kernel of the projection, `(U, E)`."""
    others: Array
    """Embeddings of the sampled words, `(S, E)`."""
    bias: Array
    """Bias of the projection, `(E,)`."""
    offsets: Array
    """Biases of the sampled words plus the corrections to their logits, `(S,)`."""


class HeadResult(NamedTuple):
    """The losses, and the gradients of the mean loss over the rows that have a target."""

    losses: Array
    """Loss of each row, `(N,)`; like the next three arrays, it is zero in rows without a target."""
    x: Array
    """Gradients of the hidden states, `(N, U)`."""
    true: Array
    """Gradients of the targets' embeddings, `(N, E)`."""
    true_bias: Array
    """Gradients of the targets' biases, `(N,)`."""
    weights: HeadWeights


class Head:
    """Computes losses and gradients; reuses its memory from batch to batch."""

    def __init__(self, precision: Precision = "float32") -> None:
        """Set the precision, or raise `ValueError` if this machine does not support it."""
        self.arithmetic = choose_arithmetic(precision)
        self.pool = ArrayPool()

    def run(self, x: Array, real: Mask, true: Array, true_bias: Array, places: Ids, w: HeadWeights) -> HeadResult:
        """Compute losses and gradients for hidden states `(N, U)`; the mask `real` `(N,)` marks rows with a target.

        `true` `(N, E)` and `true_bias` `(N,)` are the targets' embeddings and biases. `places` `(N,)` is each target's
        index among the sampled words, or −1 if it was not sampled, so that a sampled target is counted only once.
        """
        count, units = x.shape
        width = true.shape[1]
        losses, into_true_bias = np.zeros(count, np.float32), np.zeros(count, np.float32)
        into_x, into_true = self.pool.allocate("x", (count, units)), self.pool.allocate("true", (count, width))
        into_x[~real] = 0
        into_true[~real] = 0
        rows = np.flatnonzero(real)
        share = np.float32(1 / max(1, len(rows)))
        packed, bias, offsets = self._pack(w)
        sizes = (packed[0].size, packed[2].size, bias.size, offsets.size)

        def work(part: slice) -> list[Array]:
            sums = [self.pool.allocate(f"sum {n}", (size,)) for n, size in enumerate(sizes)]
            for total in sums:
                total[:] = 0
            run(
                x, rows[part], true, true_bias, places, packed, bias, offsets, share, losses, into_x, into_true,
                into_true_bias, *sums,
            )  # fmt: skip
            return sums

        first, *more = share_out(work, cut_evenly(len(rows)))
        for other in more:
            for total, part in zip(first, other, strict=True):
                total += part
        kernel, others, into_bias, into_offsets = first
        weights = HeadWeights(
            self._unpack(kernel, w.kernel.shape), self._unpack(others, w.others.shape), into_bias[:width],
            into_offsets[: len(w.offsets)],
        )  # fmt: skip
        return HeadResult(losses, into_x, into_true, into_true_bias, weights)

    def _pack(self, w: HeadWeights) -> tuple[Packed, Array, Array]:
        """Return the packed matrices, the bias and the offsets, all padded."""
        U, E, S = (round_up(size, TILE) for size in (*w.kernel.shape, len(w.others)))
        bias, offsets = np.zeros(E, np.float32), np.full(S, LOWEST)
        bias[: len(w.bias)], offsets[: len(w.offsets)] = w.bias, w.offsets
        matrices, shapes = (w.kernel, w.others.T, w.others, w.kernel.T), ((U, E), (E, S), (S, E), (E, U))
        return self.arithmetic.pack_matrices(matrices, shapes, self.pool), bias, offsets

    def _unpack(self, panels: Array, shape: tuple[int, ...]) -> Array:
        """Return a matrix, given the panels of its transpose."""
        rows, columns = shape
        width = round_up(columns, TILE)
        return panels.reshape(-1, width, self.arithmetic.COLUMNS).transpose(0, 2, 1).reshape(-1, width)[:rows, :columns]
