"""Counting the texts that a model did not see as they were."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from imdb_gru.config import TextConfig


class Seen(Protocol):
    """What became of a text."""

    @property
    def words(self) -> int:
        """Count the words of the text."""
        ...

    @property
    def read(self) -> int:
        """Count the words left after truncation."""
        ...

    @property
    def unknown(self) -> int:
        """Count the words read that the vocabulary does not hold."""
        ...


@dataclass
class Counts:
    """Number of texts, and how many of them the model did not see as they were."""

    all: int = 0
    cut: int = 0
    """Texts longer than the model reads."""
    longest: int = 0
    """Number of words of the longest text."""
    empty: int = 0
    """Texts without words."""
    strange: int = 0
    """Texts of which the vocabulary holds no word."""

    def take(self, seen: Seen) -> None:
        """Count one more text."""
        self.all += 1
        self.cut += seen.read < seen.words
        self.longest = max(self.longest, seen.words)
        self.empty += not seen.words
        self.strange += seen.words > 0 and seen.read == seen.unknown

    def add(self, other: "Counts") -> None:
        """Add the counts of other texts."""
        self.all += other.all
        self.cut += other.cut
        self.longest = max(self.longest, other.longest)
        self.empty += other.empty
        self.strange += other.strange

    def describe(self, config: TextConfig, undecodable: int, *, warn_empty: bool = True) -> Iterator[str]:
        """Yield a line for each way in which texts were not seen as they were; `warn_empty` as in `count_seen`."""
        part = {"head": "first", "tail": "last", "middle": "outer"}[config.truncate]
        one = self.all == 1
        if self.cut:
            of = f"of {self.longest} words" if one else f"words each (the longest has {self.longest})"
            yield f"{_name(self.cut, one)} longer than the limit: only the {part} {config.length} {of} were read"
        if self.empty and warn_empty:
            yield f"{_name(self.empty, one)} without words, so the probability is the one before the first word"
        if self.strange:
            yield f"{_name(self.strange, one)} made of unknown words only, so the result means little"
        if undecodable:
            yield f"{_name(undecodable, one)} not valid UTF-8: invalid bytes were read as �"
        if not self.all:
            yield "there were no texts"


def _name(count: int, one: bool) -> str:
    return "the text is" if one else f"{count} {'text is' if count == 1 else 'texts are'}"
