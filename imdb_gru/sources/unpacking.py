"""Unpacking files while they are read: nothing is written to disk, and size limits apply."""

import bz2
import contextlib
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from imdb_gru.errors import DataError
from imdb_gru.sources.signatures import FOREIGN, find_signature, name_office_file
from imdb_gru.system.escaping import show_value
from imdb_gru.system.reading import open_file

MAX_UNPACKED_BYTES = 4 * 2**30
"""Maximum size in bytes of a whole unpacked file; the published archive unpacks to a tenth of this size."""
MAX_HEADER_BYTES = 2**20
"""Maximum total size in bytes of the headers before a member of a tar archive."""
MAX_XZ_BYTES = 2**28
"""Maximum memory in bytes for unpacking an .xz file; a file written by xz -9 needs a quarter of this."""
MAX_LAYERS = 3
"""Maximum number of layers (archive or compression) around a file."""
MAX_SHOWN = 5
"""A message lists at most this many of an archive's files."""
PACKED = {".gz": "", ".bz2": "", ".xz": "", ".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}
"""The suffixes of compressed files, each with the suffix that remains after unpacking."""
CORPUS_FOLDER = "aclImdb"
_DAMAGE = (
    EOFError, RuntimeError, ValueError, LookupError, zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile
)  # fmt: skip


@dataclass(frozen=True)
class Content:
    """The content of a file; `open` always starts at the beginning, but content from a pipe can be opened only once."""

    name: str
    """The name used for the file in messages."""
    file: str
    """The name of the unpacked file, whose suffix shows its format."""
    open: Callable[[], BinaryIO]
    kind: str | None = None
    """The kind of content: "parquet", "excel", "corpus" (a tar archive of aclImdb), or None for text."""
    head: bytes | None = None
    """The first bytes if the content comes from a pipe, which can be opened only once; None for a file."""

    @property
    def suffix(self) -> str:
        """Return the suffix of the unpacked file, in lower case."""
        return PurePosixPath(self.file).suffix.lower()


def open_content(path: Path, name: str | None = None) -> Content:
    """Open and unpack a file; `name` is its name in messages. Raises `DataError` or `OSError` if it cannot be read."""
    return _unpack(Content(name or str(path), name or path.name, lambda: open_file(path)), 0)


def strip_packing(name: str) -> str:
    """Return the name that a file has after unpacking."""
    suffix = PurePosixPath(name).suffix
    return name.removesuffix(suffix) + PACKED.get(suffix.lower(), suffix)


def _unpack(content: Content, layers: int) -> Content:
    with content.open() as file:
        head = file.read(tarfile.BLOCKSIZE)
    found = find_signature(head)
    if layers > MAX_LAYERS:
        raise DataError(f"{content.name} contains more than {MAX_LAYERS} nested archives: unpack it first")
    if found in _DECOMPRESSORS:
        inner = replace(content, file=strip_packing(content.file), open=lambda: _decompress(content, found))
        return _unpack(inner, layers + 1)
    if found in ("zip", "parquet") and layers:
        raise DataError(
            f"{content.name} contains a {found.capitalize()} file: extract that file, and choose it instead"
        )
    if found == "zip":
        return _open_zip(content, layers)
    name = strip_packing(content.file)
    if found == "tar" or name.lower().endswith(".tar"):
        return _open_tar(content, layers)
    if found in FOREIGN:
        raise DataError(f"{content.name} is {found}: {FOREIGN[found]}")
    return replace(content, file=name, kind=found)


class Meter(io.RawIOBase):
    """A stream of unpacked bytes that limits the size of the whole file and of the headers in an archive."""

    def __init__(self, name: str, content: Any, owner: contextlib.ExitStack | None = None) -> None:
        self.name = name
        self._content = content
        self._owner = owner
        self._whole = self._expected = MAX_UNPACKED_BYTES

    def readable(self) -> bool:
        """Return True."""
        return True

    def expect(self, size: int) -> None:
        """Raise the limit by a member of `size` bytes and the header after it."""
        self._expected = size + MAX_HEADER_BYTES

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, or raise `DataError` if the content is damaged or exceeds a limit."""
        try:
            content = self._content.read(len(buffer))
        except (*_DAMAGE, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise describe_damage(self.name, error) from error
        self._whole -= len(content)
        self._expected -= len(content)
        if self._whole < 0:
            raise DataError(f"{self.name} unpacks to more than {MAX_UNPACKED_BYTES:,} bytes; the file may be malicious")
        if self._expected < 0:
            raise DataError(
                f"{self.name}: a header has more than {MAX_HEADER_BYTES:,} bytes; the archive may be malicious"
            )
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Close the file that is being unpacked."""
        if self._owner:
            self._owner.close()
        super().close()


def describe_damage(name: str, error: Exception) -> DataError:
    """Return the error for a file that cannot be unpacked."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return DataError(f"{name} is cut short or damaged ({reason}): download or copy it again")


class _XzFile(io.RawIOBase):
    """An .xz file; unlike `lzma.LZMAFile`, it limits the memory that unpacking the file can use."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = lzma.LZMADecompressor(memlimit=MAX_XZ_BYTES)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Unpack into a buffer."""
        while True:
            packed = b""
            if self._decoder.eof:  # several streams may follow one another, with zeros between them
                packed = self._decoder.unused_data.lstrip(b"\0")
                while not packed:
                    if not (block := self._file.read(2**16)):
                        return 0
                    packed = block.lstrip(b"\0")
                self._decoder = lzma.LZMADecompressor(memlimit=MAX_XZ_BYTES)
            elif self._decoder.needs_input and not (packed := self._file.read(2**16)):
                raise EOFError("the file ended before its end marker was reached")
            if content := self._decoder.decompress(packed, len(buffer)):
                buffer[: len(content)] = content
                return len(content)


_DECOMPRESSORS: dict[str | None, Callable[[BinaryIO], Any]] = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bzip2": bz2.BZ2File,
    "xz": lambda file: io.BufferedReader(_XzFile(file)),
}


