"""Soft targets: the teachers' probabilities for the training reviews (Hinton, Vinyals and Dean 2015)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.records import TeacherRecord
from imdb_gru.system.arrays import Array


@dataclass(frozen=True, eq=False)
class SoftTargets:
    """The teachers' mean probabilities for the training reviews, with a record of the teachers and of the reviews."""

    probabilities: Array
    """The teachers' mean probability of positive for every training review and then every crop, `(N,)` float32."""
    teachers: tuple[TeacherRecord, ...]
    reviews: str
    """Hash of the reviews, as in `CorpusStatistics.hash`."""

    @property
    def hash(self) -> str:
        """Return the SHA-256 of the probabilities, the teachers and the reviews."""
        arrays = self.to_arrays()
        return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays.values())).hexdigest()

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to store."""
        teachers = json.dumps([teacher.to_dict() for teacher in self.teachers])
        return {
            "probabilities": self.probabilities,
            "teachers": np.array(teachers),
            "reviews": np.array(self.reviews),
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> "SoftTargets":
        """Restore soft targets from the result of `to_arrays`, or raise `ValueError` or `KeyError` if it is damaged."""
        probabilities = arrays["probabilities"]
        if probabilities.dtype != np.float32 or probabilities.ndim != 1:
            raise ValueError(f"probabilities of type {probabilities.dtype} and shape {probabilities.shape}")
        teachers = tuple(map(TeacherRecord.parse, json.loads(str(arrays["teachers"]))))
        return cls(probabilities, teachers, str(arrays["reviews"]))
