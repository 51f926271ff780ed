"""Tables of reviews: the columns that hold texts, labels and splits."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from imdb_gru.config import DataConfig
from imdb_gru.config.labels import spell_label
from imdb_gru.errors import DataError
from imdb_gru.sources.labels import KNOWN_LABELS, TableLabels
from imdb_gru.sources.review import SURROGATE, UNLABELLED, Review
from imdb_gru.sources.row import TableRow
from imdb_gru.sources.rows import find_format, list_columns, open_rows
from imdb_gru.sources.unpacking import Content, open_content
from imdb_gru.system.escaping import show_value
from imdb_gru.system.wording import count_noun

TEXT_COLUMNS = ("text", "review", "reviews", "review_text", "reviewtext", "content", "sentence", "comment", "body")
LABEL_COLUMNS = ("label", "labels", "sentiment", "polarity", "class", "target")
SPLIT_COLUMN = "split"
LONGEST_NAME = 5
"""Maximum number of words in a column's name; longer names suggest that the table has no header."""
SPLITS = {
    "train": "train",
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    "test": "test",
    **dict.fromkeys((UNLABELLED, "unlabeled", "unsupervised", "unsup"), UNLABELLED),
}
"""The names accepted in a `split` column, each with the split it stands for, in the order of `TableSource.splits`."""


