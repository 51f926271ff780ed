"""A worker's share of every training batch, and the sums over all workers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from imdb_gru.system.arrays import Lengths, Rows
from imdb_gru.system.signals import Stop

GROUP, FIGURES, GRADIENTS = 47_001, 0, 1
"""Keys by which TensorFlow identifies the group of workers, the sums of metrics and the sums of gradients."""
BLOCK = 2**14
"""Gradients are padded to a multiple of this length, because TensorFlow needs a separate key for each size."""


class WholeShare:
    """The share of a single worker: the whole of every batch."""

    rank = 0
    """Index of this worker, counted from 0."""
    count = 1
    """Number of workers."""

    def select_rows(self, rows: Rows, lengths: Lengths) -> Rows:  # noqa: ARG002 - used by Shares
        """Return this worker's share of a batch of reviews."""
        return rows

    def weigh_losses(self, share: Any) -> tuple[Any, Any]:  # noqa: ARG002
        """Return this worker's fraction of the batch's reviews that have a target, and of all reviews in the batch.

        `share` is the third item of the batch, after ids and labels, or None for a single worker.
        """
        return 1.0, 1.0

    def add_up_gradients(self, gradients: Sequence[Any], embedding: int, share: Any) -> Sequence[Any]:  # noqa: ARG002
        """Return the gradients summed over all workers; `embedding` is the index of the embedding's gradient."""
        return gradients

    def average(self, figures: dict[str, float], counts: Mapping[str, int]) -> dict[str, float]:  # noqa: ARG002
        """Return the averages of `figures` over all workers, weighted by `counts`, each figure's number of reviews."""
        return figures

    def request_stop(self, stop: Stop) -> None:
        """Stop all workers after the current batch."""
        stop.set()

    def is_stopping(self) -> bool:
        """Return whether any worker has requested a stop; all workers learn of it after the same step."""
        return False


class Shares(WholeShare):
    """One of several workers, each with the whole corpus, the whole model and its own share of every batch.

    Every number on which a decision depends is first summed over all workers, so that all workers reach the same
    decision. TensorFlow computes the sums around a ring of the workers listed in the environment variable
    TF_CONFIG.
    """

    def __init__(self, rank: int, count: int) -> None:
        self.rank = rank
        self.count = count
        self.wish = tf.Variable(0.0)
        """Greater than zero if this worker is asking all workers to stop."""
        self.wishes = tf.Variable(0.0)
        """Sum of `wish` over all workers at the most recent step."""

    def select_rows(self, rows: Rows, lengths: Lengths) -> Rows:
        """Sort a batch, longest first, and return every `count`-th review, so that all shares have similar lengths."""
        return rows[np.argsort(-lengths[rows], kind="stable")][self.rank :: self.count]

    def weigh_losses(self, share: Any) -> tuple[Any, Any]:
        """Return the fractions that `ReviewBatches` computed."""
        taught, of_all = tf.unstack(share[0])
        return taught, of_all

    def add_up_gradients(self, gradients: Sequence[Any], embedding: int, share: Any) -> Sequence[Any]:
        """Return the gradients summed over all workers.

        Workers send only those rows of the embedding's gradient that belong to the batch's words. `share` holds the ids
        of these words, `(R,)`. The ids must be the same for all workers, and every row that is nonzero for any worker
        must be among them.
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

    def average(self, figures: dict[str, float], counts: Mapping[str, int]) -> dict[str, float]:
        """Return metrics averaged over all workers, with sums computed around the ring."""
        own = [(figures[name] * counts[name], counts[name]) for name in figures]
        sums = self._add_up_figures(tf.constant(own, tf.float64)).numpy()
        return dict(zip(figures, (float(part / whole) for part, whole in sums), strict=True))

    def request_stop(self, stop: Stop) -> None:  # noqa: ARG002 - all workers stop, at the same step
        """Send the stop request along with the gradients of the next step."""
        self.wish.assign(1.0)

    def is_stopping(self) -> bool:
        """Return whether any worker had requested a stop by the time of the most recent step."""
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
