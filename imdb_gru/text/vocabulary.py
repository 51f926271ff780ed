"""The map between tokens and ids.

Ids are Keras's: 0 pad, 1 start, 2 unknown, words from 3, most frequent first. A vocabulary names the tokenizer that
made its tokens, so that a text can be encoded in one way only.
"""

import json
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imdb_gru.errors import ConfigError, RunError
from imdb_gru.system.arrays import Ids
from imdb_gru.system.reading import read_text
from imdb_gru.text.tokenizer import TOKENIZERS

PAD, START, UNKNOWN, FIRST_WORD = 0, 1, 2, 3
START_TOKEN, END_TOKEN, UNKNOWN_TOKEN = "<start>", "<end>", "<unknown>"

MARK, COMMON, OTHER, UNFAMILIAR = range(4)
"""Kinds of ids: punctuation marks, pad and start; the commonest words; the other words; unknown words."""
MOST_COMMON = 100
"""Number of commonest words; in natural language, they are about half of a text."""


class Vocabulary:
    """A tokenizer and the words that have an id, most frequent first."""

    def __init__(self, tokenizer: str, words: Sequence[str]) -> None:
        self.tokenizer = tokenizer
        self.words = tuple(words)
        self.tokenize = TOKENIZERS[tokenizer]
        self._id_of = {word: rank for rank, word in enumerate(self.words, FIRST_WORD)}

    def __len__(self) -> int:
        """Count the ids, including pad, start and unknown; an embedding has the same number of rows."""
        return FIRST_WORD + len(self.words)

    @cached_property
    def kinds(self) -> NDArray[np.int8]:
        """Return the kind of each id, `(V,)`: MARK, COMMON, OTHER or UNFAMILIAR."""
        marks = np.array([len(word) == 1 and word in string.punctuation for word in self.words], bool)
        kinds = np.full(len(self), OTHER, np.int8)
        kinds[[PAD, START, UNKNOWN]] = MARK, MARK, UNFAMILIAR
        kinds[FIRST_WORD + np.flatnonzero(marks)] = MARK
        kinds[FIRST_WORD + np.flatnonzero(~marks)[:MOST_COMMON]] = COMMON
        return kinds

    def encode(self, tokens: Iterable[str]) -> Ids:
        """Return the start token's id and those of `tokens`, `(1 + len(tokens),)` int32."""
        look_up = self._id_of.get
        return np.array([START, *(look_up(token, UNKNOWN) for token in tokens)], dtype=np.int32)

    def name_next(self, id: int) -> str:
        """Return the token for a predicted next id; the start token's id means the end of the review."""
        return self.words[id - FIRST_WORD] if id >= FIRST_WORD else {START: END_TOKEN, UNKNOWN: UNKNOWN_TOKEN}[id]

    def save(self, path: Path) -> None:
        """Write the vocabulary as JSON."""
        path.write_text(json.dumps({"tokenizer": self.tokenizer, "words": self.words}, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read a vocabulary written by `save`; raises `RunError` if the file is anything else."""
        try:
            stored = json.loads(read_text(path))
            words = stored["words"]
            if stored["tokenizer"] not in TOKENIZERS or not isinstance(words, list):
                raise ValueError("the tokenizer is unknown, or the words are not a list")
            if not all(isinstance(word, str) for word in words):
                raise ValueError("some words are not strings")
            return cls(stored["tokenizer"], words)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunError(f"{path} is not a vocabulary ({error}): train the run again") from error


def build_vocabulary(
    tokenizer: str, counts: Counter[str], *, max_words: int | None = None, min_count: int = 1
) -> Vocabulary:
    """Build a vocabulary of tokens ranked by frequency, with ties in alphabetical order.

    All ids are below `max_words`, as with Keras's `num_words`, so that limit also counts pad, start and unknown.
    """
    ranked = sorted((-count, word) for word, count in counts.items() if count >= min_count)
    return _bounded(tokenizer, [word for _, word in ranked], max_words)


def build_keras_vocabulary(word_index: dict[str, int], *, max_words: int | None = None) -> Vocabulary:
    """Build the vocabulary of `keras.datasets.imdb` from Keras's published word ranks."""
    return _bounded("keras", sorted(word_index, key=word_index.__getitem__), max_words)


def _bounded(tokenizer: str, words: list[str], max_words: int | None) -> Vocabulary:
    if not words:
        raise ConfigError("text.min_count leaves no word at all in the vocabulary: lower it, or train on more reviews")
    return Vocabulary(tokenizer, words if max_words is None else words[: max_words - FIRST_WORD])
