"""Rows of tables whose cells are separated by a delimiter, such as CSV and TSV, streamed in constant memory.

To find out how a table uses quotation marks, the whole table is read at least once before the first row is yielded.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.sources.decoding import BLOCK, MAX_ROW_CHARACTERS, Lines, Text
from imdb_gru.sources.dialects import Quoting, find_delimiter, list_quotings, read_separator
from imdb_gru.sources.doubts import QuotedCells, SpanningCells
from imdb_gru.sources.row import TableRow, describe_place
from imdb_gru.system.wording import count_noun


class _Record(NamedTuple):
    """A row as it appears in the file."""

    number: int
    """Number of the row as in a spreadsheet: a row that spans several lines counts once."""
    line: int
    """Number of the line on which the row begins."""
    cells: list[str]
    lines: list[str]
    """The lines that the row spans; valid until the next record is read."""


@dataclass
class _Survey:
    """The findings from reading a whole table."""

    problem: DataError | None = None
    empty: int = 0
    """The number of rows whose cells are all empty."""
    note: str | None = None


class DelimitedRows:
    """The rows of a table in CSV, TSV or a similar format."""

    def __init__(self, text: Text, data: DataConfig, preferred: str) -> None:
        self.name = text.content.name
        self._text = text
        self._skipped, self._delimiter = self._find_delimiter(data.delimiter, preferred)
        self._quoting, survey = self._find_quoting()
        self.columns = Counter(self._header)
        empty = survey.empty and f"{self.name}: left out {count_noun(survey.empty, 'row')} without any content"
        self.notes = tuple(note for note in (text.note, survey.note, empty) if note)

    def __iter__(self) -> Iterator[TableRow]:
        """Yield the rows below the header, except those whose cells are all empty."""
        for record in self._iter_records(self._quoting):
            if record.cells:
                yield TableRow(record.number, dict(zip(self._header, record.cells, strict=True)), record.line)

    def _find_delimiter(self, given: str | None, preferred: str) -> tuple[int, str]:
        """Return the number of lines before the table, and the delimiter."""
        with Lines(self._text, newline="") as lines:
            head = []
            for line in lines:
                head.append(line)
                if sum(map(len, head)) > 2**18 or len(head) == 200:  # the last row may be incomplete
                    break
        separator = read_separator(head[0]) if head else None
        return (separator is not None), find_delimiter(head, given, separator, preferred)

    def _find_quoting(self) -> tuple[Quoting, _Survey]:
        """Return the first way of quoting that fits the table, and the findings. Raises `DataError` if none fits."""
        with self._text.open(newline="") as file:
            quotings = list_quotings(iter(lambda: file.read(BLOCK), ""), self._delimiter)
        surveys = [(quoting, self._survey(quoting)) for quoting in quotings[:1]]
        while surveys[-1][1].problem and len(surveys) < len(quotings):
            quoting = quotings[len(surveys)]
            surveys.append((quoting, self._survey(quoting)))
        quoting, survey = surveys[-1]
        if survey.problem:
            standard = next((found.problem for tried, found in surveys if tried == Quoting()), None)
            raise standard or survey.problem
        return quoting, survey

    def _survey(self, quoting: Quoting) -> _Survey:
        """Read the whole table, assuming one way of quoting, and return the findings."""
        survey = _Survey()
        spanning = quoted = None
        try:
            for record in self._iter_records(quoting):
                spanning = spanning or SpanningCells(self._delimiter, len(self._header))
                quoted = quoted or QuotedCells(self._delimiter, len(self._header))
                if record.cells:
                    spanning.add(record.number, record.line, record.cells, record.lines)
                    quoted.add(record.lines)
                else:
                    survey.empty += 1
            if spanning and (swallowed := spanning.find_swallowed()):
                raise DataError(f"{self.name}, {swallowed}")
            if quoted and quoting.quoted and self._delimiter == "\t" and quoted.are_texts():
                raise DataError(f"{self.name} has quotation marks that do not enclose cells: remove them")
        except DataError as error:
            survey.problem = error
        if spanning and spanning.doubts:
            survey.note = f"{self.name}: {spanning.describe()}"
        return survey

    def _iter_records(self, quoting: Quoting) -> Iterator[_Record]:
        """Yield the rows below the header, cut to its width; rows with only empty cells are yielded without cells."""
        self._header: list[str] = []
        for record in self._iter_all(quoting):
            blank = not "".join(record.cells).strip()
            if not self._header:
                if not blank:
                    self._header = record.cells
            elif blank and len(record.cells) != 1:
                if record.cells:
                    yield record._replace(cells=[])
            else:
                yield record._replace(cells=self._fit(record))

    def _fit(self, record: _Record) -> list[str]:
        """Cut a row to the width of the header. Raises `DataError` if the row is too short or extra cells hold text."""
        width, cells = len(self._header), record.cells
        if len(cells) == width or (len(cells) > width and not "".join(cells[width:]).strip()):
            return cells[:width]
        remedy = "quote cells that contain a delimiter or a line break"
        if width == 1:
            remedy = (
                "quote texts that contain a delimiter, name the delimiter with --delimiter, "
                "or read each line as a text with --format lines"
            )
        raise DataError(
            f"{self.name}, {describe_place(record.number, record.line)}: "
            f"expected {count_noun(width, 'cell')}, but found {len(cells)}; {remedy}"
        )

    def _iter_all(self, quoting: Quoting) -> Iterator[_Record]:
        """Yield the rows of the file, starting with the header."""
        csv.field_size_limit(MAX_ROW_CHARACTERS)  # never reset: it is global, and two tables may be read alternately
        with Lines(self._text, newline="") as lines:
            for _ in range(self._skipped):
                next(lines.divide(lines), None)
            reader = csv.reader(quoting.protect(lines), **quoting.options(self._delimiter))
            number, first = 1, lines.number + 1
            try:
                for cells in lines.divide(reader):
                    yield _Record(number, first, quoting.restore(cells), lines.taken)
                    number, first = number + 1, lines.number + 1
            except csv.Error as error:
                place = describe_place(number, first)
                raise DataError(f"{self.name}, {place}: {_explain(str(error), lines.number, first)}") from error


def _explain(error: str, line: int, first: int) -> str:
    """Explain an error that the csv module raised for a row that begins on line `first`."""
    where = f" on line {line}" if line != first else ""
    if "unexpected end" in error:
        return "the file ends inside a quoted cell: close the cell, and double the quotation marks within it"
    if "expected after" in error:
        return (
            f"text follows the quotation mark that closes a cell{where}: double the quotation marks within the cell, "
            "or remove the quotation mark that opens it"
        )
    return f"{error}{where}"
