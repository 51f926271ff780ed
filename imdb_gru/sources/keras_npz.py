"""Keras's imdb.npz: ids in pickled object arrays, which are read without executing the pickles."""

import contextlib
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from imdb_gru.errors import DataError
from imdb_gru.sources.decoding import MAX_ROW_CHARACTERS
from imdb_gru.sources.review import Review
from imdb_gru.system.escaping import show_value
from imdb_gru.system.memory import limit_growth
from imdb_gru.system.reading import fits, open_file, read_header

MAX_MEMBER_BYTES = 2**27
"""Maximum size in bytes of a stored array; the largest array in the published file has 14 million bytes."""
MAX_UNPICKLED_MB = 2048
"""Maximum memory in megabytes for reading a pickle; without a limit, a tiny pickle could request any amount."""


class NpzSource:
    """The reviews of `keras.datasets.imdb`, decoded into words."""

    splits = ("train", "test")

    def __init__(self, path: Path, word_index: dict[str, int]) -> None:
        self.name = str(path)
        self.folder = path.parent
        self.path = path
        self._words = {rank: word for word, rank in word_index.items()}

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews in the file's order, as lower-case words separated by spaces."""
        sequences, labels = self._read(f"x_{split}"), self._read(f"y_{split}")
        if sequences.ndim != 1 or sequences.shape != labels.shape:
            raise DataError(f"{self.path}: x_{split} and y_{split} have shapes {sequences.shape} and {labels.shape}")
        for number, (ranks, label) in enumerate(zip(sequences, labels.tolist(), strict=True)):
            if label not in (0, 1):
                raise DataError(f"{self.path}: y_{split}[{number}] is {label!r}, not 0 or 1")
            try:
                words = [self._words[rank] for rank in ranks]
            except KeyError as error:
                rank = show_value(error.args[0])
                raise DataError(f"{self.path}: x_{split}[{number}] holds an id that has no word: {rank}") from error
            except TypeError as error:
                raise DataError(f"{self.path}: x_{split}[{number}] is not a list of ids ({error})") from error
            if sum(map(len, words)) + len(words) > MAX_ROW_CHARACTERS:
                raise DataError(
                    f"{self.path}: x_{split}[{number}] has more than {MAX_ROW_CHARACTERS:,} characters; "
                    "the file may be malicious"
                )
            yield Review(" ".join(words), int(label))

    def _read(self, name: str) -> np.ndarray[Any, Any]:
        with _open(self.path) as archive:
            member = archive.getinfo(f"{name}.npy")
            if member.file_size > MAX_MEMBER_BYTES:
                raise DataError(
                    f"{self.path}: {name} has {member.file_size:,} bytes, more than expected; the file may be malicious"
                )
            with archive.open(member) as file:
                return _read_array(file, member.file_size)


def check_npz(path: Path) -> None:
    """Raise `DataError` if a file is not Keras's imdb.npz; called before the word index is downloaded."""
    with _open(path) as archive:
        archive.getinfo("x_train.npy")


@contextlib.contextmanager
def _open(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the archive. Raises `DataError` if opening or reading it fails."""
    try:
        with open_file(path) as content, zipfile.ZipFile(content) as archive:
            yield archive
    except DataError:
        raise
    except _ForbiddenError as error:
        raise DataError(f"{path} is not safe to open: {error}; the file may be malicious") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # a damaged zip or pickle may raise any exception
        reason = " ".join(str(error).split()) or type(error).__name__  # MemoryError has no message
        raise DataError(f"{path} is not Keras's imdb.npz ({reason}): choose another file with --data") from error


class _ForbiddenError(Exception):
    """Raised if a pickle asks for an object or an amount of memory that an array of lists does not need."""


class _Inert:
    """A stand-in for NumPy's classes; unlike them, it only stores the pickled state, without interpreting it."""

    state: Any = None

    def __init__(self, *arguments: object) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler that builds only lists and numbers, and never calls a function that a pickle names."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a stand-in for a name that pickled arrays need, or raise `_ForbiddenError` for any other name."""
        if (module, name) not in _STAND_INS:
            raise _ForbiddenError(f"its pickle asks for {module}.{name}")
        return _Inert


_STAND_INS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),  # older NumPy versions write bytes this way in protocols 0 to 2
}


def _read_array(file: Any, size: int) -> np.ndarray[Any, Any]:
    """Read a .npy stream of `size` bytes."""
    shape, fortran_order, dtype = read_header(file)
    if dtype.hasobject:
        try:
            with limit_growth(MAX_UNPICKLED_MB):
                *_, rows = _ArrayUnpickler(file).load().state  # version, shape, dtype, order, rows
        except MemoryError as error:
            raise _ForbiddenError(f"its pickle needs more than {MAX_UNPICKLED_MB:,} MB of memory") from error
        if type(rows) is not list or shape != (len(rows),):
            raise ValueError(f"it has an object array whose content does not match its shape {shape}")
        return np.fromiter(rows, dtype=object, count=len(rows))
    if dtype.kind not in "iub" or (fortran_order and len(shape) > 1) or not fits(shape, dtype, size):
        raise ValueError(f"it has an array of type {dtype} and shape {shape}, which was not expected")
    return np.frombuffer(file.read(), dtype=dtype).reshape(shape)
