"""The dialects of CSV and TSV: delimiters and ways of quoting cells."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from imdb_gru.errors import DataError
from imdb_gru.system.escaping import show_value

DELIMITERS = (",", ";", "\t", "|")
_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}
_SEPARATOR = re.compile(r'\ufeff?"?sep=(.)"?[\r\n]*', re.IGNORECASE)
_ESCAPE = re.compile(r'\\(["\\])')
_QUOTE, _BACKSLASH = "\ud800", "\ud801"
"""Placeholders that replace escaped characters while csv splits lines into cells; decoded text never contains them."""
LONGEST_GAP = 16
"""Maximum number of spaces allowed before the quotation mark that opens a cell."""


@dataclass(frozen=True)
class Quoting:
    r"""A way of quoting cells; the default is RFC 4180, where `""` means a quotation mark within a quoted cell.

    If `escaped` is True, `\"` also means a quotation mark, as in files from MySQL and R. If `spaced` is True, spaces
    may precede a quoted cell.
    """

    quoted: bool = True
    escaped: bool = False
    spaced: bool = False

    def options(self, delimiter: str) -> dict[str, Any]:
        """Return the options for `csv.reader`."""
        quoting = csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE
        return {"delimiter": delimiter, "quoting": quoting, "skipinitialspace": self.spaced, "strict": True}

    def protect(self, lines: Iterable[str]) -> Iterable[str]:
        """Return the lines with placeholders for escaped characters, so that csv does not interpret them."""
        return (_ESCAPE.sub(_hide, line) for line in lines) if self.escaped else lines

    def restore(self, cells: list[str]) -> list[str]:
        """Return the cells with each placeholder replaced by the original character."""
        if not self.escaped:
            return cells
        return [cell.replace(_QUOTE, '"').replace(_BACKSLASH, "\\") for cell in cells]


LITERAL = Quoting(quoted=False)
"""Quotation marks have no special meaning, as in most TSV files."""


def _hide(found: "re.Match[str]") -> str:
    return _QUOTE if found[1] == '"' else _BACKSLASH


def read_separator(line: str) -> str | None:
    """Return the delimiter that a line such as `sep=;` specifies for Excel, or None for any other line."""
    found = _SEPARATOR.fullmatch(line)
    return found[1] if found else None


def find_delimiter(head: Sequence[str], given: str | None, separator: str | None, preferred: str) -> str:
    """Return the given delimiter, or the one that the file specifies, or else the one that fits most rows of `head`.

    Raises `DataError` if the given delimiter cannot separate cells.
    """
    if given is not None:
        delimiter = _NAMES.get(given.lower(), given)
        if len(delimiter) != 1 or delimiter in '"\r\n\\ ':
            raise DataError(f"the delimiter {show_value(given)} cannot separate cells: choose one character, or tab")
        return delimiter
    if separator is not None:
        return separator

    def rate(delimiter: str) -> tuple[float, int, bool]:
        rows = [row for row in csv.reader(head, delimiter=delimiter) if row]
        literal = [line.rstrip("\r\n").split(delimiter) for line in head if line.strip()]
        return max((*_rate(rows), delimiter == preferred), (*_rate(literal), delimiter == preferred))

    best = max((preferred, *DELIMITERS), key=rate)
    return best if rate(best)[1] > 1 else preferred


def _rate(rows: list[list[str]]) -> tuple[float, int]:
    """Return the share of rows as wide as the first row, and that width in cells; both are 0 if it is less than 2."""
    rows = [row for row in rows if "".join(row).strip()]
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0, 0
    return sum(len(row) == width for row in rows) / len(rows), width


def list_quotings(blocks: Iterable[str], delimiter: str) -> list[Quoting]:
    """Return the ways of quoting that a table may use, most likely first; `blocks` are successive parts of its text."""
    start = rf"[\r\n{re.escape(delimiter)}]"
    opening, spaced_opening = re.compile(rf'{start} {{0,{LONGEST_GAP}}}"'), re.compile(rf'{start} {{1,{LONGEST_GAP}}}"')
    quoted = escapes = spaced = False
    last = "\n"
    for block in blocks:
        if '"' in block:
            block = last + block
            quoted = quoted or opening.search(block) is not None
            spaced = spaced or spaced_opening.search(block) is not None
            escapes = escapes or '\\"' in block
        last = block[-LONGEST_GAP - 1 :]
    if not quoted:
        return [LITERAL]
    quotings = list(_iter_quotings(escapes, spaced))
    return [*quotings, LITERAL] if delimiter == "\t" else quotings


def _iter_quotings(escapes: bool, spaced: bool) -> Iterator[Quoting]:
    for escaped in (True, False) if escapes else (False,):
        for with_spaces in (True, False) if spaced else (False,):
            yield Quoting(escaped=escaped, spaced=with_spaces)
