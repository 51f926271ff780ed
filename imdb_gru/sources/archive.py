"""Own the corpus of Maas et al. 2011 as it is published: the aclImdb folder and its tar.gz, read in place.

Both yield the order of Keras's imdb.npz: positive reviews first, then negative, by file name as text.
"""

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from tqdm import tqdm

from imdb_gru.errors import DataError
from imdb_gru.sources.review import Review

SPLITS = ("train", "test")
LABELS = {"pos": 1, "neg": 0}
MAX_REVIEW_BYTES = 10 * 2**20

_REVIEW = re.compile(r"(?:\./)?aclImdb/(train|test)/(pos|neg)/(\d+_\d+\.txt)")
_URLS = re.compile(r"(?:\./)?aclImdb/(train|test)/urls_(pos|neg)\.txt")
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
        for polarity, label in LABELS.items():
            folder = self.path / split / polarity
            try:
                urls = self.path / split / f"urls_{polarity}.txt"
                films = _read_films(urls.read_bytes() if urls.is_file() else b"")
                for path in sorted(folder.glob("*.txt"), key=lambda path: path.name):
                    if _FILE_NAME.fullmatch(path.name):
                        found = True
                        yield Review(_decode(path.read_bytes()), label, _find_film(path.name, films))
            except OSError as error:
                raise DataError(f"cannot read {error.filename}: {error.strerror}") from error
        if not found:
            raise _no_reviews(self.path, split)


class TarSource:
    """The published archive; decompressed once, into memory, nothing of it ever written to disk."""

    splits = SPLITS

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.folder = path.parent
        self.path = path
        self._members: dict[tuple[str, str], dict[str, str]] | None = None
        self._films: dict[tuple[str, str], dict[str, str]] = {}

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews, positive ones first."""
        members = self._members if self._members is not None else self._read()
        if not any(members.get((split, polarity)) for polarity in LABELS):
            raise _no_reviews(self.path, split)
        for polarity, label in LABELS.items():
            films = self._films.get((split, polarity), {})
            for name, text in sorted(members[split, polarity].items()):
                yield Review(text, label, _find_film(name, films))

    def _read(self) -> dict[tuple[str, str], dict[str, str]]:
        members: dict[tuple[str, str], dict[str, str]] = {
            (split, polarity): {} for split in SPLITS for polarity in LABELS
        }
        try:
            with self.path.open("rb") as file, self._show_progress(file) as counted:
                for member, content in self._iter_members(counted):
                    if match := _REVIEW.fullmatch(member):
                        members[match[1], match[2]][match[3]] = _decode(content)
                    elif match := _URLS.fullmatch(member):
                        self._films[match[1], match[2]] = _read_films(content)
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{self.path} is cut short or damaged ({error}): download it again") from error
        except OSError as error:
            raise DataError(f"cannot read {self.path}: {error.strerror or error}") from error
        if not any(members.values()):
            raise DataError(f"{self.path} holds no aclImdb reviews: name the published aclImdb_v1.tar.gz")
        self._members = members
        return members

    def _show_progress(self, file: Any) -> Any:
        size = self.path.stat().st_size
        return tqdm.wrapattr(file, "read", total=size, desc="unpacking", disable=None, leave=False, delay=1)

    def _iter_members(self, file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
        """Yield the members that are reviews or lists of URLs; all else, whatever its name, is passed over.

        tarfile takes a damaged header for the end and its own gzip reader checks no sum: so gzip decompresses, to the
        last byte, and after the end may come nothing but padding.
        """
        with gzip.open(file) as content, tarfile.open(fileobj=content, mode="r|", bufsize=tarfile.BLOCKSIZE) as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # else it keeps all 100,000 of them
                if not (_REVIEW.fullmatch(member.name) or _URLS.fullmatch(member.name)):
                    continue
                if not member.isreg():
                    raise DataError(f"{self.path}: {member.name} is no regular file; do not trust this archive")
                if member.size > MAX_REVIEW_BYTES:
                    raise DataError(f"{self.path}: {member.name} has {member.size} bytes; do not trust this archive")
                review = archive.extractfile(member)
                yield member.name, review.read() if review else b""
            while rest := content.read(2**20):
                if rest.strip(b"\0"):
                    raise tarfile.ReadError("a member's header is unreadable")


def _no_reviews(path: Path, split: str) -> DataError:
    return DataError(f"{path} holds no reviews in {split}/pos or {split}/neg: name the published corpus")


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _read_films(content: bytes) -> dict[str, str]:
    """Map a line's number, from 0, to the title id in its URL; that of the review whose name starts with the number."""
    matches = ((str(number), _FILM.search(line)) for number, line in enumerate(_decode(content).split("\n")))
    return {number: match.group() for number, match in matches if match}


def _find_film(name: str, films: dict[str, str]) -> str | None:
    return films.get(name.partition("_")[0])
