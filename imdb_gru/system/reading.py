"""Reading untrusted files: only regular files (no pipes or devices), up to a maximum size."""

import errno
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MAX_TEXT_BYTES = 64 * 2**20
"""Maximum size in bytes of a vocabulary, word index or metrics file."""
DAMAGE = (
    OSError, KeyError, ValueError, TypeError, AttributeError, EOFError, StopIteration, RuntimeError, MemoryError,
    SyntaxError, NotImplementedError, OverflowError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""The errors that can be raised when damaged arrays are read."""
MAX_ARRAYS_BYTES = 2**31
"""Maximum total size in bytes of all arrays in a run's weights or checkpoint."""


def open_file(path: Path) -> BinaryIO:
    """Open a file, or raise `OSError` if it is missing or if it is a pipe or a device, which could block."""
    if path.exists() and not path.is_dir() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return path.open("rb")


def read_bytes(path: Path, most: int = MAX_TEXT_BYTES) -> bytes:
    """Read a file. Raises `OSError`, or `ValueError` if the file is larger than `most` bytes."""
    with open_file(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it has more than {most:,} bytes")
    return content


def read_text(path: Path, most: int = MAX_TEXT_BYTES) -> str:
    """Read a UTF-8 file. Raises `OSError`, or `ValueError` if it is not UTF-8 or is larger than `most` bytes."""
    return read_bytes(path, most).decode("utf-8")


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read a member of a zip file, or raise `ValueError` if its unpacked size exceeds `MAX_ARRAYS_BYTES`."""
    _check_size(archive.getinfo(name).file_size)
    return archive.read(name)


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read all arrays of an .npz file, which may contain numbers and text but no pickles.

    Raises `OSError`, `ValueError` or one of the errors of `zipfile`. The arrays never take more memory than the file's
    unpacked data.
    """
    with open_file(path) as file, zipfile.ZipFile(file) as archive:
        _check_size(sum(member.file_size for member in archive.infolist()))
        return dict(_iter_arrays(archive))


def _iter_arrays(archive: zipfile.ZipFile) -> Iterator[tuple[str, NDArray[Any]]]:
    for member in archive.infolist():
        with archive.open(member) as file:
            shape, _, dtype = read_header(file)
            if dtype.kind not in "fiubU":
                raise ValueError(f"{member.filename} contains values of type {dtype}, not numbers or text")
            if not fits(shape, dtype, member.file_size):
                raise ValueError(f"{member.filename} is too short for its shape {shape}")
            file.seek(0)
            yield member.filename.removesuffix(".npy"), np.lib.format.read_array(file, allow_pickle=False)


def read_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return an .npy header's shape, Fortran-order flag and dtype, or raise `ValueError` if the header is invalid."""
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        header: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(file)
    except Exception as error:  # NumPy parses the header as Python; this can raise many types of errors
        raise ValueError(f"the array has no valid header: {' '.join(str(error).split())[:200]}") from error
    return header


def fits(shape: tuple[int, ...], dtype: np.dtype[Any], size: int) -> bool:
    """Return whether an array fits in `size` bytes."""
    count = 1
    for length in shape:
        count *= length
    return min(shape, default=0) >= 0 and count * max(dtype.itemsize, 1) <= size


def _check_size(size: int) -> None:
    if size > MAX_ARRAYS_BYTES:
        raise ValueError(f"its unpacked size is {size:,} bytes, more than {MAX_ARRAYS_BYTES:,}")


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
