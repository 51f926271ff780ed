"""Digests of reviews: eight bytes each, by which a run recognises the reviews that it was trained on."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config import TextConfig
from imdb_gru.corpus.encoded import Tokenized, truncate
from imdb_gru.system.arrays import Mask
from imdb_gru.text.vocabulary import Vocabulary

Digests = NDArray[np.uint64]

NO_WORDS = 0
"""The digest of a review without words, which is never recognised."""


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


def digest_texts(texts: Iterable[str], config: TextConfig, vocabulary: Vocabulary) -> Digests:
    """Return the digest of each text as a model with this config and vocabulary reads it, `(N,)`."""
    return np.array(
        [digest_words(truncate(vocabulary.tokenize(text), config.length, config.truncate)) for text in texts], np.uint64
    )


def find_repeated(digests: Digests, others: Digests) -> Mask:
    """Return which reviews are identical to one of `others`, `(N,)`; those without words are not."""
    repeated: Mask = np.isin(digests, others) & (digests != NO_WORDS)
    return repeated


@dataclass(frozen=True, eq=False)
class SeenReviews:
    """The reviews that were used to train a model, as digests."""

    digests: Digests
    share: int = 1
    """1 if the digests of all reviews are stored; n if, to save space, only those that are multiples of n."""

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> "SeenReviews":
        """Return the reviews whose digests a run has stored; raises `ValueError` or `KeyError` if they are damaged."""
        digests, share = arrays["digests"], int(arrays["share"])
        if digests.dtype != np.uint64 or digests.ndim != 1 or share < 1:
            raise ValueError(f"digests of type {digests.dtype} and shape {digests.shape}, 1 in {share}")
        return cls(digests, share)

    def count(self, digests: Digests) -> int:
        """Count the reviews that were used in training; an estimate unless `share` is 1."""
        stored = digests[digests % np.uint64(self.share) == 0]
        return min(len(digests), self.share * int(find_repeated(stored, self.digests).sum()))

    def thin(self, share: int) -> "SeenReviews":
        """Keep only every n-th digest or so, where n is `share`."""
        return SeenReviews(self.digests[self.digests % np.uint64(share) == 0], share)
