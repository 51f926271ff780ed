"""What a source is, and the reviews that it yields; imports nothing of the project."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

UNLABELLED = "unlabelled"
"""What a source calls the split of its reviews without labels."""

SURROGATE = re.compile("[\ud800-\udfff]")
"""Halves of characters: what `surrogateescape` makes of bytes that are not UTF-8, or JSON's escapes leave alone."""


@dataclass(frozen=True, slots=True)
class Review:
    """A film review: its text, its label and, where the source knows it, its film."""

    text: str
    label: int | None
    """1 positive, 0 negative, None where the source has no label."""
    film: str | None = None


class Source(Protocol):
    """A place that reviews come from."""

    @property
    def name(self) -> str:
        """What messages and runs call this source."""
        ...

    @property
    def folder(self) -> Path | None:
        """Where its data lies, for what may lie beside it; None for one that is made, not read."""
        ...

    @property
    def splits(self) -> tuple[str, ...]:
        """Name the splits it may hold, of `train`, `validation`, `test`, `unlabelled`; or `all` alone if undivided."""
        ...

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews in a fixed order; raises `DataError`, but not for a lack of unlabelled ones."""
        ...
