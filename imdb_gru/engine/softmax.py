"""Own the softmax over a few words: the target and words drawn, on all cores."""

import numpy as np
from numpy.typing import NDArray

from imdb_gru.engine.kernels import Array
from imdb_gru.engine.workers import share_out

BLOCK = 256
"""Rows at once, while they are in the cache."""


def normalise(logits: Array, true: Array, offsets: Array, places: NDArray[np.int32]) -> tuple[Array, Array, Array]:
    """Return losses `(N,)`, 1 − P(target) `(N,)` and the drawn words' probabilities `(N, S)`, given their logits.

    `true` `(N,)` holds the targets' logits and `offsets` `(S,)` what is added to those of the drawn words. `places`
    `(N,)` says where among the drawn words a target stands, −1 for nowhere: one that was drawn counts once.
    """
    losses, misses, probabilities = np.empty_like(true), np.empty_like(true), np.empty_like(logits)

    def work(start: int) -> None:
        rows = slice(start, start + BLOCK)
        block, own, place = probabilities[rows], true[rows], places[rows]
        np.add(logits[rows], offsets, out=block)
        (hits,) = np.nonzero(place >= 0)
        block[hits, place[hits]] = -np.inf
        peak = np.maximum(block.max(axis=1), own)
        block -= peak[:, None]
        np.exp(block, out=block)
        others = block.sum(axis=1)
        total = others + np.exp(own - peak)
        block /= total[:, None]
        losses[rows] = np.log(total) + peak - own
        misses[rows] = others / total

    share_out(work, range(0, len(logits), BLOCK))
    return losses, misses, probabilities
