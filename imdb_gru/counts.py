"""Own the counting of texts that a model did not see as they were."""

from dataclasses import dataclass
from typing import Protocol


class Seen(Protocol):
    """What came of a text."""

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
    """How many texts came, and how many of them the model did not see as they were."""

    all: int = 0
    cut: int = 0
    longest: int = 0
    empty: int = 0
    strange: int = 0

    def take(self, seen: Seen) -> None:
        """Count one more text."""
        self.all += 1
        self.cut += seen.read < seen.words
        self.longest = max(self.longest, seen.words)
        self.empty += not seen.words
        self.strange += seen.words > 0 and seen.read == seen.unknown

    def add(self, other: "Counts") -> None:
        """Take in what was counted of other texts."""
        self.all += other.all
        self.cut += other.cut
        self.longest = max(self.longest, other.longest)
        self.empty += other.empty
        self.strange += other.strange
