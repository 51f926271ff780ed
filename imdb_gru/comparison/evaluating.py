"""Evaluation of candidates on a split; the predictions of networks are cached in files."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from imdb_gru.comparison.baseline import Baseline, BaselineMetrics
from imdb_gru.comparison.candidates import Candidate, check_training_reviews
from imdb_gru.comparison.predictions import Predictions, load_predictions
from imdb_gru.corpus.corpus import hash_reviews
from imdb_gru.errors import RunError
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.evaluation import predict_reviews
from imdb_gru.records import Metrics
from imdb_gru.runs.run import Run
from imdb_gru.sources.review import Review
from imdb_gru.system.arrays import Labels

ReviewLoader = Callable[[Run, str | None], tuple[str, Sequence[Review]]]
"""Function that chooses the split on which to evaluate a run, and returns the split's name and reviews."""
TRAINING_SPLITS = ("train", "validation")
"""Splits whose reviews depend on the training run's seed."""


@dataclass(frozen=True, eq=False)
class EvaluatedCandidate:
    """A candidate and its predictions for labelled reviews."""

    candidate: Candidate
    metrics: Metrics | BaselineMetrics
    """Metrics of the candidate's training run."""
    labels: Labels
    """Labels of the reviews, 0 or 1, `(N,)` int8."""
    predictions: Predictions
    reviews: str = ""
    """Key shared by candidates with the same reviews: a hash if the reviews depend on the seed, and otherwise empty."""


def evaluate_candidates(
    candidates: Sequence[Candidate], split: str | None, load: ReviewLoader, cache: Path | None
) -> tuple[str, list[EvaluatedCandidate]]:
    """Evaluate trained candidates on a split; return the name of the split and the results.

    If the folder `cache` is given, the predictions of networks are stored in it. If the split is `train` or
    `validation`, raises `RunError` if candidates that form a pair have different training or validation reviews.
    """
    loaded: dict[str, Sequence[Review]] = {}
    evaluated = []
    for candidate in candidates:
        # A run's own config has the values that training chose for auto.
        candidate = replace(candidate, config=candidate.result.load_config())
        metrics = candidate.result.load_metrics()
        key = metrics.data.hash if split in TRAINING_SPLITS else ""
        if key not in loaded:
            split, reviews = load(_find_run(candidate, candidates), split)
            if split in TRAINING_SPLITS:
                check_training_reviews(candidates)
                key = metrics.data.hash
            loaded[key] = reviews
        reviews = loaded[key]
        assert split is not None
        labels = np.array([review.label for review in reviews], dtype=np.int8)
        predictions = _predict(candidate, metrics, split, reviews, cache)
        evaluated.append(EvaluatedCandidate(candidate, metrics, labels, predictions, key))
    assert split is not None
    return split, evaluated


def _find_run(candidate: Candidate, candidates: Sequence[Candidate]) -> Run:
    """Return the candidate's run, or, for the baseline, the run of a network with the same seed and reviews."""
    return next(
        other.result
        for other in (candidate, *candidates)
        if isinstance(other.result, Run) and (other is candidate or other.seed == candidate.seed)
    )


def _predict(
    candidate: Candidate,
    metrics: Metrics | BaselineMetrics,
    split: str,
    reviews: Sequence[Review],
    cache: Path | None,
) -> Predictions:
    result = candidate.result
    if isinstance(result, Baseline):
        return result.load_predictions(split, reviews)
    if cache is None:
        return compute_predictions(result, reviews)
    key = hashlib.sha256(f"{json.dumps(metrics.files, sort_keys=True)} {hash_reviews(reviews)}".encode())
    path = cache / f"{result.path.resolve().name}-{split}-{key.hexdigest()[:16]}.npz"
    predictions = load_predictions(path, len(reviews))
    if predictions is None:
        predictions = compute_predictions(result, reviews)
        try:
            predictions.save(path)
        except OSError as error:
            raise RunError(f"cannot write {path}: {error.strerror}; choose another folder with --into") from error
    return predictions


def compute_predictions(run: Run, reviews: Sequence[Review]) -> Predictions:
    """Return the predictions of a run's classifier for reviews."""
    predicted = predict_reviews(Classifier.load(run), reviews)
    return Predictions(predicted.probabilities, predicted.compute_accuracy_by_timestep())
