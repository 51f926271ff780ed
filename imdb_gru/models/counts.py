"""Counts of texts with problems: those labelled "unsure" and those whose predictions may be unreliable."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from imdb_gru.config.prediction import ReadingConfig
from imdb_gru.corpus.doubt import Doubt

if TYPE_CHECKING:
    from imdb_gru.config import TextConfig


class Seen(Protocol):
    """The result for one text, including the number of words in the text and how many of them were read."""

    @property
    def words(self) -> int:
        """Return the number of words in the text."""
        ...

    @property
    def read(self) -> int:
        """Return the number of words left after truncation."""
        ...

    @property
    def doubt(self) -> Doubt | None:
        """Return the reason why the result is unreliable; None if there is no reason."""
        ...

    @property
    def unsure(self) -> bool:
        """Return whether the label is "unsure"."""
        ...


def describe_text(seen: Seen) -> str | None:
    """Return the reason why a text's prediction may be unreliable, such as truncation; None if there is no reason."""
    if seen.doubt:
        return seen.doubt
    return f"only {seen.read} of {seen.words} words were read" if seen.read < seen.words else None


@dataclass
class Counts:
    """The number of texts, and the number of texts with each kind of problem."""

    all: int = 0
    cut: int = 0
    """Number of texts that were truncated."""
    longest: int = 0
    """Number of words in the longest text."""
    empty: int = 0
    """Number of texts without words."""
    strange: int = 0
    """Number of texts that have words, but none in the vocabulary."""
    unfamiliar: int = 0
    """Number of texts in which at least half of the words are unknown."""
    foreign: int = 0
    """Number of texts that are probably in a language that the model was not trained on."""
    unsure: int = 0
    """Number of texts whose label is "unsure", for any reason."""

    def take(self, seen: Seen) -> None:
        """Count one more text."""
        self.all += 1
        self.cut += seen.read < seen.words
        self.longest = max(self.longest, seen.words)
        self.empty += seen.doubt == "no words"
        self.strange += seen.doubt == "no known words"
        self.unfamiliar += seen.doubt == "unknown words"
        self.foreign += seen.doubt == "another language"
        self.unsure += seen.unsure

    def add(self, other: "Counts") -> None:
        """Add the counts of other texts."""
        self.all += other.all
        self.cut += other.cut
        self.longest = max(self.longest, other.longest)
        self.empty += other.empty
        self.strange += other.strange
        self.unfamiliar += other.unfamiliar
        self.foreign += other.foreign
        self.unsure += other.unsure

    def describe(
        self, config: "TextConfig | ReadingConfig", undecodable: int, *, warn_empty: bool = True
    ) -> Iterator[str]:
        """Yield a message for each kind of problem found in the texts; mention empty texts only if `warn_empty`."""
        part = {"head": "first", "tail": "last", "middle": "outer"}[config.truncate]
        one = self.all == 1
        if config.direction == "backward" and self.all:
            yield f"the model read {'the text from its' if one else 'the texts from their'} end"
        if self.cut:
            of = f"of {self.longest} words" if one else f"words of each (the longest has {self.longest})"
            yield f"{_name(self.cut, one)} longer than the limit: only the {part} {config.length} {of} were read"
        if self.empty and warn_empty:
            yield f"{_name(self.empty, one)} without words, so the label is unsure"
        for count, fault in (
            (self.strange, "without a word that the model knows"),
            (self.unfamiliar, "at least half made of words that the model does not know"),
            (self.foreign, "probably in a language that the model was not trained on"),
        ):
            if count:
                yield f"{_name(count, one)} {fault}, so the prediction is unreliable"
        if self.unsure > self.empty + self.strange and not one:
            verb = "is" if self.unsure == 1 else "are"
            yield f"{self.unsure:,} of {self.all:,} texts {verb} unsure ({self.unsure / self.all:.1%})"
        if undecodable:
            yield (
                f"{_name(undecodable, one)} not valid in the encoding of the input: some bytes were read as �; "
                "choose another encoding with --encoding"
            )
        if not self.all:
            yield "there were no texts"


def _name(count: int, one: bool) -> str:
    return "the text is" if one else f"{count} {'text is' if count == 1 else 'texts are'}"
