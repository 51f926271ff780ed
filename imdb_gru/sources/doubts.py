"""Signs of misleading quotation marks: rows hidden in a quoted cell, and quotation marks that do not enclose a cell."""

from collections.abc import Sequence

from imdb_gru.sources.row import describe_place
from imdb_gru.system.wording import count_noun

SAMPLED = 1000
"""Maximum number of doubtful rows to examine, and maximum number of one-line rows to compare them with."""
LONGEST_WORD = 30


class SpanningCells:
    """The rows of a table that span several lines, compared with the rows that span only one line.

    A row seems to hide other rows if each of its lines could be a row: the line has as many cells as the header, and
    it has a number in every column in which the one-line rows have only numbers. If the one-line rows have no such
    column, the line must have a single word in every column in which they have only single words.
    """

    def __init__(self, delimiter: str, width: int) -> None:
        self._delimiter, self._width = delimiter, width
        self._shapes: list[set[str]] = [set() for _ in range(width)]
        self._sampled = 0
        self._rows: list[tuple[int, int, int, frozenset[tuple[str, ...]]]] = []
        """Each doubtful row's number, first line and number of lines, and the shapes of the cells on its lines."""
        self.doubts = 0
        """Number of rows whose lines could be separate rows."""

    def add(self, number: int, line: int, cells: Sequence[str], lines: Sequence[str]) -> None:
        """Add a row."""
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
        """Return a description of the first row that seems to hide other rows, or None if there is no such row."""
        columns = self._find_columns("number") or self._find_columns("word")
        if not self._rows or self._width == 1 or not (columns or self._delimiter == "\t"):
            return None
        for number, line, lines, shapes in self._rows:
            if all(shape[place] in self._shapes[place] for shape in shapes for place in columns):
                return (
                    f"{describe_place(number, line)}: a quoted cell ends on line {line + lines - 1}, but its lines "
                    "look like separate rows; double the quotation marks within quoted cells, and remove quotation "
                    "marks that open a cell but do not close it"
                )
        return None

    def _find_columns(self, shape: str) -> list[int]:
        """Return the positions of the columns in which all non-empty cells have this shape."""
        return [place for place, shapes in enumerate(self._shapes) if shapes - {"empty"} == {shape}]

    def describe(self) -> str:
        """Return a note about the rows that may hide other rows."""
        number, line, _, _ = self._rows[0]
        return (
            f"{count_noun(self.doubts, 'row')} with cells that span several lines; the first is "
            f"{describe_place(number, line)}: if a quotation mark is missing, these lines could be separate rows"
        )


class QuotedCells:
    """The quoted cells of a table, which show whether the quotation marks belong to the texts.

    Programs that write tables quote either all cells of a column or only those that contain the delimiter, a quotation
    mark or a line break. Therefore, if a column has both unquoted cells and cells that are quoted unnecessarily, the
    quotation marks belong to the texts.
    """

    def __init__(self, delimiter: str, width: int) -> None:
        self._delimiter = delimiter
        self._quoted, self._bare = [False] * width, [False] * width

    def add(self, lines: Sequence[str]) -> None:
        """Add a row."""
        parts = lines[0].rstrip("\r\n").split(self._delimiter)
        if len(lines) > 1 or len(parts) != len(self._bare):
            return
        for place, part in enumerate(part.lstrip(" ") for part in parts):
            if part.startswith('"'):
                self._quoted[place] = self._quoted[place] or '"' not in part[1:-1]
            elif part:
                self._bare[place] = True

    def are_texts(self) -> bool:
        """Return whether any column has both unnecessarily quoted cells and unquoted cells."""
        return any(quoted and bare for quoted, bare in zip(self._quoted, self._bare, strict=True))


def _shape(cell: str) -> str:
    """Return the shape of a cell: "number", "word", "empty" or "text"."""
    cell = cell.strip().strip('"')
    if not cell:
        return "empty"
    try:
        float(cell)
    except ValueError:
        return "word" if len(cell) <= LONGEST_WORD and len(cell.split()) == 1 else "text"
    return "number"
