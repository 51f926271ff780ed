"""The batches of next-word training: reviews of similar length, cut into chunks of timesteps."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imdb_gru.config import NextWordConfig
from imdb_gru.corpus.encoded import EncodedReviews, iter_batches, pad, pad_targets
from imdb_gru.system.arrays import Ids, Rows
from imdb_gru.training.batches import SHUFFLE_STREAM


@dataclass(frozen=True)
class Chunk:
    """Consecutive timesteps of a batch of reviews."""

    ids: Ids
    """Ids, `(B, T)`, with padding after the end of each review."""
    targets: Ids
    """The next id at each timestep, `(B, T)`; a review's last word is followed by the start token, then by padding."""


class ReviewChunks:
    """The batches of one epoch, determined by the seed and the epoch.

    Each batch is cut into chunks of at most `timesteps` timesteps.
    """

    def __init__(self, reviews: EncodedReviews, config: NextWordConfig, epoch: int | None) -> None:
        """Build the batches of `epoch`; None means validation, which starts with the longest reviews."""
        self.reviews = reviews
        self.timesteps = config.train.timesteps
        self.batches: list[Rows]
        if epoch is None:
            order = np.argsort(-reviews.lengths, kind="stable")
            self.batches = np.array_split(order, math.ceil(len(order) / config.train.batch_size))
        else:
            rng = np.random.default_rng([config.train.seed, SHUFFLE_STREAM, epoch])
            self.batches = list(iter_batches(reviews.lengths, config.train.batch_size, rng))

    def __len__(self) -> int:
        """Return the number of chunks in all batches."""
        lengths = self.reviews.lengths
        return sum(math.ceil(int(lengths[rows].max()) / self.timesteps) for rows in self.batches)

    def cut(self, number: int) -> Iterator[Chunk]:
        """Yield a batch's chunks, whose lengths differ by at most one timestep."""
        sequences = [self.reviews[row] for row in self.batches[number]]
        ids, targets = pad(sequences), pad_targets(sequences)
        count = math.ceil(ids.shape[1] / self.timesteps)
        edges = [ids.shape[1] * part // count for part in range(count + 1)]
        for start, stop in itertools.pairwise(edges):
            yield Chunk(ids[:, start:stop], targets[:, start:stop])

    def count_words(self, number: int) -> int:
        """Return the number of targets in a batch."""
        return int(self.reviews.lengths[self.batches[number]].sum())
