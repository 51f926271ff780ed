"""The linear baseline on disk: fitting it, storing it in a folder, and loading its predictions.

The folder contains probabilities.npz and figures.json; figures.json is written last.
"""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ConfigDict

from imdb_gru.comparison.predictions import Predictions
from imdb_gru.config import Config, build_config
from imdb_gru.corpus.corpus import hash_reviews, load_reviews, load_training_reviews
from imdb_gru.corpus.encoded import tokenize_reviews
from imdb_gru.errors import RunError
from imdb_gru.events import Observer, ReadingReviews, ignore
from imdb_gru.models.linear import LinearModel, fit_linear
from imdb_gru.models.metrics import Probabilities, TimestepScores, compute_accuracy_by_timestep
from imdb_gru.models.ngrams import ORDER
from imdb_gru.records import CorpusStatistics, Record
from imdb_gru.runs.run import Run
from imdb_gru.sources import open_source
from imdb_gru.sources.review import Review
from imdb_gru.system.arrays import Labels
from imdb_gru.system.memory import measure_peak_memory
from imdb_gru.system.reading import hash_file, read_text
from imdb_gru.system.writing import write_atomically
from imdb_gru.tasks.task import send_notes


class BaselineSplit(Record):
    """A split on which the baseline was evaluated: its hash, and the metrics by number of words read."""

    model_config = ConfigDict(strict=False)  # a strict model could not load a dataclass from JSON

    hash: str
    """SHA-256 of the texts and labels, in order."""
    accuracy_by_timestep: list[TimestepScores]


class BaselineMetrics(Record):
    """The metrics of a fitted baseline, and the hash of its probability file."""

    finished_at: str | None = None
    config: dict[str, Any]
    """The complete config with which the reviews were loaded."""
    ngrams: int | None = None
    """Number of words in the longest n-gram."""
    C: float
    """Inverse regularization strength (scikit-learn's C)."""
    parameters: int
    seconds: float
    """Total time in seconds to fit the models, one for each regularization strength that was tried."""
    peak_memory_mb: float | None
    data: CorpusStatistics
    splits: dict[str, BaselineSplit]
    files: dict[str, str]


class Baseline:
    """The folder of a fitted baseline, and the paths of its files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.probabilities_path = path / "probabilities.npz"
        self.figures_path = path / "figures.json"

    def __str__(self) -> str:
        """Return the name used for the baseline in messages and results."""
        return str(self.path)

    def exists(self) -> bool:
        """Return whether the baseline is complete."""
        return self.figures_path.is_file()

    def load_metrics(self) -> BaselineMetrics:
        """Load the metrics, or raise `RunError` if they cannot be read."""
        try:
            return BaselineMetrics.parse(json.loads(read_text(self.figures_path)))
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"{self.figures_path} cannot be read ({error}): remove {self.path}") from error

    def load_config(self) -> Config:
        """Load the config."""
        return build_config(self.load_metrics().config, str(self.figures_path))

    def find_damage(self) -> str | None:
        """Return a description of what has changed since the baseline was fitted, or None if nothing has changed."""
        path = self.probabilities_path
        intact = path.is_file() and hash_file(path) == self.load_metrics().files.get(path.name)
        return None if intact else f"{path.name} is missing or has changed"

    def load_predictions(self, split: str, reviews: Sequence[Review]) -> Predictions:
        """Load the predictions for a split, or raise `RunError` if the baseline was evaluated on different reviews."""
        stored = self.load_metrics().splits.get(split)
        if stored is None or stored.hash != hash_reviews(reviews):
            raise RunError(
                f"{self.path} was evaluated on other reviews of the {split} split: remove it to refit the baseline"
            )
        with np.load(self.probabilities_path) as arrays:
            return Predictions(arrays[split], stored.accuracy_by_timestep)


def fit_baseline(config: Config, path: Path, observer: Observer = ignore) -> Baseline:
    """Fit the baseline to a config's training reviews; store its predictions for the validation and test reviews."""
    source = open_source(config.data)
    observer(ReadingReviews(source.name))
    reviews = load_training_reviews(source, config)
    send_notes(source, observer)
    train, validation = (
        tokenize_reviews(part, config.text) for part in (reviews.train.take_labelled(), reviews.validation)
    )
    started = time.monotonic()
    model = fit_linear(train, validation, config.train.monitor)
    figures = {
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": config.model_dump(),
        "ngrams": ORDER,
        "C": model.strength,
        "parameters": model.parameters,
        "seconds": round(time.monotonic() - started, 1),
        "peak_memory_mb": measure_peak_memory(),
        "data": {"hash": reviews.hash, "train": len(train.labels), "validation": len(validation.labels)},
    }
    parts = {"validation": reviews.validation} if reviews.validation else {}
    if reviews.test:
        parts["test"] = reviews.test
    elif "test" in source.splits:
        parts["test"] = load_reviews(source, "test", config.data.limit)
    probabilities, splits = {}, {}
    for split, part in parts.items():
        tokenized = validation if split == "validation" else tokenize_reviews(part, config.text)
        predictions = predict_linear(model, tokenized.to_lists(), tokenized.labels, config.text.length)
        probabilities[split] = predictions.probabilities
        splits[split] = {"hash": hash_reviews(part), "accuracy_by_timestep": predictions.accuracy_by_timestep}
    baseline = Baseline(path)
    _write(baseline, {**figures, "splits": splits}, probabilities)
    return baseline


def predict_linear(model: LinearModel, tokens: Sequence[Sequence[str]], labels: Labels, length: int) -> Predictions:
    """Return the linear model's predictions for tokenized reviews."""
    curves = model.predict_timesteps(tokens)
    probabilities = np.array([curve[-1] for curve in curves], dtype=np.float32)
    return Predictions(probabilities, compute_accuracy_by_timestep(labels, curves, length))


def _write(baseline: Baseline, figures: dict[str, Any], probabilities: dict[str, Probabilities]) -> None:
    path = baseline.probabilities_path
    try:
        baseline.path.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **probabilities)
        metrics = BaselineMetrics.parse({**figures, "files": {path.name: hash_file(path)}})
        Run.write_text(baseline.figures_path, json.dumps(metrics.to_dict(), indent=2) + "\n")
    except OSError as error:
        raise RunError(f"cannot write {baseline.path}: {error.strerror}") from error
