"""Own the linear baseline on disk: its fitting into a folder, and the reading of what it said of every review.

The folder holds probabilities.npz and figures.json, which is written last.
"""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from imdb_gru.comparison.linear import LinearModel, fit_linear
from imdb_gru.comparison.ngrams import ORDER
from imdb_gru.config import Config, build_config
from imdb_gru.errors import RunError
from imdb_gru.memory import measure_peak_memory
from imdb_gru.metrics import Labels, Probabilities, compute_accuracy_by_timestep
from imdb_gru.reading import hash_file
from imdb_gru.run import Run
from imdb_gru.sources import open_source
from imdb_gru.sources.review import Review
from imdb_gru.text.corpus import hash_reviews, load_reviews, load_training_reviews
from imdb_gru.text.encoded import tokenize_reviews
from imdb_gru.writing import write_atomically

Curve = list[dict[str, float]]


class Baseline:
    """A fitted baseline's folder and where its files stand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.probabilities_path = path / "probabilities.npz"
        self.figures_path = path / "figures.json"

    def exists(self) -> bool:
        """Tell whether the fit was finished."""
        return self.figures_path.is_file()

    def load_metrics(self) -> dict[str, Any]:
        """Read the figures, named as in a run's metrics.json; raises `RunError` where they are damaged."""
        try:
            figures = json.loads(self.figures_path.read_text("utf-8"))
            if not figures.keys() >= {"config", "data", "splits", "files", "seconds", "parameters", "peak_memory_mb"}:
                raise ValueError("a figure is missing")
        except (OSError, ValueError, AttributeError) as error:
            raise RunError(f"{self.figures_path} cannot be read ({error}): remove {self.path}") from error
        return dict(figures)

    def load_config(self) -> Config:
        """Read the config."""
        return build_config(self.load_metrics()["config"], str(self.figures_path))

    def find_damage(self) -> str | None:
        """Return what no longer is as it was, or None where nothing is."""
        path = self.probabilities_path
        intact = path.is_file() and hash_file(path) == self.load_metrics()["files"].get(path.name)
        return None if intact else f"{path.name} is missing or has changed"

    def load_judgement(self, split: str, reviews: Sequence[Review]) -> tuple[Probabilities, Curve]:
        """Read what it said of a split's reviews; raises `RunError` where it was fitted before they changed."""
        stored = self.load_metrics()["splits"].get(split)
        if stored is None or stored["hash"] != hash_reviews(reviews):
            raise RunError(f"{self.path} has not read these reviews of split {split}: remove it, and it will")
        with np.load(self.probabilities_path) as arrays:
            return arrays[split], stored["accuracy_by_timestep"]


def fit_baseline(config: Config, path: Path) -> None:
    """Fit the baseline to a config's training reviews, and write what it says of those held out and of the test's."""
    source = open_source(config.data.path, text_column=config.data.text_column, label_column=config.data.label_column)
    reviews = load_training_reviews(source, config)
    train, validation = (tokenize_reviews(part, config.text) for part in (reviews.train, reviews.validation))
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
    splits = {"validation": reviews.validation} if reviews.validation else {}
    if "test" in source.splits:
        splits["test"] = load_reviews(source, "test", config.data.limit)
    probabilities, stored = {}, {}
    for split, part in splits.items():
        tokenized = validation if split == "validation" else tokenize_reviews(part, config.text)
        probabilities[split], curve = judge_linear(model, tokenized.to_lists(), tokenized.labels, config.text.length)
        stored[split] = {"hash": hash_reviews(part), "accuracy_by_timestep": curve}
    _write(Baseline(path), {**figures, "splits": stored}, probabilities)


def judge_linear(
    model: LinearModel, tokens: Sequence[Sequence[str]], labels: Labels, length: int
) -> tuple[Probabilities, Curve]:
    """Return the probability of positive of tokenized reviews, `(N,)`, and the accuracy by words read."""
    beliefs = model.read(tokens)
    probabilities = np.array([belief[-1] for belief in beliefs], dtype=np.float32)
    return probabilities, compute_accuracy_by_timestep(labels, beliefs, length)


def _write(baseline: Baseline, figures: dict[str, Any], probabilities: dict[str, Probabilities]) -> None:
    path = baseline.probabilities_path
    try:
        baseline.path.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **probabilities)
        files = {path.name: hash_file(path)}
        Run.write_text(baseline.figures_path, json.dumps({**figures, "files": files}, indent=2) + "\n")
    except OSError as error:
        raise RunError(f"cannot write {baseline.path}: {error.strerror}") from error
