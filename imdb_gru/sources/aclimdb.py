"""The corpus of Maas et al. 2011 as published: the aclImdb folder or its tar.gz, read in place.

Both yield reviews in the order of Keras's imdb.npz: positive, then negative, sorted by file name as text.
"""

import gzip
import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from imdb_gru.errors import DataError
from imdb_gru.sources.review import UNLABELLED, Review
from imdb_gru.system.progress import show_reading
from imdb_gru.system.reading import open_file, read_bytes

SPLITS = ("train", "test", UNLABELLED)
LABELS = {"pos": 1, "neg": 0, "unsup": None}
FOLDERS = {
    "train": (("train", "pos"), ("train", "neg")),
    "test": (("test", "pos"), ("test", "neg")),
    UNLABELLED: (("train", "unsup"),),
}
"""The folders of each split's reviews."""
TOGETHER = (("train", "test"), (UNLABELLED,))
"""Splits that are unpacked together: the labelled ones without holding the 50,000 unlabelled reviews in memory."""
MAX_REVIEW_BYTES = 10 * 2**20
MAX_HEADER_BYTES = 2**20
"""Maximum total size in bytes of the headers before a member of an archive."""
MAX_UNPACKED_BYTES = 4 * 2**30
"""Maximum size in bytes of a whole unpacked archive; the published one is a tenth of that."""

_REVIEW = re.compile(r"(?:\./)?aclImdb/(train|test)/(pos|neg|unsup)/(\d+_\d+\.txt)")
_URLS = re.compile(r"(?:\./)?aclImdb/(train|test)/urls_(pos|neg|unsup)\.txt")
_FILE_NAME = re.compile(r"\d+_\d+\.txt")
_FILM = re.compile(r"tt\d+")


