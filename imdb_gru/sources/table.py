"""Own tables of reviews: CSV, TSV, JSON lines and Parquet, streamed, with whatever column names they have."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from imdb_gru.errors import DataError, MissingExtraError
from imdb_gru.sources.review import Review

MAX_FIELD_BYTES = 10 * 2**20
TEXT_COLUMNS = ("text", "review", "reviews", "review_text", "reviewtext", "content", "sentence", "comment", "body")
LABEL_COLUMNS = ("label", "labels", "sentiment", "polarity", "class", "target")
SPLIT_COLUMN = "split"
LABELS = {
    **dict.fromkeys(("pos", "positive", "1", "1.0", "true"), 1),
    **dict.fromkeys(("neg", "negative", "0", "0.0", "-1", "-1.0", "false"), 0),
}
SPLITS = {"train": "train", "test": "test", **dict.fromkeys(("validation", "valid", "val", "dev"), "validation")}

Row = dict[str, Any]
RowReader = Callable[[Path], Iterator[tuple[int, Row]]]


class TableSource:
    """A table of reviews; undivided, unless it has a column `split`."""

    def __init__(self, path: Path, text_column: str | None, label_column: str | None, *, require_labels: bool) -> None:
        self.name = str(path)
        self.folder = path.parent
        self.path = path
        self.undecodable = 0
        """Reviews read so far that held bytes which are not UTF-8."""
        self._require_labels = require_labels
        columns = self._read_columns()
        text = _choose_column(path, "text", text_column, TEXT_COLUMNS, columns)
        if text is None:
            raise DataError(
                f"{path} has no column of texts that is known, only {_list(columns)}: name it with --text-column"
            )
        self._text = text
        self._label = _choose_column(path, "label", label_column, LABEL_COLUMNS, columns)
        if require_labels and self._label is None:
            raise DataError(
                f"{path} has no column of labels that is known, only {_list(columns)}: name it with --label-column"
            )
        self._split = next((column for column in columns if column.lower() == SPLIT_COLUMN), None)
        self.splits = self._find_splits()

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield the table's reviews, or those of one split, a row at a time."""
        for number, row in self._iter_rows():
            if self._split is not None and self._read_split(number, row) != split:
                continue
            text = row.get(self._text)
            if not isinstance(text, str):
                raise DataError(f"{self.path}, row {number}: {self._text} is {_show(text)}, not a text")
            self.undecodable += "\ufffd" in text
            yield Review(text, self._read_label(number, row))

    def _iter_rows(self) -> Iterator[tuple[int, Row]]:
        try:
            yield from READERS[self.path.suffix.lower()](self.path)
        except OSError as error:
            raise DataError(f"cannot read {self.path}: {error.strerror or error}") from error

    def _read_columns(self) -> list[str]:
        for _, row in self._iter_rows():
            return list(row)
        raise DataError(f"{self.path} holds no reviews: name a table with a header and rows")

    def _find_splits(self) -> tuple[str, ...]:
        if self._split is None:
            return ("all",)
        present = {self._read_split(number, row) for number, row in self._iter_rows()}
        return tuple(split for split in dict.fromkeys(SPLITS.values()) if split in present)

    def _read_split(self, number: int, row: Row) -> str:
        value = row.get(self._split or "")
        split = SPLITS.get(str(value).strip().lower())
        if split is None:
            raise DataError(f"{self.path}, row {number}: the split {_show(value)} is none of {', '.join(SPLITS)}")
        return split

    def _read_label(self, number: int, row: Row) -> int | None:
        value = row.get(self._label) if self._label else None
        label = None if value is None else LABELS.get(str(value).strip().lower())
        if label is None and self._require_labels:
            raise DataError(
                f"{self.path}, row {number}: the label {_show(value)} is none of "
                "pos/neg, positive/negative, 1/0, true/false"
            )
        return label


def open_table(path: Path, text_column: str | None, label_column: str | None, *, require_labels: bool) -> TableSource:
    """Open a table; where labels are not required, a review without a known one has None. Raises `DataError`."""
    if not path.exists():
        raise DataError(f"there is no table at {path}")
    return TableSource(path, text_column, label_column, require_labels=require_labels)


def is_table(path: Path) -> bool:
    """Tell by its suffix whether a file is a table."""
    return path.suffix.lower() in READERS


def _choose_column(path: Path, kind: str, given: str | None, known: tuple[str, ...], columns: list[str]) -> str | None:
    if given is not None:
        if given not in columns:
            raise DataError(f"{path} has no column {given!r}, only {_list(columns)}")
        return given
    found = [column for column in columns if column.strip().lower() in known]
    if len(found) > 1:
        raise DataError(f"{path} has several columns of {kind}s, {_list(found)}: name one with --{kind}-column")
    return found[0] if found else None


def _iter_csv(path: Path, delimiter: str = ",") -> Iterator[tuple[int, Row]]:
    before = csv.field_size_limit(MAX_FIELD_BYTES)
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            columns = next(reader, [])
            if len(set(columns)) < len(columns):
                raise DataError(f"{path} has two columns of one name in its header: {_list(columns)}")
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
    finally:
        csv.field_size_limit(before)


def _iter_tsv(path: Path) -> Iterator[tuple[int, Row]]:
    return _iter_csv(path, "\t")


def _iter_json_lines(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{path}, line {number}: not JSON ({error}); put one object on each line") from error
            if not isinstance(row, dict):
                raise DataError(f"{path}, line {number}: {_show(row)} is not an object; put one object on each line")
            yield number, row


def _iter_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("reading Parquet", "parquet") from error
    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
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


def _list(columns: list[str]) -> str:
    return ", ".join(map(repr, columns))


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
