"""N-grams as features: the n-grams of the training reviews, and where each n-gram first occurs in a review.

A feature is binary, so only the first occurrence of an n-gram in a review counts. The logit of a linear model after
each word is therefore a running sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from imdb_gru.system.arrays import Labels

ORDER = 3
"""Number of words in the longest n-gram; trigrams helped on IMDB's validation reviews for every C that was tried."""

Numbers = NDArray[np.int64]

_ABSENT = -1


@dataclass(frozen=True)
class Occurrences:
    """The first occurrences of features in reviews, sorted by review and position."""

    rows: Numbers
    """Index of the review that contains each occurrence, `(K,)`."""
    features: Numbers
    """Index of the feature at each occurrence, `(K,)`."""
    places: Numbers
    """Position of the n-gram's last word in the concatenated words of all reviews, `(K,)`."""
    offsets: Numbers
    """Start of each review in the concatenated words, `(N + 1,)`; review `i` ends before `offsets[i + 1]`."""


class NgramIndex:
    """The n-grams of the training reviews, each with an index: first the words, then the bigrams, and so on."""

    def __init__(self, words: dict[str, int], codes: list[Numbers]) -> None:
        self.words = words
        self.codes = codes
        """The sorted codes of the n-grams of each order, from 2 up. The code of an n-gram is p·W + w: p is the index
        of its prefix (the n-gram without its last word) among the n-grams of the prefix's order, W is the number of
        distinct words, and w is the index of the last word."""

    @classmethod
    def build(cls, reviews: Sequence[Sequence[str]], order: int = ORDER) -> "NgramIndex":
        """Assign an index to each n-gram of tokenized reviews."""
        words = {word: number for number, word in enumerate(dict.fromkeys(chain.from_iterable(reviews)))}
        index = cls(words, [])
        ids, offsets = index._lay_out(reviews)
        last = ids
        for _ in range(2, order + 1):
            codes = index._join(last, ids, offsets)
            known, numbers = np.unique(codes[codes != _ABSENT], return_inverse=True)
            last = np.full(len(ids), _ABSENT, dtype=np.int64)
            last[codes != _ABSENT] = numbers
            index.codes.append(known)
        return index

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.words) + sum(map(len, self.codes))

    def locate(self, reviews: Sequence[Sequence[str]]) -> Occurrences:
        """Find the first occurrence of each known n-gram in tokenized reviews."""
        ids, offsets = self._lay_out(reviews)
        rows = np.repeat(np.arange(len(reviews)), np.diff(offsets))
        keys, places, numbers, first = [], [], ids, 0
        for codes in (None, *self.codes):
            if codes is not None:
                numbers = _look_up(self._join(numbers, ids, offsets), codes)
            known = np.flatnonzero(numbers != _ABSENT)
            # np.unique returns the index of the first among equal keys.
            found, where = np.unique(rows[known] * len(self) + first + numbers[known], return_index=True)
            keys.append(found)
            places.append(known[where])
            first += len(self.words) if codes is None else len(codes)
        key, place = np.concatenate(keys), np.concatenate(places)
        order = np.argsort(place, kind="stable")
        return Occurrences(key[order] // len(self), key[order] % len(self), place[order], offsets)

    def _lay_out(self, reviews: Sequence[Sequence[str]]) -> tuple[Numbers, Numbers]:
        """Return the concatenated word indices, and the position at which each review starts."""
        offsets = np.zeros(len(reviews) + 1, dtype=np.int64)
        np.cumsum([len(tokens) for tokens in reviews], out=offsets[1:])
        look_up = self.words.get
        words = (look_up(token, _ABSENT) for token in chain.from_iterable(reviews))
        return np.fromiter(words, np.int64, offsets[-1]), offsets

    def _join(self, shorter: Numbers, ids: Numbers, offsets: Numbers) -> Numbers:
        """Return the code of the n-gram that ends at each word, or -1 if there is none.

        For each word, `shorter` holds the index of the n-gram that ends at that word and is one word shorter.
        """
        codes = np.full(len(ids), _ABSENT, dtype=np.int64)
        whole = (shorter[:-1] != _ABSENT) & (ids[1:] != _ABSENT)
        codes[1:][whole] = shorter[:-1][whole] * len(self.words) + ids[1:][whole]
        codes[offsets[:-1][np.diff(offsets) > 0]] = _ABSENT  # these n-grams would span two reviews
        return codes


def _look_up(codes: Numbers, known: Numbers) -> Numbers:
    """Return the index of each code in the sorted known codes, or -1 if the code is unknown."""
    if not len(known):
        return np.full(len(codes), _ABSENT, dtype=np.int64)
    numbers = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    return np.where(known[numbers] == codes, numbers, _ABSENT)


def compute_log_count_ratios(occurrences: Occurrences, labels: Labels, features: int) -> NDArray[np.float64]:
    """Return each feature's log-count ratio between positive and negative reviews, `(features,)`.

    Wang & Manning, Baselines and Bigrams, ACL 2012, equation 1, applied to binary counts; 1 is added to each count.
    """
    shares = []
    for label in (1, 0):
        counts = 1 + np.bincount(occurrences.features[labels[occurrences.rows] == label], minlength=features)
        shares.append(counts / counts.sum())
    return np.asarray(np.log(shares[0] / shares[1]))