class FolderSource:
    """The unpacked aclImdb folder."""

    splits = SPLITS

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.folder = path.parent
        self.path = path

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews, positive ones first."""
        found = False
        for part, polarity in FOLDERS.get(split, ()):
            folder, label = self.path / part / polarity, LABELS[polarity]
            try:
                urls = self.path / part / f"urls_{polarity}.txt"
                films = _read_films(self._read(urls) if urls.is_file() else b"")
                for path in sorted(folder.glob("*.txt"), key=lambda path: path.name):
                    if _FILE_NAME.fullmatch(path.name):
                        found = True
                        yield Review(_decode(self._read(path)), label, _find_film(path.name, films))
            except OSError as error:
                raise DataError(f"cannot read {error.filename}: {error.strerror}") from error
        if not found and split != UNLABELLED:
            raise _no_reviews(self.path, split)

    def _read(self, path: Path) -> bytes:
        """Read a file inside the folder; refuses links that lead out of it and could expose any user file."""
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.path)):
            raise DataError(f"{path} points outside {self.path}; do not trust this folder")
        try:
            return read_bytes(path, MAX_REVIEW_BYTES)
        except ValueError as error:
            raise DataError(f"{path} has more than {MAX_REVIEW_BYTES:,} bytes; do not trust this folder") from error


class TarSource:
    """The published archive, decompressed once into memory and never written to disk."""

    splits = SPLITS

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.folder = path.parent
        self.path = path
        self._members: dict[tuple[str, str], dict[str, str]] = {}
        self._films: dict[tuple[str, str], dict[str, str]] = {}

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews, positive ones first."""
        if split not in FOLDERS:
            raise _no_reviews(self.path, split)
        if FOLDERS[split][0] not in self._members:
            self._read(next(splits for splits in TOGETHER if split in splits))
        if not any(self._members[folder] for folder in FOLDERS[split]) and split != UNLABELLED:
            raise _no_reviews(self.path, split)
        for folder in FOLDERS[split]:
            label, films = LABELS[folder[1]], self._films.get(folder, {})
            for name, text in sorted(self._members[folder].items()):
                yield Review(text, label, _find_film(name, films))

    def _read(self, splits: tuple[str, ...]) -> None:
        members: dict[tuple[str, str], dict[str, str]] = {folder: {} for split in splits for folder in FOLDERS[split]}
        try:
            with open_file(self.path) as file, self._show_progress(file) as counted:
                for member, content in self._iter_members(counted):
                    if (match := _REVIEW.fullmatch(member)) and (match[1], match[2]) in members:
                        members[match[1], match[2]][match[3]] = _decode(content)
                    elif match := _URLS.fullmatch(member):
                        self._films[match[1], match[2]] = _read_films(content)
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{self.path} is cut short or damaged ({error}): download it again") from error
        except OSError as error:
            raise DataError(f"cannot read {self.path}: {error.strerror or error}") from error
        if not any(members.values()) and UNLABELLED not in splits:
            raise DataError(f"{self.path} holds no aclImdb reviews: choose the published aclImdb_v1.tar.gz")
        self._members |= members

    def _show_progress(self, file: Any) -> Any:
        size = self.path.stat().st_size
        return show_reading(file, size, "unpacking")

    def _iter_members(self, file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
        """Yield the members that are reviews or lists of URLs, and ignore all others.

        tarfile mistakes a damaged header for the archive's end, and its gzip reader verifies no checksum. So gzip
        decompresses the file to the last byte, and only padding may follow the end of the archive.
        """
        with gzip.open(file) as content:
            yield from self._iter_wanted(_Metered(self.path, content))

    def _iter_wanted(self, metered: "_Metered") -> Iterator[tuple[str, bytes]]:
        """Yield the members of the unpacked archive, and read it to its last byte."""
        with tarfile.open(fileobj=metered, mode="r|", bufsize=tarfile.BLOCKSIZE) as archive:  # type: ignore[call-overload]
            for member in archive:
                archive.members = []  # otherwise tarfile would keep all 100,000 members
                if member.issparse():
                    raise DataError(f"{self.path}: {member.name} is a sparse file; do not trust this archive")
                metered.expect(member.size)
                if not (_REVIEW.fullmatch(member.name) or _URLS.fullmatch(member.name)):
                    continue
                if not member.isreg():
                    raise DataError(f"{self.path}: {member.name} is not a regular file; do not trust this archive")
                if member.size > MAX_REVIEW_BYTES:
                    raise DataError(f"{self.path}: {member.name} has {member.size:,} bytes; do not trust this archive")
                review = archive.extractfile(member)
                yield member.name, review.read() if review else b""
            metered.expect(MAX_UNPACKED_BYTES)
            while rest := metered.read(2**20):
                if rest.strip(b"\0"):
                    raise tarfile.ReadError("a member's header is unreadable")


class _Metered:
    """The unpacked archive, which never yields more bytes than its headers announce or the limits allow."""

    def __init__(self, path: Path, content: gzip.GzipFile) -> None:
        self.path = path
        self.content = content
        self._whole, self._expected = MAX_UNPACKED_BYTES, MAX_HEADER_BYTES

    def expect(self, size: int) -> None:
        """Allow a member of `size` bytes and the next header to be read."""
        self._expected = size + MAX_HEADER_BYTES

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; raises `DataError` if the archive exceeds a limit."""
        content = self.content.read(size)
        self._whole -= len(content)
        self._expected -= len(content)
        if self._whole < 0:
            raise DataError(f"{self.path} unpacks to more than {MAX_UNPACKED_BYTES:,} bytes; do not trust this archive")
        if self._expected < 0:
            raise DataError(
                f"{self.path}: a header has more than {MAX_HEADER_BYTES:,} bytes; do not trust this archive"
            )
        return content


def _no_reviews(path: Path, split: str) -> DataError:
    folders = " or ".join("/".join(folder) for folder in FOLDERS.get(split, ())) or f"a {split} split"
    return DataError(f"{path} holds no reviews in {folders}: choose the published corpus")


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _read_films(content: bytes) -> dict[str, str]:
    """Map each line's number, starting at 0, to the title id in its URL; each review's file name starts with it."""
    matches = ((str(number), _FILM.search(line)) for number, line in enumerate(_decode(content).split("\n")))
    return {number: match.group() for number, match in matches if match}


def _find_film(name: str, films: dict[str, str]) -> str | None:
    return films.get(name.partition("_")[0])
