"""Own the judging of a classifier on labelled reviews."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from imdb_gru.classifier import LABELS, Classifier
from imdb_gru.metrics import (
    Labels,
    Probabilities,
    compute_accuracy_by_length,
    compute_accuracy_by_timestep,
    compute_metrics,
)
from imdb_gru.sources.review import Review


@dataclass(frozen=True, eq=False)
class Reading:
    """What a classifier says of labelled reviews."""

    labels: Labels
    """`(N,)`."""
    probabilities: Probabilities
    """Of positive; `(N,)`."""
    words: NDArray[np.int64]
    """Words of each review before truncation; `(N,)`."""
    accuracy_by_timestep: list[dict[str, float]]
    """Empty for a model that reads backwards too."""


def evaluate_reviews(classifier: Classifier, reviews: Sequence[Review], errors: int = 0) -> dict[str, Any]:
    """Return all figures of a classifier on labelled reviews, and its `errors` most confident mistakes.

    A model that reads backwards too has no `accuracy_by_timestep`: an empty list.
    """
    reading = read_reviews(classifier, reviews)
    labels, probabilities = reading.labels, reading.probabilities
    figures = {
        **compute_metrics(labels, probabilities),
        "accuracy_by_timestep": reading.accuracy_by_timestep,
        "accuracy_by_length": compute_accuracy_by_length(labels, probabilities, reading.words),
    }
    if errors:
        wrong = np.flatnonzero((probabilities >= 0.5) != (labels == 1))
        worst = wrong[np.argsort(-np.abs(probabilities - labels)[wrong], kind="stable")[:errors]]
        figures["errors"] = [
            {"text": reviews[row].text, "label": LABELS[labels[row]], "probability": float(probabilities[row])}
            for row in worst
        ]
    return figures


def read_reviews(classifier: Classifier, reviews: Sequence[Review]) -> Reading:
    """Read labelled reviews, and return what a classifier says of them."""
    by_timestep = not classifier.network.bidirectional
    predictions = classifier.predict((review.text for review in reviews), timesteps=by_timestep)
    probabilities, words, beliefs = [], [], []
    for prediction in tqdm(
        predictions, total=len(reviews), desc="reading", unit=" reviews", disable=None, leave=False, delay=1
    ):
        probabilities.append(prediction.probability)
        words.append(prediction.words)
        if prediction.probabilities is not None:
            beliefs.append(prediction.probabilities)
    labels = np.array([review.label for review in reviews], dtype=np.int8)
    curve = compute_accuracy_by_timestep(labels, beliefs, classifier.config.text.length) if by_timestep else []
    return Reading(labels, np.array(probabilities, dtype=np.float32), np.array(words), curve)
