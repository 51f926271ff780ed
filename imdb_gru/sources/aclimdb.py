"""The corpus of Maas et al. 2011, read directly from the published archive.

Reviews are in the same order as in Keras's imdb.npz: positive reviews come first, then negative ones. Within each
class, reviews are sorted by file name, and names are compared as text: 10_9.txt comes before 2_9.txt.
"""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from imdb_gru.errors import DataError
from imdb_gru.sources.decoding import decode
from imdb_gru.sources.folders import MAX_REVIEW_BYTES, describe_absence, find_film, read_films
from imdb_gru.sources.review import UNLABELLED, Review
from imdb_gru.sources.unpacking import Meter, decompress, describe_damage, iter_members
from imdb_gru.system.progress import show_reading
from imdb_gru.system.reading import open_file

SPLITS = ("train", "test", UNLABELLED)
LABELS = {"pos": 1, "neg": 0, "unsup": None}
FOLDERS = {
    "train": (("train", "pos"), ("train", "neg")),
    "test": (("test", "pos"), ("test", "neg")),
    UNLABELLED: (("train", "unsup"),),
}
"""The folders that contain the reviews of each split."""
TOGETHER = (("train", "test"), (UNLABELLED,))
"""Groups of splits that are unpacked together; the 50,000 unlabelled reviews are kept in memory only if needed."""

_REVIEW = re.compile(r"(?:\./)?aclImdb/(train|test)/(pos|neg|unsup)/(\d+_\d+\.txt)")
_URLS = re.compile(r"(?:\./)?aclImdb/(train|test)/urls_(pos|neg|unsup)\.txt")


class TarSource:
    """The published archive; it is unpacked in memory, never to disk."""

    splits = SPLITS

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.folder = path.parent
        self.path = path
        self._members: dict[tuple[str, str], dict[str, str]] = {}
        self._films: dict[tuple[str, str], dict[str, str]] = {}

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews, positive reviews first."""
        if split not in FOLDERS:
            raise describe_absence(self.name, split, ())
        if FOLDERS[split][0] not in self._members:
            self._read(next(splits for splits in TOGETHER if split in splits))
        if not any(self._members[folder] for folder in FOLDERS[split]) and split != UNLABELLED:
            raise describe_absence(self.name, split, map("/".join, FOLDERS[split]))
        for folder in FOLDERS[split]:
            label, films = LABELS[folder[1]], self._films.get(folder, {})
            for name, text in sorted(self._members[folder].items()):
                yield Review(text, label, find_film(name, films))

    def _read(self, splits: tuple[str, ...]) -> None:
        members: dict[tuple[str, str], dict[str, str]] = {folder: {} for split in splits for folder in FOLDERS[split]}
        try:
            with open_file(self.path) as file, self._show_progress(file) as counted:
                for member, content in self._iter_members(counted):
                    if (match := _REVIEW.fullmatch(member)) and (match[1], match[2]) in members:
                        members[match[1], match[2]][match[3]] = decode(content)[0]
                    elif match := _URLS.fullmatch(member):
                        self._films[match[1], match[2]] = read_films(content)
        except tarfile.TarError as error:
            raise describe_damage(self.name, error) from error
        except OSError as error:
            raise DataError(f"cannot read {self.path}: {error.strerror or error}") from error
        if not any(members.values()) and UNLABELLED not in splits:
            raise DataError(f"{self.path} holds no aclImdb reviews: choose the published aclImdb_v1.tar.gz")
        self._members |= members

    def _show_progress(self, file: Any) -> Any:
        size = self.path.stat().st_size
        return show_reading(file, size, "unpacking")

    def _iter_members(self, file: BinaryIO) -> Iterator[tuple[str, bytes]]:
        """Yield the name and content of each member that is a review or a list of URLs; skip all other members."""
        meter = Meter(self.name, decompress(file, file.peek(16)))  # type: ignore[attr-defined]
        for member, archive in iter_members(meter):
            if not (_REVIEW.fullmatch(member.name) or _URLS.fullmatch(member.name)):
                continue
            if not member.isreg():
                raise DataError(f"{self.path}: {member.name} is not a regular file; the archive may be malicious")
            if member.size > MAX_REVIEW_BYTES:
                raise DataError(
                    f"{self.path}: {member.name} has {member.size:,} bytes, too many for a review; "
                    "the archive may be malicious"
                )
            review = archive.extractfile(member)
            yield member.name, review.read() if review else b""