def decompress(file: BinaryIO, head: bytes) -> Any:
    """Return an open file, decompressed if its first bytes, `head`, show that it is compressed."""
    decompressor = _DECOMPRESSORS.get(find_signature(head))
    return decompressor(file) if decompressor else file


def _decompress(content: Content, found: str | None) -> BinaryIO:
    return _open_inner(content, lambda stack, file: stack.enter_context(_DECOMPRESSORS[found](file)))


def _open_inner(content: Content, find: Callable[[contextlib.ExitStack, BinaryIO], Any]) -> BinaryIO:
    """Open the inner file that `find` returns; closing it also closes everything on the stack."""
    with contextlib.ExitStack() as stack:
        try:
            inner = find(stack, stack.enter_context(content.open()))
        except _DAMAGE as error:
            raise describe_damage(content.name, error) from error
        return cast(BinaryIO, io.BufferedReader(Meter(content.name, inner, stack.pop_all()), 2**16))


def _open_zip(content: Content, layers: int) -> Content:
    try:
        with content.open() as file, zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            encrypted = any(member.flag_bits & 1 for member in archive.infolist())
    except _DAMAGE as error:
        raise describe_damage(content.name, error) from error
    if (office := name_office_file(names)) == "excel":
        return replace(content, kind=office)
    if office is not None:
        raise DataError(f"{content.name} is {office}: {FOREIGN[office]}")
    if encrypted:
        raise DataError(f"{content.name} is encrypted: unpack it first")
    name = _choose_member(content.name, names)

    def find(stack: contextlib.ExitStack, file: BinaryIO) -> Any:
        return stack.enter_context(stack.enter_context(zipfile.ZipFile(file)).open(name))

    inner = replace(content, file=PurePosixPath(name).name, open=lambda: _open_inner(content, find))
    return _unpack(inner, layers + 1)


def _open_tar(content: Content, layers: int) -> Content:
    names: list[str] = []
    with content.open() as file:
        for member, _ in iter_members(Meter(content.name, file)):
            if PurePosixPath(member.name).parts[:1] == (CORPUS_FOLDER,):
                return replace(content, kind="corpus")
            if member.isreg() and not _is_hidden(member.name) and len(names) <= MAX_SHOWN:
                names.append(member.name)
    name = _choose_member(content.name, names)

    def find(stack: contextlib.ExitStack, file: BinaryIO) -> Any:
        members = stack.enter_context(contextlib.closing(iter_members(Meter(content.name, file))))
        return next(
            archive.extractfile(member) for member, archive in members if member.isreg() and member.name == name
        )

    inner = replace(content, file=PurePosixPath(name).name, open=lambda: _open_inner(content, find))
    return _unpack(inner, layers + 1)


def iter_members(meter: Meter) -> Generator[tuple[tarfile.TarInfo, tarfile.TarFile], None, None]:
    """Yield each member of an unpacked tar archive, together with the open archive; then read the archive to its end.

    tarfile treats a damaged header as the end of the archive, so this function checks that only padding follows.
    """
    meter.expect(0)
    try:
        with tarfile.open(fileobj=meter, mode="r|", bufsize=tarfile.BLOCKSIZE) as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # otherwise tarfile would keep all 100,000 members
                if member.issparse():
                    raise DataError(f"{meter.name}: {member.name} is a sparse file; the archive may be malicious")
                meter.expect(member.size)
                yield member, archive
            meter.expect(MAX_UNPACKED_BYTES)
            while rest := meter.read(2**20):
                if rest.strip(b"\0"):
                    raise tarfile.ReadError("a member's header is unreadable")
    except _DAMAGE as error:
        raise describe_damage(meter.name, error) from error


def _choose_member(name: str, names: list[str]) -> str:
    """Return the only file in an archive, ignoring hidden files, or raise `DataError` if there is not exactly one."""
    files = [file for file in names if not file.endswith("/") and not _is_hidden(file)]
    if len(files) == 1:
        return files[0]
    if not files:
        raise DataError(f"{name} holds no files")
    shown = ", ".join(map(show_value, files[:MAX_SHOWN])) + (", …" if len(files) > MAX_SHOWN else "")
    raise DataError(f"{name} holds several files ({shown}): unpack it, and choose one of them")


def _is_hidden(file: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(file).parts if part not in (".", ".."))
