"""Counts of texts that were truncated, had no words, or had only unknown words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from imdb_gru.config import TextConfig


class Seen(Protocol):
    """The result for one text, with its word counts."""

    @property
    def words(self) -> int:
        """Return the number of words in the text."""
        ...

    @property
    def read(self) -> int:
        """Return the number of words left after truncation."""
        ...

    @property
    def unknown(self) -> int:
        """Return the number of words read that are not in the vocabulary."""
        ...


@dataclass
class Counts:
    """The number of texts, and how many were truncated, had no words, or had only unknown words."""

    all: int = 0
    cut: int = 0
    """Number of texts that were truncated."""
    longest: int = 0
    """Number of words in the longest text."""
    empty: int = 0
    """Number of texts without words."""
    strange: int = 0
    """Number of texts that have words, but none in the vocabulary."""

    def take(self, seen: Seen) -> None:
        """Count one more text."""
        self.all += 1
        self.cut += seen.read < seen.words
        self.longest = max(self.longest, seen.words)
        self.empty += not seen.words
        self.strange += seen.words > 0 and seen.read == seen.unknown

    def add(self, other: "Counts") -> None:
        """Add the counts of further texts."""
        self.all += other.all
        self.cut += other.cut
        self.longest = max(self.longest, other.longest)
        self.empty += other.empty
        self.strange += other.strange

    def describe(self, config: TextConfig, undecodable: int, *, warn_empty: bool = True) -> Iterator[str]:
        """Yield a line for each kind of problem found in the texts; `warn_empty` is as in `count_seen`."""
        part = {"head": "first", "tail": "last", "middle": "outer"}[config.truncate]
        one = self.all == 1
        if self.cut:
            of = f"of {self.longest} words" if one else f"words of each (the longest has {self.longest})"
            yield f"{_name(self.cut, one)} longer than the limit: only the {part} {config.length} {of} were read"
        if self.empty and warn_empty:
            yield f"{_name(self.empty, one)} without words, so the prediction is the probability before the first word"
        if self.strange:
            yield f"{_name(self.strange, one)} made of unknown words only, so the prediction means little"
        if undecodable:
            yield f"{_name(undecodable, one)} not valid UTF-8: invalid bytes were read as �"
        if not self.all:
            yield "there were no texts"


def _name(count: int, one: bool) -> str:
    return "the text is" if one else f"{count} {'text is' if count == 1 else 'texts are'}"
