"""Folders of reviews, with one text file for each review."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from imdb_gru.errors import DataError
from imdb_gru.sources.decoding import decode
from imdb_gru.sources.review import UNLABELLED, Review
from imdb_gru.system.reading import read_bytes

LABELS = {"pos": 1, "positive": 1, "neg": 0, "negative": 0}
"""The names of class folders, each with its label; folders of positive reviews come first."""
SPLITS = {"train": ("train",), "validation": ("validation", "valid", "val", "dev"), "test": ("test",)}
"""The possible folder names for each split."""
CLASSES = ("pos", "neg")
UNLABELLED_FOLDERS = ("unsup", "unsupervised", UNLABELLED)
MAX_REVIEW_BYTES = 10 * 2**20

_FILM = re.compile(r"tt\d+")

ClassFolders = dict[str, list[tuple[Path, int | None]]]
"""The class folders of each split, each with its label."""


class FolderSource:
    """A folder with one file for each review, such as aclImdb or a folder for Keras's `text_dataset_from_directory`.

    Each class has a folder of its own, such as `train/pos` and `train/neg`, or `pos` and `neg` if there are no splits.
    """

    def __init__(self, path: Path, folders: ClassFolders) -> None:
        self.name = str(path)
        self.folder = path.parent
        self.path = path
        self.splits = tuple(folders)
        self._folders = folders
        self._decoded: dict[str, dict[str, int]] = {}
        """For each split, the notes on files that are not UTF-8, each with the number of files that it applies to."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Return notes on the decoding of files that are not UTF-8; they are complete once all reviews are read."""
        total: Counter[str] = Counter()
        for counts in self._decoded.values():
            total.update(counts)
        return tuple(
            f"{self.name}: {'a review' if number == 1 else f'each of {number} reviews'} {note.partition(';')[0]}"
            for note, number in total.items()
        )

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews, positive reviews first."""
        found = False
        decoded = self._decoded[split] = Counter()
        for folder, label in self._folders.get(split, ()):
            try:
                urls = folder.with_name(f"urls_{folder.name}.txt")
                films = read_films(self._read(urls) if urls.is_file() else b"")
                for path in sorted(folder.glob("*.txt"), key=lambda path: path.name):
                    if not path.name.startswith("."):
                        found = True
                        text, note = decode(self._read(path))
                        decoded.update([note] if note else [])
                        yield Review(text, label, find_film(path.name, films))
            except OSError as error:
                raise DataError(f"cannot read {error.filename}: {error.strerror}") from error
        if not found and split != UNLABELLED:
            parents = dict.fromkeys(folder.parent.relative_to(self.path) for folder, _ in self._folders.get(split, ()))
            raise describe_absence(self.name, split, (str(parent / name) for parent in parents for name in CLASSES))

    def _read(self, path: Path) -> bytes:
        """Read a file. Raises `DataError` for a link to a file outside the folder, which could be any file."""
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.path)):
            raise DataError(f"{path} points outside {self.path}; the folder may be malicious")
        try:
            return read_bytes(path, MAX_REVIEW_BYTES)
        except ValueError as error:
            raise DataError(
                f"{path} has more than {MAX_REVIEW_BYTES:,} bytes, too many for a review; the folder may be malicious"
            ) from error


def find_class_folders(path: Path) -> ClassFolders:
    """Return the class folders of each split, or an empty dictionary if there are none."""
    found = {}
    for split, names in SPLITS.items():
        if classes := [one for name in names for one in _list_classes(path / name)]:
            found[split] = classes
    if "train" not in found:
        classes = _list_classes(path)
        found = {"all": classes} if classes else {}
    parent = path / "train" if "train" in found else path
    unlabelled: list[tuple[Path, int | None]] = [
        (parent / name, None) for name in UNLABELLED_FOLDERS if (parent / name).is_dir()
    ]
    return {**found, UNLABELLED: unlabelled} if found and unlabelled else found


def _list_classes(folder: Path) -> list[tuple[Path, int | None]]:
    return [(folder / name, label) for name, label in LABELS.items() if (folder / name).is_dir()]


def describe_absence(name: str, split: str, places: Iterable[str]) -> DataError:
    """Return the error for a split without reviews."""
    where = " or ".join(places) or f"a {split} split"
    return DataError(f"{name} holds no reviews in {where}: choose a corpus with .txt files there")


def read_films(content: bytes) -> dict[str, str]:
    """Map each line number, from 0, to the film id on that line; a review's file name starts with this number."""
    lines = content.decode("utf-8", "replace").split("\n")
    matches = ((str(number), _FILM.search(line)) for number, line in enumerate(lines))
    return {number: match.group() for number, match in matches if match}


def find_film(name: str, films: dict[str, str]) -> str | None:
    """Return the film of a review, given the name of its file."""
    return films.get(name.partition("_")[0])
