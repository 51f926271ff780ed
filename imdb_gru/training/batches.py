"""Batches for Keras: right-padded ids that TensorFlow cuts from one flat array, in an order determined by the seed."""

import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from imdb_gru.config import Config
from imdb_gru.config.schedule import get_number
from imdb_gru.corpus.encoded import ALIGNMENT, EncodedReviews, iter_batches
from imdb_gru.system.arrays import NO_LABEL, Array, Ids, Mask, Rows
from imdb_gru.text.vocabulary import FIRST_WORD, PAD, UNKNOWN
from imdb_gru.training.shares import WholeShare

SHUFFLE_STREAM, WORD_DROPOUT_STREAM = 2, 3
"""Numbers that identify the random streams of training; validation reviews are chosen with a different stream."""

Batch = tuple[Ids, Array]


@functools.lru_cache(maxsize=2)  # one entry for the training reviews and one for the validation reviews
def _to_tensors(reviews: EncodedReviews, share: float) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the ids, offsets and labels; they are cached because Keras keeps the datasets of several epochs alive.

    The labels are `(N, 1)` or, if there are soft targets, `(N, 2)`: each review's label and its target. The target of a
    labelled review is `share * soft_target + (1 - share) * label`; that of an unlabelled review is its soft target.
    """
    labels = reviews.labels.astype(np.float32)[:, None]
    if reviews.soft_targets:
        soft = reviews.soft_targets.probabilities[:, None]
        labels = np.hstack([labels, np.where(labels == NO_LABEL, soft, share * soft + (1 - share) * labels)])
    return _view_as_tensor(reviews.ids), tf.constant(reviews.offsets), tf.constant(labels, tf.float32)


def _view_as_tensor(array: Ids) -> tf.Tensor:
    """Return a tensor that shares the array's memory if TensorFlow can use that memory, or else a copy."""
    if array.ctypes.data % ALIGNMENT or not array.flags.writeable:
        return tf.constant(array)
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


class ReviewBatches:
    """The batches of one epoch, determined by the seed and the epoch: ids `(B, T)` and labels `(B, 1)`.

    If the reviews have soft targets, the labels are `(B, 2)`: each review's label and its target.

    With several workers, each worker gets a share of every batch, and two more arrays for `Shares`. The first array,
    `(2,)`, holds the worker's fraction of the batch's reviews that have a target, and its fraction of all reviews in
    the batch. The second array, `(R,)`, holds every id that can occur in any worker's share of the batch. A worker
    whose share is empty gets one review with weight zero. In validation, batches are not split: each worker gets some
    of the batches.
    """

    def __init__(
        self, reviews: EncodedReviews, config: Config, epoch: int | None, shares: WholeShare | None = None
    ) -> None:
        """Build the batches of `epoch`; None means validation: no word dropout, and the longest reviews first."""
        self.reviews = reviews
        self.config = config
        self.epoch = epoch
        self.shares = shares or WholeShare()
        train, batch_size = config.train, get_number(config.train.batch_size)
        if epoch is None:
            order = np.argsort(-reviews.lengths, kind="stable")
            rows = np.array_split(order, math.ceil(len(order) / batch_size))
            self.rows = rows[self.shares.rank :: self.shares.count]
        else:
            rng = np.random.default_rng([train.seed, SHUFFLE_STREAM, epoch])
            bucket = train.batches == "bucketed"
            self.whole = list(iter_batches(reviews.lengths, batch_size, rng, bucket=bucket))
            self.rows = [self.shares.select_rows(rows, reviews.lengths) for rows in self.whole]

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches as NumPy arrays."""
        return self.to_dataset().as_numpy_iterator()  # type: ignore[no-any-return]

    def count(self, mask: Mask) -> int:
        """Return how many reviews in the batches are selected by `mask`, `(N,)`."""
        return sum(int(mask[rows].sum()) for rows in self.rows)

    def to_dataset(self) -> tf.data.Dataset:
        """Return a dataset for `fit` and `evaluate` that yields the batches without running Python code.

        Autotuning is off; otherwise, every epoch would end by waiting for the tuner, which sleeps longer each time.
        Optimizations of the dataset's graph are also off, because they would copy all ids into the graph.
        """
        train, rate = self.config.train, self.config.model.dropout.word if self.epoch is not None else 0.0
        least = self.config.text.length + 1 if train.batches == "padded" else 0
        ids, offsets, labels = _to_tensors(self.reviews, train.teacher_share)
        stream = [train.seed, WORD_DROPOUT_STREAM, self.epoch or 0]
        if self.shares.rank:
            stream.append(self.shares.rank)  # each worker has its own word dropout
        (seed,) = np.random.SeedSequence(stream).generate_state(1)

        def cut(index: tf.Tensor, rows: tf.Tensor, least: Any = least) -> tuple[tf.Tensor, tf.Tensor]:
            starts, stops = tf.gather(offsets, rows), tf.gather(offsets, rows + 1)
            timesteps = tf.maximum(tf.reduce_max(stops - starts), least)
            places = starts[:, None] + tf.range(timesteps)
            real = places < stops[:, None]
            batch = tf.where(real, tf.gather(ids, tf.where(real, places, 0)), PAD)
            if rate:
                chance = tf.random.stateless_uniform(tf.shape(batch), [np.int64(seed), index])
                batch = tf.where((chance < rate) & (batch >= FIRST_WORD), UNKNOWN, batch)
            return batch, tf.gather(labels, rows)

        def cut_share(index: tf.Tensor, share: tuple[tf.Tensor, ...]) -> tuple[Any, ...]:
            rows, part, whole = share
            starts, stops = tf.gather(offsets, whole), tf.gather(offsets, whole + 1)
            # padded like the whole batch: an adversarial move's length depends on all embeddings, even the padding's
            batch, label = cut(index, rows, tf.maximum(tf.reduce_max(stops - starts), least))
            words = tf.gather(ids, tf.ragged.range(starts, stops).values)
            words, _ = tf.unique(tf.concat([[PAD, UNKNOWN], words], 0))  # word dropout adds unknown words
            return batch, tf.where(part[1] > 0, label, NO_LABEL), (part, words)

        sharing = self.shares.count > 1 and self.epoch is not None
        rows: Any = _to_ragged(self.rows)
        if sharing:
            read = [rows if len(rows) else whole[:1] for rows, whole in zip(self.rows, self.whole, strict=True)]
            rows = (_to_ragged(read), self._measure_parts(), _to_ragged(self.whole))
        dataset = tf.data.Dataset.from_tensor_slices(rows).enumerate().map(cut_share if sharing else cut)
        options = tf.data.Options()
        options.autotune.enabled = False
        options.experimental_optimization.apply_default_optimizations = False
        return dataset.prefetch(2).with_options(options)

    def _measure_parts(self) -> Array:
        """For each batch, return this worker's fraction of the reviews with a target, and of all reviews, `(N, 2)`."""
        taught = self.reviews.taught
        parts = np.zeros((len(self.rows), 2), np.float32)
        for part, rows, whole in zip(parts, self.rows, self.whole, strict=True):
            part[:] = taught[rows].sum() / max(1, taught[whole].sum()), len(rows) / len(whole)
        return parts


def _to_ragged(batches: Sequence[Rows]) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_row_splits(np.concatenate(batches), np.cumsum([0, *map(len, batches)]))
