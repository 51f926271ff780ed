"""Rows of JSON: one object on each line, or one array of objects, streamed in constant memory."""

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from imdb_gru.errors import DataError
from imdb_gru.sources.decoding import MAX_ROW_CHARACTERS, Lines, Text, describe_length
from imdb_gru.sources.row import TableRow
from imdb_gru.system.escaping import show_value

MAX_COLUMNS = 10_000
BLOCK = 2**16
LAYOUT = "put one object on each line, or all objects in one array"
_SPACE = re.compile(r"\s*")


class JsonRows:
    """The objects of a file as rows; the columns are the keys of all objects."""

    def __init__(self, text: Text) -> None:
        self.name = text.content.name
        self.notes = (text.note,) if text.note else ()
        self._text = text
        self._is_array = self._starts_array()
        self.columns: dict[str, int] = {}
        for row in self:
            self.columns.update(dict.fromkeys(row.cells, 1))
            if len(self.columns) > MAX_COLUMNS:
                raise DataError(f"{self.name} has more than {MAX_COLUMNS:,} columns; the table may be malicious")

    def __iter__(self) -> Iterator[TableRow]:
        """Yield the objects, each numbered by its line or by its position in the array."""
        for number, row in self._iter_array() if self._is_array else self._iter_lines():
            if not isinstance(row, dict):
                raise DataError(f"{self.name}, row {number}: {show_value(row)} is not a JSON object; {LAYOUT}")
            yield TableRow(number, row)

    def _starts_array(self) -> bool:
        with self._text.open(newline=None) as file:
            while (block := file.read(BLOCK)) and not block.strip():
                pass
        return block.lstrip().startswith("[")

    def _iter_lines(self) -> Iterator[tuple[int, Any]]:
        with Lines(self._text, newline=None) as lines:
            for line in lines.divide(lines):
                if line.strip():
                    try:
                        yield lines.number, json.loads(line)
                    except (ValueError, RecursionError) as error:
                        raise self._describe(lines.number, error) from error

    def _iter_array(self) -> Iterator[tuple[int, Any]]:
        number = 1
        with self._text.open(newline=None) as file:
            array = _Array(self.name, file)
            array.skip("[")
            while (mark := array.find_next()) != "]":
                if number > 1:
                    if mark != ",":
                        raise self._describe(
                            number, "a comma is missing before this object" if mark else "the array is not closed"
                        )
                    array.skip(",")
                    mark = array.find_next()
                if mark != "{":
                    reason = f"{show_value(mark)} does not begin an object" if mark else "the array is not closed"
                    raise self._describe(number, reason)
                try:
                    row = array.decode()
                except (ValueError, RecursionError) as error:
                    raise self._describe(number, error) from error
                yield number, row
                number += 1
            array.skip("]")
            if mark := array.find_next():
                raise self._describe(number, f"{show_value(mark)} follows the array")

    def _describe(self, number: int, reason: object) -> DataError:
        return DataError(f"{self.name}, row {number}: not JSON ({reason}); {LAYOUT}")


class _Array:
    """The text of a JSON array, which is read in blocks."""

    def __init__(self, name: str, file: TextIO) -> None:
        self._name = name
        self._file = file
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0

    def find_next(self) -> str:
        """Return the next character that is not white space, or an empty string at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_more():
                return ""

    def skip(self, mark: str) -> None:
        """Skip the next character, which must be `mark`."""
        assert self.find_next() == mark
        self._at += 1

    def decode(self) -> Any:
        """Return the next value. Raises `DataError` if it is too long, and other errors if it is not valid JSON."""
        while True:
            try:
                value, self._at = self._decoder.raw_decode(self._text, self._at)
            except ValueError:  # the value may continue in the next block
                if not self._read_more():
                    raise
            else:
                return value

    def _read_more(self) -> bool:
        self._text, self._at = self._text[self._at :], 0
        if len(self._text) > MAX_ROW_CHARACTERS:
            raise describe_length(f"{self._name}: an object")
        more = self._file.read(max(BLOCK, len(self._text)))
        self._text += more
        return bool(more)
