"""Folders with a table for each split, such as Hugging Face's Parquet files of IMDB."""

import re
from collections.abc import Iterator
from pathlib import Path

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.sources.review import UNLABELLED, Review
from imdb_gru.sources.rows import is_table_name
from imdb_gru.sources.table import SPLITS, TableSource, open_table

INSIDE = ("", "plain_text", "data")
"""The subfolders that may hold the tables."""
_NAME = re.compile(r"(?P<split>[a-z]+)(?:-(?P<part>\d{5})-of-(?P<parts>\d{5}))?")

SplitFiles = dict[str, list[Path]]
"""The tables of each split, in their order."""


def find_split_files(folder: Path) -> SplitFiles:
    """Return the tables of each split, such as train-00000-of-00001.parquet or train.csv; empty if there are none.

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
            raise DataError(f"{folder} does not hold the {split} split as one table or in all its parts, but {names}")
    order = list(dict.fromkeys(SPLITS.values()))
    return {split: [path for path, _ in found[split]] for split in sorted(found, key=order.index)}


class SplitFilesSource:
    """A folder with one or several tables for each split."""

    def __init__(self, path: Path, files: SplitFiles, data: DataConfig, *, require_labels: bool) -> None:
        self.name = str(path)
        self.folder = path
        self.splits = tuple(files)
        self._tables = {
            split: [self._open(file, data, require_labels and split != UNLABELLED) for file in paths]
            for split, paths in files.items()
        }

    def _open(self, path: Path, data: DataConfig, require_labels: bool) -> TableSource:
        return open_table(path, data, require_labels=require_labels, divide=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is unusual about the tables; complete once the reviews have been read."""
        return tuple(note for tables in self._tables.values() for table in tables for note in table.notes)

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield the reviews of a split."""
        if split not in self._tables:
            raise DataError(f"{self.name} has no {split} split, only {', '.join(self.splits)}")
        for table in self._tables[split]:
            for review in table.iter_reviews("all"):
                yield Review(review.text, None) if split == UNLABELLED else review
