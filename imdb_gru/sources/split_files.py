"""Folders with one or more tables for each split, such as Hugging Face's Parquet files of IMDB."""

import re
from collections.abc import Iterator
from pathlib import Path

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.sources.labels import TableLabels
from imdb_gru.sources.review import UNLABELLED, Review
from imdb_gru.sources.rows import is_table_name
from imdb_gru.sources.table import SPLITS, TableSource, open_table

INSIDE = ("", "plain_text", "data")
"""Where the tables may be: in the folder itself or in one of these subfolders."""
_NAME = re.compile(r"(?P<split>[a-z]+)(?:-(?P<part>\d{5})-of-(?P<parts>\d{5}))?")

SplitFiles = dict[str, list[Path]]
"""The tables of each split, in order."""


def find_split_files(folder: Path) -> SplitFiles:
    """Return each split's tables, such as train-00000-of-00001.parquet or train.csv; the result is empty if none exist.

    Raises `DataError` if a part of a split is missing.
    """
    for inside in INSIDE:
        if (folder / inside).is_dir() and (found := _find(folder / inside)):
            return found
    return {}


def _find(folder: Path) -> SplitFiles:
    found: dict[str, list[tuple[Path, re.Match[str]]]] = {}
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name.partition(".")[0].lower())
        if match and match["split"] in SPLITS and is_table_name(path.name):
            found.setdefault(SPLITS[match["split"]], []).append((path, match))
    for split, files in found.items():
        parts = [match["part"] for _, match in files]
        total = files[0][1]["parts"]
        expected = [None] if total is None else [f"{number:05d}" for number in range(int(total))]
        if parts != expected:
            names = ", ".join(path.name for path, _ in files[:5])
            raise DataError(
                f"{folder} must contain the {split} split as one table or as a complete set of parts, not {names}"
            )
    order = list(dict.fromkeys(SPLITS.values()))
    return {split: [path for path, _ in found[split]] for split in sorted(found, key=order.index)}


class SplitFilesSource:
    """A folder with one or more tables for each split."""

    labels: TableLabels | None = None
    """The meaning of each label, for all tables; None if labels are not required."""

    def __init__(self, path: Path, files: SplitFiles, data: DataConfig, *, require_labels: bool) -> None:
        self.name = str(path)
        self.folder = path
        self._tables = {
            split: [self._open(file, split, data, require_labels=require_labels) for file in paths]
            for split, paths in files.items()
        }
        self.splits = tuple(files)
        labelled = {split: tables for split, tables in self._tables.items() if split != UNLABELLED}
        if require_labels and labelled:
            self.labels = self._understand_labels(labelled, data)
            self.splits = tuple(split for split in files if split == UNLABELLED or self.labels.has_labels(split))

    @staticmethod
    def _open(path: Path, split: str, data: DataConfig, *, require_labels: bool) -> TableSource:
        if split == UNLABELLED:  # tables of unlabelled reviews may lack the label column
            data, require_labels = data.model_copy(update={"label_column": None}), False
        return open_table(path, data, require_labels=require_labels, divide=False, share_labels=True)

    def _understand_labels(self, tables: dict[str, list[TableSource]], data: DataConfig) -> TableLabels:
        """Decide what the labels of all tables mean, or raise `DataError` if their meaning is not certain."""
        column = next(table.label_column for part in tables.values() for table in part)
        labels = TableLabels(self.name, column, data.positive, data.negative)
        for split, part in tables.items():
            for table in part:
                table.count_labels(labels, split)
        labels.understand()
        return labels

    @property
    def notes(self) -> tuple[str, ...]:
        """Return notes on the tables and their labels; they are complete once all reviews have been read."""
        notes = (note for tables in self._tables.values() for table in tables for note in table.file_notes)
        return (*notes, *(self.labels.iter_notes() if self.labels else ()))

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield the reviews of a split."""
        if split not in self.splits:
            raise DataError(f"{self.name} has no {split} split, only {', '.join(self.splits)}")
        for table in self._tables[split]:
            yield from table.iter_reviews("all")
