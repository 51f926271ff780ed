"""A row of a table, and its location."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Cells = dict[str, Any]
"""The values of a row, by column name."""


class TableRow(NamedTuple):
    """A row of a table."""

    number: int
    """Number of the row as in a spreadsheet: the header is row 1, and a row that spans several lines counts once."""
    cells: Cells
    line: int | None = None
    """Number of the line on which the row begins, if the file has lines."""

    @property
    def place(self) -> str:
        """Return the location of the row: its number and, if different, the number of its first line."""
        return describe_place(self.number, self.line)


class Rows(Protocol):
    """The rows of a file, which can be iterated over repeatedly."""

    @property
    def columns(self) -> Mapping[str, int]:
        """Return how often each column name occurs; the mapping is empty if there is no header."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """Return notes on anything unusual in the file."""
        ...

    def __iter__(self) -> Iterator[TableRow]:
        """Yield the rows."""
        ...


def describe_place(number: int, line: int | None) -> str:
    """Return the location of a row: its number and, if different, the number of its first line."""
    return f"row {number}" if line in (None, number) else f"row {number} (line {line})"
