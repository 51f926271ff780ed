"""Cells that span several lines, which may be rows that a stray quotation mark has swallowed."""

from collections.abc import Sequence

from imdb_gru.sources.row import describe_place
from imdb_gru.system.wording import count_noun

SAMPLED = 1000
"""Number of rows, and of doubtful ones, whose cells are compared."""
LONGEST_WORD = 30
SHORT = ({"number"}, {"word"})


class SpanningCells:
    """The rows of a table that span several lines, compared with those that span one.

    A row is swallowed if each of its lines would make a row: it has as many cells as the header, and its numbers and
    single words stand in the columns in which the rows of one line have only numbers or only single words.
    """

    def __init__(self, delimiter: str, width: int) -> None:
        self._delimiter, self._width = delimiter, width
        self._shapes: list[set[str]] = [set() for _ in range(width)]
        self._sampled = 0
        self._rows: list[tuple[int, int, int, frozenset[tuple[str, ...]]]] = []
        """The number, first line and number of lines of each doubtful row, and the shapes of its lines."""
        self.doubts = 0
        """Number of rows whose lines could be rows of their own."""

    def add(self, number: int, line: int, cells: Sequence[str], lines: Sequence[str]) -> None:
        """Take a row into account."""
        if len(lines) > 1:
            divided = []
            for content in lines:
                parts = content.rstrip("\r\n").split(self._delimiter)
                if len(parts) != self._width:
                    return
                divided.append(tuple(map(_shape, parts)))
            self.doubts += 1
            if len(self._rows) < SAMPLED:
                self._rows.append((number, line, len(lines), frozenset(divided)))
        elif self._sampled < SAMPLED:
            self._sampled += 1
            for shapes, cell in zip(self._shapes, cells, strict=True):
                shapes.add(_shape(cell))

    def find_swallowed(self) -> str | None:
        """Return what is wrong with the first row that has swallowed others."""
        columns = [place for place, shapes in enumerate(self._shapes) if shapes - {"empty"} in SHORT]
        if not self._rows or self._width == 1 or not (columns or self._delimiter == "\t"):
            return None
        for number, line, lines, shapes in self._rows:
            if all(shape[place] in self._shapes[place] for shape in shapes for place in columns):
                return (
                    f"{describe_place(number, line)}: a quotation mark opens a cell that closes in line "
                    f"{line + lines - 1}, and the lines between look like rows of their own; double the quotation "
                    "marks within quoted cells, and remove those that open a cell without closing it"
                )
        return None

    def describe(self) -> str:
        """Return a note about the rows that may have swallowed others."""
        number, line, _, _ = self._rows[0]
        return (
            f"{count_noun(self.doubts, 'row')} with cells of several lines, which could be rows of their own if a "
            f"quotation mark is missing; the first is {describe_place(number, line)}"
        )


def _shape(cell: str) -> str:
    """Return whether a cell is a number, a single word, empty, or another text."""
    cell = cell.strip().strip('"')
    if not cell:
        return "empty"
    try:
        float(cell)
    except ValueError:
        return "word" if len(cell) <= LONGEST_WORD and len(cell.split()) == 1 else "text"
    return "number"
