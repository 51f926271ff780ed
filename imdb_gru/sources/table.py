"""Tables of reviews: the columns that hold texts, labels and splits, and the values of a label."""

from collections.abc import Iterator
from pathlib import Path

from imdb_gru.errors import DataError
from imdb_gru.sources.review import SURROGATE, UNLABELLED, Review
from imdb_gru.sources.rows import READERS, Row, list_columns
from imdb_gru.system.escaping import show_value

TEXT_COLUMNS = ("text", "review", "reviews", "review_text", "reviewtext", "content", "sentence", "comment", "body")
LABEL_COLUMNS = ("label", "labels", "sentiment", "polarity", "class", "target")
SPLIT_COLUMN = "split"
LABELS = {
    **dict.fromkeys(("pos", "positive", "1", "1.0", "true"), 1),
    **dict.fromkeys(("neg", "negative", "0", "0.0", "-1", "-1.0", "false"), 0),
}
SPLITS = {
    "train": "train",
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    "test": "test",
    **dict.fromkeys((UNLABELLED, "unlabeled", "unsupervised", "unsup"), UNLABELLED),
}
"""Splits by name in a table, in the order of `TableSource.splits`."""


class TableSource:
    """A table of reviews, with a single split unless it has a `split` column."""

    def __init__(
        self, path: Path, text_column: str | None, label_column: str | None, *, require_labels: bool, divide: bool
    ) -> None:
        self.name = str(path)
        self.folder = path.parent
        self.path = path
        self.undecodable = 0
        """Number of reviews read so far that contain invalid UTF-8; each invalid byte was replaced with U+FFFD."""
        self._require_labels = require_labels
        self._columns = columns = self._read_columns()
        text = _choose_column(path, "text", text_column, TEXT_COLUMNS, columns)
        if text is None:
            remedy = "name the text column with --text-column"
            if len(columns) == 1 and ";" in next(iter(columns)):
                remedy = "separate columns by commas, not by semicolons"
            raise DataError(f"{path} has no known text column, only {list_columns(columns)}: {remedy}")
        self._text = text
        wanted = require_labels or label_column is not None
        self._label = _choose_column(path, "label", label_column, LABEL_COLUMNS, columns) if wanted else None
        if require_labels and self._label is None:
            raise DataError(
                f"{path} has no known label column, only {list_columns(columns)}: "
                "name the label column with --label-column"
            )
        splits = [column for column in columns if column.strip().lower() == SPLIT_COLUMN]
        self._split = _require_once(path, splits[0], columns) if splits and divide else None
        self.splits = self._find_splits()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of all columns, in the order of the table."""
        return tuple(self._columns)

    @property
    def text_column(self) -> str:
        """Return the name of the column of texts."""
        return self._text

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield the reviews of a split, or of the whole table, one row at a time."""
        unlabelled = split == UNLABELLED and self._require_labels
        for number, text, row in self.iter_rows(split):
            yield Review(text, None if unlabelled else self._read_label(number, row))

    def iter_rows(self, split: str) -> Iterator[tuple[int, str, Row]]:
        """Yield the rows of a split, each with its number and its text."""
        if split not in self.splits:  # an undivided table must not be mistaken for a test split
            raise DataError(f"{self.path} has no {split} split, only {', '.join(self.splits)}")
        rows = self._iter_rows()
        next(rows, None)
        for number, row in rows:
            if self._split is not None and self._read_split(number, row) != split:
                continue
            text = row.get(self._text)
            if not isinstance(text, str):
                raise DataError(f"{self.path}, row {number}: {self._text} is {show_value(text)}, not a text")
            text, replaced = SURROGATE.subn("\ufffd", text)
            self.undecodable += replaced > 0
            yield number, text, row

    def _iter_rows(self) -> Iterator[tuple[int, Row]]:
        try:
            yield from READERS[self.path.suffix.lower()](self.path)
        except OSError as error:
            raise DataError(f"cannot read {self.path}: {error.strerror or error}") from error

    def _read_columns(self) -> Row:
        rows = self._iter_rows()
        _, columns = next(rows, (0, {}))
        if not columns or (self._require_labels and next(rows, None) is None):
            raise DataError(f"{self.path} holds no reviews: choose a table with a header and rows")
        return columns

    def _find_splits(self) -> tuple[str, ...]:
        if self._split is None:
            return ("all",)
        present = {self._read_split(number, row) for number, row in self._iter_rows() if number}
        return tuple(split for split in dict.fromkeys(SPLITS.values()) if split in present)

    def _read_split(self, number: int, row: Row) -> str:
        value = row.get(self._split or "")
        split = SPLITS.get(_name(value))
        if split is None:
            known = ", ".join(SPLITS)
            raise DataError(f"{self.path}, row {number}: the split {show_value(value)} is not one of {known}")
        return split

    def _read_label(self, number: int, row: Row) -> int | None:
        value = row.get(self._label) if self._label else None
        label = None if value is None else LABELS.get(_name(value))
        if label is None and self._require_labels:
            raise DataError(
                f"{self.path}, row {number}: the label {show_value(value)} is not one of "
                "pos/neg, positive/negative, 1/0, true/false"
            )
        return label


def _name(value: object) -> str:
    """Return a label or a split in the form of the known ones; empty for types other than text and numbers."""
    return str(value).strip().lower() if isinstance(value, str | float | int) else ""


def open_table(
    path: Path, text_column: str | None, label_column: str | None, *, require_labels: bool, divide: bool = True
) -> TableSource:
    """Open a table; `divide` it by its split column if it has one. Raises `DataError`.

    Unless labels are required, a review has a label only if the label column is named and the value is a known label.
    """
    try:
        exists = path.exists()
    except OSError as error:  # the name is too long, or access to a folder is denied
        raise DataError(f"cannot read {str(path)[:200]}: {error.strerror or error}; choose a table") from error
    if not exists:
        raise DataError(f"there is no table at {path}")
    return TableSource(path, text_column, label_column, require_labels=require_labels, divide=divide)


def is_table(path: Path) -> bool:
    """Return whether a file is a table, judging by its suffix."""
    return path.suffix.lower() in READERS


def _choose_column(path: Path, kind: str, given: str | None, known: tuple[str, ...], columns: Row) -> str | None:
    if given is not None:
        if given not in columns:
            raise DataError(f"{path} has no column {given!r}, only {list_columns(columns)}")
        return _require_once(path, given, columns)
    found = [column for column in columns if column.strip().lower() in known]
    if len(found) > 1:
        raise DataError(f"{path} has several {kind} columns, {list_columns(found)}: choose one with --{kind}-column")
    return _require_once(path, found[0], columns) if found else None


def _require_once(path: Path, column: str, columns: Row) -> str:
    if columns[column] > 1:  # a row keeps only the last value
        raise DataError(f"{path} has several columns named {show_value(column)}: rename or remove all but one of them")
    return column
