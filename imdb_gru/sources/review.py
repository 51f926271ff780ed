"""The protocol for sources, and the class of their reviews; this module imports no other module of the project."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

UNLABELLED = "unlabelled"
"""The name of the split for reviews without labels."""

SURROGATE = re.compile("[\ud800-\udfff]")
"""Unpaired surrogates, which come from undecodable bytes or from escapes in JSON."""


@dataclass(frozen=True, slots=True)
class Review:
    """A film review: its text, its label, and its film if known."""

    text: str
    label: int | None
    """1 for positive, 0 for negative, None if unlabelled."""
    film: str | None = None


class Source(Protocol):
    """A source of reviews, such as a file or a folder."""

    @property
    def name(self) -> str:
        """Return the name used for this source in messages and runs."""
        ...

    @property
    def folder(self) -> Path | None:
        """Return the folder that contains the data and any related files, or None if the source reads no files."""
        ...

    @property
    def splits(self) -> tuple[str, ...]:
        """Return `all` or at least one of `train`, `validation` and `test`, followed by `unlabelled` if it exists."""
        ...

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews in a fixed order, or raise `DataError`; only the unlabelled split may be empty."""
        ...


def list_notes(source: Source) -> tuple[str, ...]:
    """Return notes on anything unusual in a source's files; they are complete once all reviews have been read."""
    return tuple(getattr(source, "notes", ()))
