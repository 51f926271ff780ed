"""Search for reviews that are identical or nearly identical to other reviews.

MinHash with banding (Broder 1997; Leskovec, Rajaraman, Ullman 2014, chapter 3) proposes pairs that may be nearly
identical; a pair is reported only if its Jaccard similarity is at least `SIMILARITY`.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from itertools import count

import numpy as np
from numpy.typing import NDArray

from imdb_gru.system.arrays import Ids, Rows

SHINGLE = 3
"""Number of consecutive words in a shingle; reviews are compared by their sets of shingles."""
SIMILARITY = 0.7
"""Reviews are reported as nearly identical if the Jaccard similarity of their shingles is at least this value."""
BANDS, HASHES_A_BAND = 25, 4
"""Number of bands, and number of hashes in each band.

The probability that two reviews share a key in at least one band is 0.999 if their similarity is `SIMILARITY`, and
0.0025 if their similarity is 0.1.
"""
BLOCK = 1024
"""Number of shingles hashed at once."""
MOST_CANDIDATES = 20
"""In each band, a review is compared with at most this many reviews that have the same key."""

_ODD = np.random.default_rng(0).integers(2**63, size=BANDS * HASHES_A_BAND + SHINGLE + 1, dtype=np.uint64) * 2 + 1
_PLACES, _MIXER, _MULTIPLIERS = _ODD[:SHINGLE], _ODD[SHINGLE], _ODD[SHINGLE + 1 :, None]

Keys = NDArray[np.uint64]
Twins = dict[int, int]
"""Mapping from the row of a review to the row of its twin, an identical or nearly identical review."""


class Texts:
    """Reviews as arrays of word ids, one review per row, with digests that show which reviews are identical."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict(count().__next__)
        self.words: list[Ids] = []
        self.digests: list[bytes] = []
        """Digest of each review's words; empty if the review has no words."""
        self._keys: list[Keys] = []

    def name_words(self) -> list[str]:
        """Return the words in the order of their ids."""
        return list(self._numbers)

    def add(self, tokens: list[str]) -> None:
        """Add a review."""
        words = np.fromiter(map(self._numbers.__getitem__, tokens), np.int32, len(tokens))
        self.words.append(words)
        self.digests.append(hashlib.blake2b(words.tobytes(), digest_size=16).digest() if tokens else b"")
        self._keys.append(_hash_bands(words))

    def group(self, rows: Iterable[int]) -> list[list[int]]:
        """Return groups of rows whose texts are identical, excluding texts that have no words."""
        groups: defaultdict[bytes, list[int]] = defaultdict(list)
        for row in rows:
            groups[self.digests[row]].append(row)
        return [group for digest, group in groups.items() if digest and len(group) > 1]

    def find_twins(self, rows: Rows, others: Rows) -> tuple[Twins, Twins]:
        """Return two mappings from `rows` to `others`: one for identical reviews, one for nearly identical reviews."""
        known = {self.digests[other]: other for other in reversed(others.tolist())}
        same = {row: known[digest] for row in rows.tolist() if (digest := self.digests[row]) and digest in known}
        return same, self._find_near(np.array([row for row in rows.tolist() if row not in same], np.int64), others)

    def _find_near(self, rows: Rows, others: Rows) -> Twins:
        rows, others = (
            np.array([row for row in part.tolist() if self.digests[row]], np.int64) for part in (rows, others)
        )
        near: Twins = {}
        tried: set[tuple[int, int]] = set()
        for band in range(BANDS):
            keys, other_keys = (np.array([self._keys[row][band] for row in part.tolist()]) for part in (rows, others))
            order = np.argsort(other_keys, kind="stable")
            ranked = other_keys[order]
            first, last = np.searchsorted(ranked, keys, "left"), np.searchsorted(ranked, keys, "right")
            for place in np.flatnonzero(last > first):
                row = int(rows[place])
                stop = min(last[place], first[place] + MOST_CANDIDATES)
                for other in others[order[first[place] : stop]].tolist():
                    if row not in near and (row, other) not in tried:
                        tried.add((row, other))
                        if self.measure_similarity(row, other) >= SIMILARITY:
                            near[row] = other
        return near

    def measure_similarity(self, row: int, other: int) -> float:
        """Return the Jaccard similarity of two reviews' shingles."""
        first, second = (_cut_shingles(self.words[one]) for one in (row, other))
        return len(first & second) / len(first | second)


def _cut_shingles(words: Ids) -> set[tuple[int, ...]]:
    """Return all sequences of `SHINGLE` consecutive words, or a single shorter sequence if a review has fewer words."""
    listed = words.tolist()
    return set(zip(*(listed[place:] for place in range(SHINGLE)), strict=False)) or {tuple(listed)}


def _hash_bands(words: Ids) -> Keys:
    """Return one key for each band, `(BANDS,)`; see `BANDS` for the probability that two reviews share a key."""
    least = np.full((len(_MULTIPLIERS), 1), np.iinfo(np.uint64).max, dtype=np.uint64)
    padded = np.pad(words, (0, max(0, SHINGLE - len(words))), constant_values=-1).astype(np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(padded, SHINGLE)
    for start in range(0, len(windows), BLOCK):
        shingles = windows[start : start + BLOCK] @ _PLACES  # all arithmetic from here on is modulo 2^64
        shingles = (shingles ^ shingles >> 32) * _MIXER
        shingles ^= shingles >> 29
        np.minimum(least, (_MULTIPLIERS * shingles).min(axis=1, keepdims=True), out=least)
    keys: Keys = (least.reshape(BANDS, HASHES_A_BAND) * _MULTIPLIERS[:HASHES_A_BAND, 0]).sum(axis=1)
    return keys
