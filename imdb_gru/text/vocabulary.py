"""The mapping between tokens and ids.

The ids are the same as in Keras: 0 is pad, 1 is start, 2 is unknown, and words start at 3, most frequent first. A
vocabulary includes the name of its tokenizer, so a text cannot be encoded with the wrong tokenizer. A lengthened word
has the id of its usual spelling.
"""

import json
import string
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imdb_gru.errors import ConfigError, RunError
from imdb_gru.system.arrays import Ids
from imdb_gru.system.reading import read_text
from imdb_gru.text.spelling import find_candidates, find_spelling
from imdb_gru.text.tokenizer import TOKENIZERS, tokenize_without_emoticons

PAD, START, UNKNOWN, FIRST_WORD = 0, 1, 2, 3
START_TOKEN, END_TOKEN, UNKNOWN_TOKEN = "<start>", "<end>", "<unknown>"

MARK, COMMON, OTHER, UNFAMILIAR = range(4)
"""Kinds of ids: MARK for punctuation, pad and start; COMMON and OTHER for words; UNFAMILIAR for the unknown id."""
MOST_COMMON = 100
"""Number of words whose kind is COMMON: the most frequent words, which make up about half of a typical text."""


class Vocabulary:
    """A tokenizer, and the words that have an id, most frequent first."""

    def __init__(self, tokenizer: str, words: Sequence[str], *, emoticons: bool = False) -> None:
        self.tokenizer = tokenizer
        self.words = tuple(words)
        self.emoticons = emoticons
        """Whether an emoticon is one token; vocabularies of earlier versions split emoticons into single characters."""
        self.tokenize: Callable[[str], list[str]] = (
            TOKENIZERS[tokenizer] if emoticons or tokenizer != "words" else tokenize_without_emoticons
        )
        self._id_of = {word: rank for rank, word in enumerate(self.words, FIRST_WORD)}
        if tokenizer == "words":
            for word in find_candidates(self.words):
                if spelling := find_spelling(word, self._id_of):
                    self._id_of[word] = self._id_of[spelling]

    def __len__(self) -> int:
        """Return the number of ids, including pad, start and unknown; an embedding has one row for each id."""
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
        """Return the id of the start token, followed by the ids of `tokens`, `(1 + len(tokens),)` int32."""
        look_up = self._id_of.get
        return np.array([START, *(look_up(token) or self._guess(token) for token in tokens)], dtype=np.int32)

    def _guess(self, token: str) -> int:
        """Return the id of the usual spelling of a word that is not in the vocabulary, or the unknown id."""
        spelling = find_spelling(token, self._id_of) if self.tokenizer == "words" else None
        return UNKNOWN if spelling is None else self._id_of[spelling]

    @property
    def respelled(self) -> dict[str, int]:
        """Return the lengthened words in the vocabulary, with the ids of their usual spellings."""
        ranks = enumerate(self.words, FIRST_WORD)
        return {word: self._id_of[word] for rank, word in ranks if self._id_of[word] != rank}

    def name_next(self, id: int) -> str:
        """Return the token for an id predicted to come next; the start token's id means the end of the review."""
        return self.words[id - FIRST_WORD] if id >= FIRST_WORD else {START: END_TOKEN, UNKNOWN: UNKNOWN_TOKEN}[id]

    def save(self, path: Path) -> None:
        """Write the vocabulary as JSON."""
        stored = {"tokenizer": self.tokenizer, "emoticons": self.emoticons, "words": self.words}
        path.write_text(json.dumps(stored, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read a vocabulary written by `save`, or raise `RunError` if the file is not a valid vocabulary."""
        try:
            stored = json.loads(read_text(path))
            words = stored["words"]
            if stored["tokenizer"] not in TOKENIZERS or not isinstance(words, list):
                raise ValueError("the tokenizer is unknown, or the words are not a list")
            if not all(isinstance(word, str) for word in words):
                raise ValueError("some words are not strings")
            "".join(words).encode()  # fails for unpaired surrogates, which UTF-8 cannot encode
            emoticons = stored.get("emoticons", False)
            if not isinstance(emoticons, bool):
                raise ValueError("'emoticons' is neither true nor false")
            return cls(stored["tokenizer"], words, emoticons=emoticons)
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunError(f"{path} is not a vocabulary ({error}): train the model again") from error


def build_vocabulary(
    tokenizer: str, counts: Counter[str], *, max_words: int | None = None, min_count: int = 1
) -> Vocabulary:
    """Build a vocabulary of tokens ranked by frequency, with ties in alphabetical order.

    All ids are below `max_words`, as with Keras's `num_words`, so this limit includes pad, start and unknown.
    Lengthened words are counted as their usual spelling.
    """
    if tokenizer == "words":
        counts = _join_spellings(counts)
    words = [word for word in _rank(counts) if counts[word] >= min_count]
    return _bounded(tokenizer, words, max_words, emoticons=tokenizer == "words")


def _rank(counts: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda word: (-counts[word], word))


def _join_spellings(counts: Counter[str]) -> Counter[str]:
    joined, ranked = Counter(counts), _rank(counts)
    ranks = {word: rank for rank, word in enumerate(ranked, FIRST_WORD)}
    for word in find_candidates(ranked):
        if spelling := find_spelling(word, ranks):
            joined[spelling] += joined.pop(word)
    return joined


def build_keras_vocabulary(word_index: dict[str, int], *, max_words: int | None = None) -> Vocabulary:
    """Build the vocabulary of `keras.datasets.imdb` from Keras's published word ranks."""
    return _bounded("keras", sorted(word_index, key=word_index.__getitem__), max_words)


def _bounded(tokenizer: str, words: list[str], max_words: int | None, *, emoticons: bool = False) -> Vocabulary:
    if not words:
        raise ConfigError("text.min_count leaves no word at all in the vocabulary: lower it, or train on more reviews")
    return Vocabulary(tokenizer, words if max_words is None else words[: max_words - FIRST_WORD], emoticons=emoticons)
