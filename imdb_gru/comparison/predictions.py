"""What a model predicts for the reviews of a split, and a file that keeps it."""

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
    """A model's probabilities for reviews, and its figures after so many words of them."""

    probabilities: Probabilities
    """Probability of positive of each review, `(N,)` float32."""
    accuracy_by_timestep: Sequence[TimestepScores]
    """Empty for a model that reads backwards too."""

    def save(self, path: Path) -> None:
        """Write the predictions into an .npz file, whose folder is made."""
        curve = json.dumps([asdict(row) for row in self.accuracy_by_timestep])
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, probabilities=self.probabilities, curve=curve)


def load_predictions(path: Path, count: int) -> Predictions | None:
    """Read the predictions for `count` reviews; return None if there is no such file, or if it is damaged."""
    try:
        with path.open("rb") as file, np.load(file) as stored:
            probabilities = stored["probabilities"]
            curve = [TimestepScores(**row) for row in json.loads(str(stored["curve"]))]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    return Predictions(probabilities, curve) if probabilities.shape == (count,) else None
