"""Eight-byte digests of reviews; they show whether a review was used to train a run."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config.prediction import ReadingConfig
from imdb_gru.corpus.encoded import Tokenized, choose_words
from imdb_gru.system.arrays import Mask
from imdb_gru.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from imdb_gru.config import TextConfig

Digests = NDArray[np.uint64]

NO_WORDS = 0
"""The digest of a review without words; such a review never counts as repeated or as used in training."""


def digest_words(words: Iterable[str]) -> int:
    """Return the digest of a review's words."""
    text = " ".join(words)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") if text else NO_WORDS


def digest_tokenized(reviews: Tokenized) -> Digests:
    """Return the digest of each tokenized review, `(N,)`."""
    words = list(reviews.lexicon)
    rows = range(len(reviews.labels))
    return np.array([digest_words(words[number] for number in reviews[row].tolist()) for row in rows], np.uint64)


def digest_texts(texts: Iterable[str], config: "TextConfig | ReadingConfig", vocabulary: Vocabulary) -> Digests:
    """Return the digest of each text, computed from the words that a model with this config reads, `(N,)`."""
    return np.array([digest_words(choose_words(vocabulary.tokenize(text), config)) for text in texts], np.uint64)


def find_repeated(digests: Digests, others: Digests) -> Mask:
    """Return a mask `(N,)` of the reviews that also occur in `others`; reviews without words are never included."""
    repeated: Mask = np.isin(digests, others) & (digests != NO_WORDS)
    return repeated


@dataclass(frozen=True, eq=False)
class SeenReviews:
    """Digests of the reviews that were used to train a model."""

    digests: Digests
    share: int = 1
    """1 if all digests are stored, or n if only the digests divisible by n are stored, to save space."""
    validation: Digests = field(default_factory=lambda: np.empty(0, np.uint64))
    """The digests of reviews that were used only to choose the best epoch, a subset of `digests`; empty if unknown."""

    @classmethod
    def build(cls, train: Digests, validation: Digests) -> "SeenReviews":
        """Build the record of a training run from the digests of its training and validation reviews."""
        return cls(np.union1d(train, validation), validation=np.setdiff1d(validation, train))

    @property
    def trained(self) -> Digests:
        """Return the digests of the training reviews, or all digests if the validation reviews are unknown."""
        return np.setdiff1d(self.digests, self.validation)

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> "SeenReviews":
        """Restore the digests from a run's arrays, or raise `ValueError` or `KeyError` if they are damaged."""
        share, parts = int(arrays["share"]), (arrays["digests"], arrays["validation"])
        for digests in parts:
            if digests.dtype != np.uint64 or digests.ndim != 1 or share < 1:
                raise ValueError(f"digests of type {digests.dtype} and shape {digests.shape}, with a share of {share}")
        return cls(parts[0], share, parts[1])

    def count(self, digests: Digests) -> int:
        """Return how many of the reviews with these digests were used to train the model (estimated if `share` > 1)."""
        stored = digests[digests % np.uint64(self.share) == 0]
        return min(len(digests), self.share * int(find_repeated(stored, self.digests).sum()))

    def thin(self, share: int) -> "SeenReviews":
        """Return a copy with only the digests that are multiples of `share`."""
        digests, validation = (part[part % np.uint64(share) == 0] for part in (self.digests, self.validation))
        return SeenReviews(digests, share, validation)
