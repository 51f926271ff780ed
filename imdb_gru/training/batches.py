"""Own the batches that Keras is fed: right-padded ids, cut by TensorFlow from one flat array, in the seed's order."""

import functools
import math
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from imdb_gru.config import Config
from imdb_gru.text.encoded import ALIGNMENT, EncodedReviews, iter_batches
from imdb_gru.text.vocabulary import FIRST_WORD, PAD, UNKNOWN, Ids

SHUFFLE_STREAM, WORD_DROPOUT_STREAM = 2, 3
"""Which random stream of the seed serves what, beside the hold-out's."""

Batch = tuple[Ids, NDArray[np.float32]]


@functools.lru_cache(maxsize=2)  # what is trained on and what was held out
def _to_tensors(reviews: EncodedReviews) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return ids, offsets and labels, the same tensors for all epochs: Keras keeps hold of several epochs' datasets."""
    return _lend(reviews.ids), tf.constant(reviews.offsets), tf.constant(reviews.labels.astype(np.float32))


def _lend(array: Ids) -> tf.Tensor:
    """Return a tensor of an array where it lies, without a copy, if TensorFlow can read it there."""
    if array.ctypes.data % ALIGNMENT or not array.flags.writeable:
        return tf.constant(array)
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


class ReviewBatches:
    """One epoch of batches: ids `(B, T)` and labels `(B, 1)`; the same for the same seed and epoch."""

    def __init__(self, reviews: EncodedReviews, config: Config, epoch: int | None) -> None:
        """Take epoch `None` for scoring: longest first, nothing dropped."""
        self.reviews = reviews
        self.config = config
        self.epoch = epoch
        train = config.train
        if epoch is None:
            order = np.argsort(-reviews.lengths, kind="stable")
            self.rows = np.array_split(order, math.ceil(len(order) / train.batch_size))
        else:
            rng = np.random.default_rng([train.seed, SHUFFLE_STREAM, epoch])
            bucket = train.batches == "bucketed"
            self.rows = list(iter_batches(reviews.lengths, train.batch_size, rng, bucket=bucket))

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches as NumPy arrays."""
        return self.to_dataset().as_numpy_iterator()  # type: ignore[no-any-return]

    def to_dataset(self) -> tf.data.Dataset:
        """Return them as `fit` and `evaluate` take them: no Python runs between one batch and the next.

        Autotuning is off: a dataset that tunes itself holds up the end of an epoch until its tuner, which sleeps twice
        as long each time, wakes up.
        """
        train, rate = self.config.train, self.config.model.dropout.word if self.epoch is not None else 0.0
        least = self.config.text.length + 1 if train.batches == "padded" else 0
        ids, offsets, labels = _to_tensors(self.reviews)
        edges = np.cumsum([0, *map(len, self.rows)])
        (seed,) = np.random.SeedSequence([train.seed, WORD_DROPOUT_STREAM, self.epoch or 0]).generate_state(1)

        def cut(index: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            starts, stops = tf.gather(offsets, rows), tf.gather(offsets, rows + 1)
            timesteps = tf.maximum(tf.reduce_max(stops - starts), least)
            places = starts[:, None] + tf.range(timesteps)
            real = places < stops[:, None]
            batch = tf.where(real, tf.gather(ids, tf.where(real, places, 0)), PAD)
            if rate:
                chance = tf.random.stateless_uniform(tf.shape(batch), [np.int64(seed), index])
                batch = tf.where((chance < rate) & (batch >= FIRST_WORD), UNKNOWN, batch)
            return batch, tf.gather(labels, rows)[:, None]

        rows = tf.data.Dataset.from_tensor_slices(tf.RaggedTensor.from_row_splits(np.concatenate(self.rows), edges))
        options = tf.data.Options()
        options.autotune.enabled = False
        return rows.enumerate().map(cut).prefetch(2).with_options(options)