class TableSource:
    """A table of reviews, with a single split unless it has a `split` column."""

    labels: TableLabels | None = None
    """The labels with their meanings; None if labels are not required."""

    def __init__(
        self,
        content: Content,
        kind: str,
        folder: Path,
        data: DataConfig,
        *,
        require_labels: bool,
        divide: bool,
        share_labels: bool = False,
    ) -> None:
        """Open a table and, if its labels are required and not shared with other tables, decide what the labels mean.

        If several tables share labels, the caller calls `count_labels` for each table and then decides what the labels
        mean.
        """
        self.name = content.name
        self.folder = folder
        self.path = Path(content.name)
        self.kind = kind
        self.undecodable = 0
        """Number of reviews read so far in which undecodable bytes were replaced with U+FFFD."""
        self._missing: dict[str, int] = {}
        """Number of null texts in each split."""
        with self._explain():
            self._rows = open_rows(content, kind, data)
        columns = self._rows.columns
        if not columns:
            raise self._describe_absence()
        text = _choose_column(self.name, "text", data.text_column, TEXT_COLUMNS, columns)
        if text is None:
            raise _describe_unknown_text(self.name, columns)
        self._text = text
        wanted = require_labels or data.label_column is not None
        self._label = _choose_column(self.name, "label", data.label_column, LABEL_COLUMNS, columns) if wanted else None
        if require_labels and self._label is None:
            raise DataError(
                f"{self.name} has no known label column, only {list_columns(columns)}: "
                "name the label column with --label-column"
            )
        splits = [column for column in columns if column.strip().lower() == SPLIT_COLUMN]
        if divide and len(splits) > 1:
            raise DataError(
                f"{self.name} has several split columns, {list_columns(splits)}: rename all but one of them"
            )
        self._split = _require_once(self.name, splits[0], columns) if splits and divide else None
        self.splits: tuple[str, ...] = ("all",)
        if require_labels and not share_labels:
            labels = TableLabels(self.name, self.label_column, data.positive, data.negative)
            present = self.count_labels(labels)
            labels.understand()
            self.splits = _sort_splits(split for split in present if split == UNLABELLED or labels.has_labels(split))
        elif self._split is not None:
            self.splits = _sort_splits(self._read_split(row) for row in self._iter_rows())

    def count_labels(self, labels: TableLabels, part: str | None = None) -> set[str]:
        """Count in `labels` the label of each row outside the unlabelled split, and return the splits that have rows.

        From then on, `labels` determines the meaning of this table's labels. If several tables share the labels, `part`
        is the split to which this whole table belongs. Raises `DataError` if the table has no rows.
        """
        self.labels = labels
        present = set()
        for row in self._iter_rows():
            split = part or self._read_split(row)
            present.add(split)
            if split != UNLABELLED:
                place = f"{self.path.name}, {row.place}" if part else row.place
                labels.add(split, place, row.cells.get(self.label_column))
        if not present:
            raise self._describe_absence()
        return present

    @property
    def text_column(self) -> str:
        """Return the name of the text column."""
        return self._text

    @property
    def label_column(self) -> str:
        """Return the name of the label column, or an empty string if no such column was found."""
        return self._label or ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of all columns, in the order of the table."""
        return tuple(self._rows.columns)

    @property
    def file_notes(self) -> tuple[str, ...]:
        """Return notes on anything unusual in the file; they are complete once all reviews have been read."""
        missing = sum(self._missing.values())
        null = f"{self.name}: treated {count_noun(missing, 'text')} without a value as empty"
        return (*self._rows.notes, *([null] if missing else []))

    @property
    def notes(self) -> tuple[str, ...]:
        """Return notes on the file and its labels; they are complete once all reviews have been read."""
        return (*self.file_notes, *(self.labels.iter_notes() if self.labels else ()))

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield the reviews of a split, or of the whole table, one row at a time."""
        for text, label, _ in self._iter_labelled(split):
            yield Review(text, label)

    def iter_rows(self, split: str) -> Iterator[tuple[str, TableRow]]:
        """Yield the rows of a split, each with its text."""
        for text, _, row in self._iter_labelled(split):
            yield text, row

    def _iter_labelled(self, split: str) -> Iterator[tuple[str, int | None, TableRow]]:
        """Yield the rows of a split, each with its text and its label, except those whose label is left out."""
        if split not in self.splits:  # an undivided table must not be mistaken for a test split
            raise DataError(f"{self.name} has no {split} split, only {', '.join(self.splits)}")
        self._missing[split] = 0
        for row in self._iter_rows():
            if self._read_split(row) != split:
                continue
            label = None
            if self.labels and split != UNLABELLED:
                label = self.labels.read(row.cells.get(self.label_column))
                if label is None:
                    continue
            text = row.cells.get(self._text)
            if text is None:
                self._missing[split] += 1
                text = ""
            if not isinstance(text, str):
                raise DataError(
                    f"{self.name}, {row.place}: the value of {self._text} is {show_value(text)}, not a string"
                )
            text, replaced = SURROGATE.subn("\ufffd", text)
            self.undecodable += replaced > 0
            yield text, label, row

    def _iter_rows(self) -> Iterator[TableRow]:
        with self._explain():
            yield from self._rows

    @contextlib.contextmanager
    def _explain(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(f"cannot read {self.name}: {error.strerror or error}") from error

    def _describe_absence(self) -> DataError:
        return DataError(f"{self.name} holds no reviews: choose a table with a header and rows")

    def _read_split(self, row: TableRow) -> str:
        if self._split is None:
            return "all"
        value = row.cells.get(self._split)
        split = SPLITS.get(_name(value))
        if split is None:
            known = ", ".join(SPLITS)
            raise DataError(f"{self.name}, {row.place}: the split {show_value(value)} is not one of {known}")
        return split


def _sort_splits(splits: Iterable[str]) -> tuple[str, ...]:
    present = set(splits)
    return tuple(split for split in dict.fromkeys(("all", *SPLITS.values())) if split in present)


def _name(value: object) -> str:
    """Return a split's name in lower case without surrounding spaces, or an empty string if `value` is not a string."""
    return value.strip().lower() if isinstance(value, str) else ""


def open_table(
    path: Path,
    data: DataConfig | None = None,
    *,
    require_labels: bool,
    divide: bool = True,
    share_labels: bool = False,
) -> TableSource:
    """Open a table; `data` may describe its format, columns and labels.

    If `divide` is True, a split column divides the table into splits. Labels are read only if `require_labels` is True.
    In this case, rows without a label are left out; if `data` lists the positive and negative labels, rows with any
    other label are left out too. Raises `DataError` if the table cannot be read.
    """
    data = data or DataConfig()
    content = find_content(path)
    kind = find_format(content, data)
    if kind is None:
        raise DataError(f"cannot recognise the format of {path}: specify it with --format")
    return TableSource(
        content,
        kind,
        path.parent,
        data,
        require_labels=require_labels,
        divide=divide,
        share_labels=share_labels,
    )


def find_content(path: Path) -> Content:
    """Open a file of reviews, or raise `DataError` if it does not exist or cannot be unpacked."""
    try:
        if not path.exists():
            raise DataError(f"there is no table at {path}")
        return open_content(path)
    except OSError as error:  # the name is too long, access is denied, or the path is a folder or a pipe
        raise DataError(f"cannot read {str(path)[:200]}: {error.strerror or error}; choose a table") from error


def _choose_column(
    name: str, kind: str, given: str | None, known: tuple[str, ...], columns: Mapping[str, int]
) -> str | None:
    if given is not None:
        if given not in columns:
            raise DataError(f"{name} has no column {given!r}, only {list_columns(columns)}")
        return _require_once(name, given, columns)
    found = [column for column in columns if column.strip().lower() in known]
    if len(found) > 1:
        raise DataError(f"{name} has several {kind} columns, {list_columns(found)}: choose one with --{kind}-column")
    return _require_once(name, found[0], columns) if found else None


def _describe_unknown_text(name: str, columns: Mapping[str, int]) -> DataError:
    """Return the error for a table without a known text column, perhaps because it has no header."""
    shown = list_columns(columns)
    if any(spell_label(column) in KNOWN_LABELS or len(column.split()) > LONGEST_NAME for column in columns):
        return DataError(
            f"{name} seems to have no header, because its first row is {shown}: put a row with the names of the "
            "columns above it, such as text,label, or name the text column with --text-column"
        )
    remedy = "name the text column with --text-column"
    if len(columns) == 1:
        remedy += ", or set the delimiter with --delimiter"
    return DataError(f"{name} has no known text column, only {shown}: {remedy}")


def _require_once(name: str, column: str, columns: Mapping[str, int]) -> str:
    if columns[column] > 1:  # a row keeps only the last value
        raise DataError(f"{name} has several columns named {show_value(column)}: rename or remove all but one of them")
    return column
