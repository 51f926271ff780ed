"""A worker's share of every batch of a training, and the sums over all workers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from imdb_gru.system.arrays import Lengths, Rows
from imdb_gru.system.signals import Stop

GROUP, FIGURES, GRADIENTS = 47_001, 0, 1
"""Numbers by which TensorFlow identifies the workers' group, and what they add up in it."""
BLOCK = 2**14
"""Gradients go round as so many numbers or a multiple: what has a size of its own needs a number of its own."""


class WholeShare:
    """The share of a training's only worker: the whole of every batch."""

    rank = 0
    """Number of this worker, from 0."""
    count = 1
    """Number of workers."""

    def select_rows(self, rows: Rows, lengths: Lengths) -> Rows:  # noqa: ARG002 - what several workers need
        """Return this worker's share of a batch of reviews."""
        return rows

    def weigh_losses(self, share: Any) -> tuple[Any, Any]:  # noqa: ARG002
        """Return the share of the batch's labelled reviews, and of all its reviews, that this worker has.

        `share` is what comes with the batch beside ids and labels, None with the whole.
        """
        return 1.0, 1.0

    def add_up_gradients(self, gradients: Sequence[Any], embedding: int, share: Any) -> Sequence[Any]:  # noqa: ARG002
        """Return the gradients' sums over all workers; `embedding` is the place of the embedding's."""
        return gradients

    def average(self, figures: dict[str, float], count: int) -> dict[str, float]:  # noqa: ARG002
        """Return the averages over all workers of figures that each has of `count` reviews."""
        return figures

    def request_stop(self, stop: Stop) -> None:
        """Stop all workers after the current batch."""
        stop.set()

    def is_stopping(self) -> bool:
        """Tell whether another worker has requested to stop; all workers know after the same step."""
        return False


class Shares(WholeShare):
    """One of several workers, each of which has the whole corpus, the whole model and its share of every batch.

    All that a training decides by is added up first, so that every worker decides the same. TensorFlow adds up, around
    a ring of the workers, as the environment's TF_CONFIG names them.
    """

    def __init__(self, rank: int, count: int) -> None:
        self.rank = rank
        self.count = count
        self.wish = tf.Variable(0.0)
        """Above zero if this worker is to stop them all."""
        self.wishes = tf.Variable(0.0)
        """Sum of all workers' at the last step."""

    def select_rows(self, rows: Rows, lengths: Lengths) -> Rows:
        """Return every n-th review of a batch, longest first, so that all shares' longest are alike."""
        return rows[np.argsort(-lengths[rows], kind="stable")][self.rank :: self.count]

    def weigh_losses(self, share: Any) -> tuple[Any, Any]:
        """Return what `ReviewBatches` measured."""
        labelled, of_all = tf.unstack(share[0])
        return labelled, of_all

    def add_up_gradients(self, gradients: Sequence[Any], embedding: int, share: Any) -> Sequence[Any]:
        """Return the gradients' sums over all workers.

        Of the embedding's, only the rows of the batch's words go round, which must be the same `(R,)` with every worker
        and name all rows that are not zero with any.
        """
        _, words = share
        own = [tf.convert_to_tensor(gradient) for gradient in gradients]
        going = list(own)
        going[embedding] = tf.gather(going[embedding], words)
        parts = [*(tf.reshape(gradient, (-1,)) for gradient in going), tf.reshape(self.wish, (1,))]
        sizes = [tf.size(part) for part in parts]
        blocks = -(-tf.add_n(sizes) // BLOCK)
        rest = blocks * BLOCK - tf.add_n(sizes)
        total = self._add_up(tf.concat([*parts, tf.zeros(rest)], 0), GRADIENTS + blocks)
        *sums, wishes, _ = tf.split(total, [*sizes, rest], num=len(parts) + 1)
        self.wishes.assign(wishes[0])
        added = [tf.reshape(part, tf.shape(gradient)) for part, gradient in zip(sums, going, strict=True)]
        added[embedding] = tf.scatter_nd(words[:, None], added[embedding], tf.shape(own[embedding]))
        for part, gradient in zip(added, own, strict=True):
            part.set_shape(gradient.shape)
        return added

    def average(self, figures: dict[str, float], count: int) -> dict[str, float]:
        """Return the averages, added up around the ring."""
        own = [*(figures[name] * count for name in figures), count]
        *sums, whole = self._add_up_figures(tf.constant(own, tf.float64)).numpy()
        return dict(zip(figures, (float(part / whole) for part in sums), strict=True))

    def request_stop(self, stop: Stop) -> None:  # noqa: ARG002 - all workers stop, at the same step
        """Add the wish to stop to what goes round at the next step."""
        self.wish.assign(1.0)

    def is_stopping(self) -> bool:
        """Tell whether any worker wished to stop at the last step."""
        return bool(self.wishes.numpy() > 0)

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
