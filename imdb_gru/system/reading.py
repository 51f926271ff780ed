"""Reads files that may come from strangers: plain files only, no pipes or devices, up to a size."""

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
"""Of a vocabulary, a word index, or a run's figures."""
DAMAGE = (
    OSError, KeyError, ValueError, TypeError, AttributeError, EOFError, StopIteration, RuntimeError, MemoryError,
    SyntaxError, NotImplementedError, OverflowError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What reading damaged arrays raises, depending on the place of the damage."""
MAX_ARRAYS_BYTES = 2**31
"""Of all arrays of a run's weights or checkpoint together."""


def open_file(path: Path) -> BinaryIO:
    """Open a file; raises `OSError` where there is none, or a pipe or device, at which one would wait."""
    if path.exists() and not path.is_dir() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return path.open("rb")


def read_bytes(path: Path, most: int = MAX_TEXT_BYTES) -> bytes:
    """Read a file; raises `OSError`, or `ValueError` where it is longer than `most` bytes."""
    with open_file(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it has more than {most:,} bytes")
    return content


def read_text(path: Path, most: int = MAX_TEXT_BYTES) -> str:
    """Read a UTF-8 file; raises `OSError`, or `ValueError` where it is none, or longer than `most` bytes."""
    return read_bytes(path, most).decode("utf-8")


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read a zip's member; raises `ValueError` where it unpacks to more than arrays may have."""
    _check_size(archive.getinfo(name).file_size)
    return archive.read(name)


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read all arrays of an .npz file, numbers and texts only, never a pickle.

    Raises `OSError`, `ValueError` and what `zipfile` raises. No memory is taken that the file's sizes do not bear out.
    """
    with open_file(path) as file, zipfile.ZipFile(file) as archive:
        _check_size(sum(member.file_size for member in archive.infolist()))
        return dict(_iter_arrays(archive))


def _iter_arrays(archive: zipfile.ZipFile) -> Iterator[tuple[str, NDArray[Any]]]:
    for member in archive.infolist():
        with archive.open(member) as file:
            shape, _, dtype = read_header(file)
            if dtype.kind not in "fiubU":
                raise ValueError(f"{member.filename} holds {dtype}, not numbers")
            if not fits(shape, dtype, member.file_size):
                raise ValueError(f"{member.filename} claims the shape {shape}, for which it is too short")
            file.seek(0)
            yield member.filename.removesuffix(".npy"), np.lib.format.read_array(file, allow_pickle=False)


def read_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of an .npy stream: shape, whether in Fortran's order, and dtype; raises `ValueError`."""
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        header: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(file)
    except Exception as error:  # NumPy parses it as Python, whose tokenizer has errors of its own
        raise ValueError(f"no header of an array: {' '.join(str(error).split())[:200]}") from error
    return header


def fits(shape: tuple[int, ...], dtype: np.dtype[Any], size: int) -> bool:
    """Tell whether an array can be in so many bytes."""
    count = 1
    for length in shape:
        count *= length
    return min(shape, default=0) >= 0 and count * max(dtype.itemsize, 1) <= size


def _check_size(size: int) -> None:
    if size > MAX_ARRAYS_BYTES:
        raise ValueError(f"it unpacks to {size:,} bytes, more than {MAX_ARRAYS_BYTES:,}")


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
