"""The usual spelling of lengthened words, such as "so" for "sooo"."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

_THRICE = re.compile(r"(.)\1\1")
_RUN = re.compile(r"([^\W\d_])\1\1+")
_NUMERAL = re.compile(r"[ivx]+")
_MOST_RUNS = 4
"""If a word has more runs of repeated letters than this, only two combinations of lengths are tried."""
_MUCH = 30
"""A run is shortened to one letter instead of two only if the resulting word's rank is smaller by at least this factor.

For example, "sooo" becomes "so" (rank 39), not "soo" (11797), but "tooo" becomes "too" (103), not "to" (6).
"""


def find_spelling(word: str, ranks: Mapping[str, int]) -> str | None:
    """Return the usual spelling of a lengthened word, or None if it is not lengthened or `ranks` has no spelling of it.

    A run of three or more identical letters is shortened to two letters or to one. Roman numerals are not shortened. A
    word that consists of a single repeated letter is shortened to three letters, as in "zzz" and "www".
    """
    if not _THRICE.search(word):  # quickly rules out nearly all words
        return None
    known = [
        (ranks[spelling] * _MUCH**singles, spelling) for spelling, singles in _iter_spellings(word) if spelling in ranks
    ]
    return min(known)[1] if known else None


def _iter_spellings(word: str) -> Iterator[tuple[str, int]]:
    """Yield possible spellings, each with the number of runs that are shortened to one letter."""
    parts = _RUN.split(word)  # text, letter, text, letter, …, text
    letters = parts[1::2]
    if not letters or _NUMERAL.fullmatch(word):
        return
    if len(letters) == 1 and not any(parts[::2]):
        if len(word) > 3:
            yield 3 * letters[0], 0
        return
    repeats = len(letters)
    for counts in product((2, 1), repeat=repeats) if repeats <= _MOST_RUNS else ((2,) * repeats, (1,) * repeats):
        runs = [count * letter for count, letter in zip(counts, letters, strict=True)]
        yield "".join(text + run for text, run in zip(parts[::2], [*runs, ""], strict=True)), counts.count(1)


def find_candidates(words: Sequence[str]) -> list[str]:
    """Return the words with three identical characters in a row; this is faster than searching each word separately."""
    codes = np.frombuffer("\0".join(words).encode("utf-32-le", "surrogatepass"), np.uint32)
    places = np.flatnonzero((codes[2:] == codes[1:-1]) & (codes[1:-1] == codes[:-2]))
    ends = np.cumsum(np.fromiter(map(len, words), np.int64, len(words)) + 1)
    rows = {*np.searchsorted(ends, places, "right").tolist()}  # np.unique would import numpy.ma
    return [words[row] for row in sorted(rows)]


def describe_spelling() -> dict[str, Any]:
    """Return the patterns and constants of `find_spelling` as JSON-compatible data."""
    return {"run": _RUN.pattern, "numeral": _NUMERAL.pattern, "most_runs": _MOST_RUNS, "much": _MUCH}
