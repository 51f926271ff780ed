"""Signs that quotation marks are not what they seem: rows swallowed by a quoted cell, and marks that quote nothing."""

from collections.abc import Sequence

from imdb_gru.sources.row import describe_place
from imdb_gru.system.wording import count_noun

SAMPLED = 1000
"""Number of rows, and of doubtful ones, whose cells are compared."""
LONGEST_WORD = 30


class SpanningCells:
    """The rows of a table that span several lines, compared with those that span one.

    A row has swallowed others if each of its lines would make a row: it has as many cells as the header, and numbers in
    the columns in which the rows of one line have only numbers. Without such columns, single words count instead.
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
        columns = self._find_columns("number") or self._find_columns("word")
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

    def _find_columns(self, shape: str) -> list[int]:
        """Return the places of the columns that have only cells of this shape, and empty ones."""
        return [place for place, shapes in enumerate(self._shapes) if shapes - {"empty"} == {shape}]

    def describe(self) -> str:
        """Return a note about the rows that may have swallowed others."""
        number, line, _, _ = self._rows[0]
        return (
            f"{count_noun(self.doubts, 'row')} with cells of several lines, which could be rows of their own if a "
            f"quotation mark is missing; the first is {describe_place(number, line)}"
        )


class QuotedCells:
    """The quoted cells of a table, which are only texts with marks around them if their columns have other cells too.

    Writers of tables either quote whole columns, or only cells that contain the delimiter, a mark or a line break.
    """

    def __init__(self, delimiter: str, width: int) -> None:
        self._delimiter = delimiter
        self._quoted, self._bare = [False] * width, [False] * width

    def add(self, lines: Sequence[str]) -> None:
        """Take a row into account."""
        parts = lines[0].rstrip("\r\n").split(self._delimiter)
        if len(lines) > 1 or len(parts) != len(self._bare):
            return
        for place, part in enumerate(part.lstrip(" ") for part in parts):
            if part.startswith('"'):
                self._quoted[place] = self._quoted[place] or '"' not in part[1:-1]
            elif part:
                self._bare[place] = True

    def are_texts(self) -> bool:
        """Return whether a column has both cells that are quoted without need and cells that are not quoted."""
        return any(quoted and bare for quoted, bare in zip(self._quoted, self._bare, strict=True))


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
