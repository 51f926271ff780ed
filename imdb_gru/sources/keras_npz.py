"""Own Keras's imdb.npz: ids in object arrays, which is to say a pickle, read without running what it says."""

import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from imdb_gru.errors import DataError
from imdb_gru.sources.review import Review

MAX_MEMBER_BYTES = 2**30
_ALLOWED = {
    (module, name)
    for module, names in {
        "numpy": ("ndarray", "dtype"),
        "numpy.core.multiarray": ("_reconstruct",),
        "numpy._core.multiarray": ("_reconstruct",),
    }.items()
    for name in names
}


class NpzSource:
    """The reviews of `keras.datasets.imdb`, decoded to words."""

    splits = ("train", "test")

    def __init__(self, path: Path, word_index: dict[str, int]) -> None:
        self.name = str(path)
        self.folder = path.parent
        self.path = path
        self._words = {rank: word for word, rank in word_index.items()}

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews in the file's order: each its words, lower-case, with spaces between."""
        sequences, labels = self._read(f"x_{split}"), self._read(f"y_{split}")
        if sequences.ndim != 1 or sequences.shape != labels.shape:
            raise DataError(f"{self.path}: x_{split} and y_{split} have shapes {sequences.shape} and {labels.shape}")
        for number, (ranks, label) in enumerate(zip(sequences, labels.tolist(), strict=True)):
            if label not in (0, 1):
                raise DataError(f"{self.path}: y_{split}[{number}] is {label!r}, not 0 or 1")
            try:
                text = " ".join([self._words[rank] for rank in ranks])
            except (KeyError, TypeError) as error:
                raise DataError(f"{self.path}: x_{split}[{number}] holds an id without a word: {error}") from error
            yield Review(text, int(label))

    def _read(self, name: str) -> np.ndarray[Any, Any]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                member = archive.getinfo(f"{name}.npy")
                if member.file_size > MAX_MEMBER_BYTES:
                    raise DataError(f"{self.path}: {name} has {member.file_size} bytes; do not trust this file")
                with archive.open(member) as file:
                    return _read_array(file)
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{self.path} is not Keras's imdb.npz ({error}): name another file with --data") from error
        except Exception as error:  # a hostile pickle may raise anything
            raise DataError(f"{self.path} is not safe to open: {error}") from error


class _ArrayUnpickler(pickle.Unpickler):
    """Build lists, numbers and NumPy arrays, and call nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Refuse all names but those of a pickled array."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"its pickle asks for {module}.{name}")
        return super().find_class(module, name)


def _read_array(file: Any) -> np.ndarray[Any, Any]:
    """Read one .npy stream."""
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read_header(file)
    if dtype.hasobject:
        array = _ArrayUnpickler(file).load()
        if not isinstance(array, np.ndarray):
            raise ValueError("an object array holds no array")
        return array
    if fortran_order and len(shape) > 1:
        raise ValueError(f"an array of shape {shape}")
    return np.frombuffer(file.read(), dtype=dtype).reshape(shape)
