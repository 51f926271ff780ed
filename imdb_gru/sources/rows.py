"""Own the file formats of tables: CSV, TSV, JSON lines and Parquet, streamed row by row in constant memory.

Bytes that are not UTF-8 come out as `surrogateescape` has them, to be counted by who reads the rows.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from imdb_gru.errors import DataError, MissingExtraError

MAX_FIELD_CHARACTERS = 10 * 2**20

Row = dict[str, Any]
RowReader = Callable[[Path], Iterator[tuple[int, Row]]]
"""Yields row 0, the columns and how often each stands, and then the table's rows, numbered from 1."""


def _iter_csv(path: Path, delimiter: str = ",") -> Iterator[tuple[int, Row]]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)  # of the whole process: two tables may be read in turns
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            columns = next((cells for cells in reader if "".join(cells).strip()), [])
            yield 0, Counter(columns)
            for number, cells in enumerate(reader, 1):
                if not cells:
                    continue
                if len(cells) != len(columns):
                    raise DataError(
                        f"{path}, line {reader.line_num}: {len(cells)} cells under {len(columns)} columns; "
                        "quote cells that hold a delimiter or a line break"
                    )
                yield number, dict(zip(columns, cells, strict=True))
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num}: {error}") from error


def _iter_tsv(path: Path) -> Iterator[tuple[int, Row]]:
    return _iter_csv(path, "\t")


def _iter_json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    columns = True
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for number, line in enumerate(file, 1):
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
        with pyarrow.parquet.ParquetFile(path) as file:
            yield 0, Counter(file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not readable as Parquet ({' '.join(str(error).split())})") from error


READERS: dict[str, RowReader] = {
    ".csv": _iter_csv,
    ".tsv": _iter_tsv,
    ".jsonl": _iter_json_lines,
    ".ndjson": _iter_json_lines,
    ".parquet": _iter_parquet,
}


def list_columns(columns: Iterable[str]) -> str:
    """List columns in a message, the first 20 of them."""
    shown = list(map(show_value, columns))
    return ", ".join(shown[:20]) + (" …" if len(shown) > 20 else "")


def show_value(value: object) -> str:
    """Show a value in a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
