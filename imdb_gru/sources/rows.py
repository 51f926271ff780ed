"""Rows of tables in CSV, TSV, JSON lines and Parquet, streamed one by one in constant memory.

Bytes that are not UTF-8 become surrogates through `surrogateescape`, so that the caller can count them.
"""

import codecs
import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from imdb_gru.errors import DataError, MissingExtraError
from imdb_gru.system.escaping import show_value
from imdb_gru.system.reading import open_file

MAX_ROW_CHARACTERS = 16 * 2**20
"""Maximum number of characters in all cells of a row together; about three million words."""
PARQUET_BATCH = 64
"""Number of Parquet rows that are unpacked together, before their sizes can be checked."""
ONE_COLUMN = "separate the cells of a .csv by commas, and those of a .tsv by tabs"
OPEN_QUOTE = "the file ends inside a quoted cell: close the cell's quotation mark, and double those within the cell"

Divided = TypeVar("Divided")
Row = dict[str, Any]
RowReader = Callable[[Path], Iterator[tuple[int, Row]]]
"""Yields row 0, which maps each column to its number of occurrences, then the table's rows, numbered from 1."""


class _Lines:
    """The lines of a table; checks the sizes of rows while reading them."""

    def __init__(self, path: Path, newline: str | None) -> None:
        self.path = path
        _refuse_utf16(path)
        self.file = io.TextIOWrapper(open_file(path), "utf-8-sig", "surrogateescape", newline)
        self.number = self.read = 0

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __iter__(self) -> Iterator[str]:
        """Yield the lines; raises `DataError` if a row is too long."""
        while line := self.file.readline(MAX_ROW_CHARACTERS + 1 - self.read):
            self.number += 1
            self.read += len(line)
            if self.read > MAX_ROW_CHARACTERS:
                raise _too_long(f"{self.path}, line {self.number}: the row")
            yield line

    def divide(self, rows: Iterable[Divided]) -> Iterator[Divided]:
        """Yield the rows read from these lines, and start measuring anew after each row."""
        for row in rows:
            self.read = 0
            yield row


def _refuse_utf16(path: Path) -> None:
    with open_file(path) as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise DataError(f"{path} is UTF-16: save it as UTF-8")


def _too_long(what: str) -> DataError:
    return DataError(f"{what} is longer than {MAX_ROW_CHARACTERS:,} characters; do not trust this table")


def _iter_csv(path: Path, delimiter: str = ",") -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(MAX_ROW_CHARACTERS)  # a process-wide limit, because two tables may be read alternately
    with _Lines(path, newline="") as lines:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            rows = lines.divide(reader)
            columns = next((cells for cells in rows if "".join(cells).strip()), [])
            yield 0, Counter(columns)
            for number, cells in enumerate(rows, 1):
                if not cells:
                    continue
                if len(cells) != len(columns):
                    raise DataError(
                        f"{path}, line {reader.line_num}: cells expected: {len(columns)}, found: {len(cells)}; "
                        + ("quote cells that contain a delimiter or a line break" if columns[1:] else ONE_COLUMN)
                    )
                yield number, dict(zip(columns, cells, strict=True))
        except csv.Error as error:
            reason = OPEN_QUOTE if "unexpected end" in str(error) else error
            raise DataError(f"{path}, line {reader.line_num}: {reason}") from error


def _iter_tsv(path: Path) -> Iterator[tuple[int, Row]]:
    return _iter_csv(path, "\t")


def _iter_json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    columns = True
    with _Lines(path, newline=None) as lines:
        for number, line in enumerate(lines.divide(lines), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path}, line {number}: not JSON ({error}); put one object on each line") from error
            if not isinstance(row, dict):
                raise DataError(
                    f"{path}, line {number}: {show_value(row)} is not an object; put one object on each line"
                )
            if columns:
                yield 0, dict.fromkeys(row, 1)
                columns = False
            yield number, row


def _iter_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("Reading Parquet", "parquet") from error
    number = 0
    try:
        with open_file(path) as content, pyarrow.parquet.ParquetFile(content) as file:
            yield 0, Counter(file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=PARQUET_BATCH):
                if batch.nbytes > MAX_ROW_CHARACTERS:
                    _check_cells(path, number, batch)
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as Parquet ({' '.join(str(error).split())})") from error


def _check_cells(path: Path, number: int, batch: Any) -> None:
    """Raise `DataError` if a row of the batch is too long to hold in memory; `number` rows precede the batch."""
    for place in range(len(batch)):
        if batch.slice(place, 1).nbytes > MAX_ROW_CHARACTERS:
            raise _too_long(f"{path}, row {number + place + 1}")


READERS: dict[str, RowReader] = {
    ".csv": _iter_csv,
    ".tsv": _iter_tsv,
    ".jsonl": _iter_json_lines,
    ".ndjson": _iter_json_lines,
    ".parquet": _iter_parquet,
}


def list_columns(columns: Iterable[str]) -> str:
    """List the first 20 columns for a message."""
    shown = list(map(show_value, columns))
    return ", ".join(shown[:20]) + (" …" if len(shown) > 20 else "")
