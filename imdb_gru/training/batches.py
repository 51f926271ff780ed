"""Own the batches that Keras is fed: right-padded ids, an epoch's order fixed by the seed."""

import math
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from imdb_gru.config import Config
from imdb_gru.text.encoded import EncodedReviews, iter_batches
from imdb_gru.text.vocabulary import FIRST_WORD, UNKNOWN, Ids

SHUFFLE_STREAM, WORD_DROPOUT_STREAM = 2, 3
"""Which random stream of the seed serves what, beside the hold-out's."""

Batch = tuple[Ids, NDArray[np.float32]]


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
        """Yield the batches."""
        train, rate = self.config.train, self.config.model.dropout.word
        timesteps = self.config.text.length + 1 if train.batches == "padded" else 0
        for index, rows in enumerate(self.rows):
            ids = self.reviews.pad(rows, timesteps)
            if self.epoch is not None and rate:
                rng = np.random.default_rng([train.seed, WORD_DROPOUT_STREAM, self.epoch, index])
                ids[(rng.random(ids.shape) < rate) & (ids >= FIRST_WORD)] = UNKNOWN
            yield ids, self.reviews.labels[rows].astype(np.float32)[:, None]

    def to_dataset(self) -> tf.data.Dataset:
        """Return them as `fit` and `evaluate` take them; left to itself, Keras would guess one length for all.

        Autotuning is off: a dataset that tunes itself holds up the end of an epoch until its tuner, which sleeps twice
        as long each time, wakes up.
        """
        signature = (tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, 1), tf.float32))
        dataset = tf.data.Dataset.from_generator(lambda: iter(self), output_signature=signature)
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(self.rows))).prefetch(2)
        options = tf.data.Options()
        options.autotune.enabled = False
        return dataset.with_options(options)
