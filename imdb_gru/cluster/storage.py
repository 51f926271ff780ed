"""Storage of tables and partitions: this machine's disk, or an address that fsspec can open."""

import glob
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from imdb_gru.errors import DataError
from imdb_gru.models.inputs import is_hidden
from imdb_gru.sources.rows import FORMATS, is_table_name
from imdb_gru.system.writing import write_atomically

_SURROGATE = re.compile("[\ud800-\udfff]")
"""Pattern that matches the characters with which Python replaces invalid UTF-8 bytes in a file name."""


class RemotePath:
    """A file or folder at an address, with the methods of `pathlib.Path` that this package's readers use."""

    def __init__(self, filesystem: Any, path: str) -> None:
        self.filesystem = filesystem
        self.path = path

    def __str__(self) -> str:
        """Return the address."""
        return str(self.filesystem.unstrip_protocol(self.path))

    def __truediv__(self, name: str) -> "RemotePath":
        """Return the address of an entry in this folder."""
        return RemotePath(self.filesystem, f"{self.path.rstrip('/')}/{name}")

    @property
    def name(self) -> str:
        """Return the last part of the address."""
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        """Return the file extension, including its dot."""
        return PurePosixPath(self.path).suffix

    @property
    def parent(self) -> "RemotePath":
        """Return the parent folder."""
        return RemotePath(self.filesystem, str(PurePosixPath(self.path).parent))

    def exists(self) -> bool:
        """Return whether there is a file or folder at the address."""
        return bool(self.filesystem.exists(self.path))

    def is_dir(self) -> bool:
        """Return whether there is a folder at the address."""
        return bool(self.filesystem.isdir(self.path))

    def is_file(self) -> bool:
        """Return whether there is a file at the address."""
        return bool(self.filesystem.isfile(self.path))

    def open(self, mode: str = "rb") -> BinaryIO:
        """Open the file; the content is fetched only when it is read."""
        return cast(BinaryIO, self.filesystem.open(self.path, mode))

    def read_bytes(self) -> bytes:
        """Return the content of the file."""
        return bytes(self.filesystem.cat_file(self.path))

    def unlink(self) -> None:
        """Remove the file."""
        self.filesystem.rm_file(self.path)

    def iterdir(self) -> Iterator["RemotePath"]:
        """Yield the entries of the folder."""
        for path in self.filesystem.ls(self.path, detail=False):
            yield RemotePath(self.filesystem, path)


Location = Path | RemotePath
Stamp = list[str | int]
"""The address of a file, and values that change when the file changes."""


def is_local(address: str) -> bool:
    """Return whether an address is on the local disk."""
    return "://" not in address or address.startswith(("file://", "local://"))


def locate(address: str) -> Location:
    """Return the file or folder at an address, or raise `DataError` if this kind of address cannot be opened."""
    if is_local(address):
        return Path(
            LocalFileSystem._strip_protocol(address)
        ).absolute()  # a path that begins with "~" can still be relative
    if address.startswith("memory://"):
        raise DataError(f"{address} is in one process's memory, which workers cannot access: choose a shared address")
    return _open_remote(address)


def _open_remote(address: str) -> RemotePath:
    try:
        return RemotePath(*fsspec.core.url_to_fs(address))
    except ImportError as error:
        raise DataError(
            f"{address} needs a package that is not installed ({error}): install it here and on every node"
        ) from error
    except ValueError as error:
        raise DataError(
            f"{address} cannot be opened ({error}): choose a file, a folder or an address that fsspec supports"
        ) from error


def list_tables(address: str, *, but: str) -> list[str]:
    """Return the addresses of the tables at `address` (a file, folder or glob); raise `DataError` if there are none.

    `but` names a folder whose partitions are left out, even if they are found through a link.
    """
    location = locate(address)
    try:
        found = sorted(name for name in _find(location) if not _is_partition(name, but))
    except DataError:
        raise
    except Exception as error:  # each kind of storage raises its own errors
        raise DataError(f"cannot read {address}: {explain(error)}") from error
    if not found:
        raise DataError(f"no tables at {address}: choose a file, a folder or a glob of {', '.join(FORMATS)} files")
    for name in found:
        if _SURROGATE.search(name):
            raise DataError(f"cannot read {name!a}: its name is not UTF-8; rename it")
    return found


def _is_partition(name: str, folder: str) -> bool:
    parent, own = os.path.split(name)
    # realpath also changes remote addresses, but it changes both in the same way.
    return own.startswith("part-") and os.path.realpath(parent) == os.path.realpath(folder)


def _find(location: Location) -> list[str]:
    filesystem, path = _split(location)
    if filesystem.isfile(path):
        if not is_table_name(PurePosixPath(path).name):
            raise DataError(f"{location} is not a table: with --engine ray, --input accepts only {', '.join(FORMATS)}")
        found = [(path, "")]
    elif filesystem.isdir(path):
        found = [(name, name.removeprefix(path)) for name in filesystem.find(path)]
    else:
        found = list(_expand(filesystem, path)) if glob.has_magic(path) else []
    return [
        name if isinstance(location, Path) else str(RemotePath(filesystem, name))
        for name, named in found
        if is_table_name(PurePosixPath(name).name) and not is_hidden(named)
    ]


def _expand(filesystem: Any, pattern: str) -> Iterator[tuple[str, str]]:
    """Yield (path, part of the path that must not contain hidden names) for each file that matches a glob."""
    folder = re.split(r"[*?[]", pattern)[0].rpartition("/")[0]
    asked = is_hidden(pattern.removeprefix(folder))
    for name, state in filesystem.glob(pattern, detail=True).items():
        if state["type"] != "directory":
            yield name, "" if asked else name.removeprefix(folder)


def _split(location: Location) -> tuple[Any, str]:
    if isinstance(location, Path):
        return LocalFileSystem(), str(location)
    return location.filesystem, location.path


def stamp(address: str) -> Stamp:
    """Return a file's `Stamp` without reading the file; raise `DataError` if it cannot be found or accessed."""
    location = locate(address)
    try:
        if isinstance(location, Path):
            state = location.stat()
            return [address, state.st_size, state.st_mtime_ns]
        return [address, str(location.filesystem.ukey(location.path))]
    except Exception as error:  # each kind of storage raises its own errors
        raise DataError(f"cannot read {address}: {explain(error)}") from error


def write_bytes(location: Location, content: bytes) -> None:
    """Write a file: atomically on a local disk, or in one operation on remote storage."""
    if isinstance(location, Path):
        with write_atomically(location) as temporary:
            temporary.write_bytes(content)
    else:
        location.filesystem.pipe_file(location.path, content)


def explain(error: Exception) -> str:
    """Return a one-line description of a storage error."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(reason.split()) or type(error).__name__
