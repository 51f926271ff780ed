"""Own a worker's part in a training that several share: its share of every batch, and the sums over all workers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

GROUP, FIGURES, GRADIENTS = 47_001, 0, 1
"""What TensorFlow tells apart by number: the workers' group, and what they add up in it."""
BLOCK = 2**14
"""Gradients go round as so many numbers or a multiple: what has a size of its own needs a number of its own."""


class Shares:
    """One of several workers, each of which has the whole corpus, the whole model and its share of every batch.

    All that a training decides by is added up first, so that every worker decides the same. TensorFlow adds up, around
    a ring of the workers, as the environment's TF_CONFIG names them.
    """

    def __init__(self, rank: int, count: int) -> None:
        self.rank = rank
        self.count = count
        self.wish = tf.Variable(0.0)
        """Above zero where this worker is to stop them all."""
        self.heard = tf.Variable(0.0)
        """Above zero where any of them wished to stop at the last step: all hear it at the same one."""

    def deal(self, rows: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return this worker's share of a batch: by turns, longest first, so that all shares' longest are alike."""
        return rows[np.argsort(-lengths[rows], kind="stable")][self.rank :: self.count]

    def add_up_gradients(self, gradients: Sequence[Any], embedding: int, words: Any) -> list[Any]:
        """Return the gradients' sums over all workers.

        Of the embedding's, whose place is given, only the rows of `words` go round, which must be the same `(R,)` with
        every worker and name all rows that are not zero with any.
        """
        own = [tf.convert_to_tensor(gradient) for gradient in gradients]
        going = list(own)
        going[embedding] = tf.gather(going[embedding], words)
        parts = [*(tf.reshape(gradient, (-1,)) for gradient in going), tf.reshape(self.wish, (1,))]
        sizes = [tf.size(part) for part in parts]
        blocks = -(-tf.add_n(sizes) // BLOCK)
        rest = blocks * BLOCK - tf.add_n(sizes)
        total = self._add_up(tf.concat([*parts, tf.zeros(rest)], 0), GRADIENTS + blocks)
        *sums, heard, _ = tf.split(total, [*sizes, rest], num=len(parts) + 1)
        self.heard.assign(heard[0])
        added = [tf.reshape(part, tf.shape(gradient)) for part, gradient in zip(sums, going, strict=True)]
        added[embedding] = tf.scatter_nd(words[:, None], added[embedding], tf.shape(own[embedding]))
        for part, gradient in zip(added, own, strict=True):
            part.set_shape(gradient.shape)
        return added

    def average(self, figures: dict[str, float], count: int) -> dict[str, float]:
        """Return the averages over all workers of figures that each has of so many reviews."""
        own = [*(figures[name] * count for name in figures), count]
        *sums, whole = self._add_up_figures(tf.constant(own, tf.float64)).numpy()
        return dict(zip(figures, (float(part / whole) for part in sums), strict=True))

    @tf.function  # type: ignore[untyped-decorator]
    def _add_up_figures(self, own: Any) -> Any:
        return self._add_up(own, FIGURES)

    def _add_up(self, own: Any, number: Any) -> Any:
        return tf.raw_ops.CollectiveReduceV2(
            input=own,
            group_size=self.count,
            group_key=GROUP,
            instance_key=number,
            ordering_token=[],
            merge_op="Add",
            final_op="Id",
            communication_hint="ring",
        )
