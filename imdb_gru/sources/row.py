"""A row of a table, and where it is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Cells = dict[str, Any]
"""The values of a row by column."""


class TableRow(NamedTuple):
    """A row of a table."""

    number: int
    """As a spreadsheet counts: the header is row 1, and a row that spans several lines counts once."""
    cells: Cells
    line: int | None = None
    """The line of the file in which the row begins, if the file has lines."""

    @property
    def place(self) -> str:
        """Return the row's number, and its line if that has another number."""
        return describe_place(self.number, self.line)


class Rows(Protocol):
    """The rows of a file; the iteration can be repeated."""

    @property
    def columns(self) -> Mapping[str, int]:
        """Return how often each column occurs; empty if there is no header."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """Return what is unusual about the file, in sentences."""
        ...

    def __iter__(self) -> Iterator[TableRow]:
        """Yield the rows."""
        ...


def describe_place(number: int, line: int | None) -> str:
    """Return the number of a row, and the line in which it begins if that has another number."""
    return f"row {number}" if line in (None, number) else f"row {number} (line {line})"
