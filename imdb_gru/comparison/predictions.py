"""A model's predictions for the reviews of a split, and the file in which they are stored."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from imdb_gru.models.metrics import Probabilities, TimestepScores
from imdb_gru.system.writing import write_atomically


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's probabilities for reviews, and its metrics by number of words read."""

    probabilities: Probabilities
    """Probability that each review is positive, `(N,)` float32."""
    accuracy_by_timestep: Sequence[TimestepScores]
    """Metrics after 10, 25, 50 … words; empty for a bidirectional model."""

    def save(self, path: Path) -> None:
        """Write the predictions to an .npz file; create its folder if needed."""
        curve = json.dumps([asdict(row) for row in self.accuracy_by_timestep])
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, probabilities=self.probabilities, curve=curve)


def load_predictions(path: Path, count: int) -> Predictions | None:
    """Load predictions for `count` reviews; return None if the file is missing or damaged, or has another count."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            probabilities = stored["probabilities"]
            curve = [TimestepScores(**row) for row in json.loads(str(stored["curve"]))]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    return Predictions(probabilities, curve) if probabilities.shape == (count,) else None
