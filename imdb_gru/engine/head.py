"""Own a next-word model's head: projection, a softmax over few words, and the gradients of both at once, on all cores.

Logits are kept for a block of rows only: what a gradient needs of them is added up while they are in the cache.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imdb_gru.engine import amx, tile
from imdb_gru.engine.amx import find_bfloat16_obstacle
from imdb_gru.engine.head_kernel import LOWEST, TILE, run
from imdb_gru.engine.kernels import Array
from imdb_gru.engine.memory import Memory
from imdb_gru.engine.packing import pack
from imdb_gru.engine.packing_bfloat16 import fill, flatten, lay_out
from imdb_gru.engine.tile import round_up
from imdb_gru.engine.workers import cut_evenly, share_out


class Weights(NamedTuple):
    """What the head multiplies by, or the gradients of it."""

    kernel: Array
    """Of the projection, `(U, E)`."""
    others: Array
    """Embeddings of the words drawn, `(S, E)`."""
    bias: Array
    """Of the projection, `(E,)`."""
    offsets: Array
    """What is added to the logits of the words drawn, `(S,)`."""


class Result(NamedTuple):
    """Losses, and the gradients of their mean over the rows that have a target."""

    losses: Array
    """`(N,)`, zero where there is no target; so are the next three."""
    x: Array
    """`(N, U)`."""
    true: Array
    """`(N, E)`."""
    true_bias: Array
    """`(N,)`."""
    weights: Weights


class Head:
    """Computes losses and gradients; keeps its memory from batch to batch."""

    def __init__(self, *, bfloat16: bool = False) -> None:
        """With `bfloat16`, which wants AMX, what matrix products multiply is rounded to it."""
        if bfloat16 and (obstacle := find_bfloat16_obstacle()):
            raise ValueError(f"no bfloat16 products: {obstacle}")
        self.bfloat16 = bfloat16
        self.memory = Memory()

    def run(
        self, x: Array, real: NDArray[np.bool_], true: Array, true_bias: Array, places: NDArray[np.int32], w: Weights
    ) -> Result:
        """Run hidden states `(N, U)` of which `real` `(N,)` have a target.

        `true` `(N, E)` and `true_bias` `(N,)` are the targets' weights. `places` `(N,)` says where among the words
        drawn a target stands, −1 for nowhere: one that was drawn counts once.
        """
        count, units = x.shape
        width = true.shape[1]
        losses, into_true_bias = np.zeros(count, np.float32), np.zeros(count, np.float32)
        into_x, into_true = self.memory.lend("x", (count, units)), self.memory.lend("true", (count, width))
        into_x[~real] = 0
        into_true[~real] = 0
        rows = np.flatnonzero(real)
        share = np.float32(1 / max(1, len(rows)))
        packed, bias, offsets = self._pack(w)
        sizes = (packed[0].size, packed[2].size, bias.size, offsets.size)

        def work(part: slice) -> list[Array]:
            sums = [self.memory.lend(f"sum {n}", (size,)) for n, size in enumerate(sizes)]
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
        weights = Weights(
            self._unpack(kernel, w.kernel.shape), self._unpack(others, w.others.shape), into_bias[:width],
            into_offsets[: len(w.offsets)],
        )  # fmt: skip
        return Result(losses, into_x, into_true, into_true_bias, weights)

    def _pack(self, w: Weights) -> tuple[tuple[NDArray[Any], ...], Array, Array]:
        """Return the matrices as the products read them, and bias and offsets, all of them padded."""
        U, E, S = (round_up(size, TILE) for size in (*w.kernel.shape, len(w.others)))
        bias, offsets = np.zeros(E, np.float32), np.full(S, LOWEST)
        bias[: len(w.bias)], offsets[: len(w.offsets)] = w.bias, w.offsets
        if self.bfloat16:
            panels = lay_out(self.memory, (U, E), (E, S), (S, E), (E, U))
            matrices = (w.kernel, w.others.T, w.others, w.kernel.T)
            fill([(part, into, 0, 0, 2 * into.shape[1]) for part, into in zip(matrices, panels, strict=True)])
            return flatten(panels), bias, offsets
        kernel, others = np.zeros((U, E), np.float32), np.zeros((S, E), np.float32)
        kernel[: len(w.kernel), : len(w.bias)], others[: len(w.others), : len(w.bias)] = w.kernel, w.others
        return tuple(pack(part) for part in (kernel, others.T, others, kernel.T)), bias, offsets

    def _unpack(self, panels: Array, shape: tuple[int, ...]) -> Array:
        """Return the matrix of which panels hold the transpose."""
        rows, columns = shape
        width = round_up(columns, TILE)
        own = amx.COLUMNS if self.bfloat16 else tile.COLUMNS
        return panels.reshape(-1, width, own).transpose(0, 2, 1).reshape(-1, width)[:rows, :columns]
