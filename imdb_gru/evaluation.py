"""Own the judging of a classifier on labelled reviews."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from imdb_gru.classifier import LABELS, Classifier
from imdb_gru.metrics import compute_accuracy_by_length, compute_accuracy_by_timestep, compute_metrics
from imdb_gru.sources.review import Review


def evaluate_reviews(classifier: Classifier, reviews: Sequence[Review], errors: int = 0) -> dict[str, Any]:
    """Return all figures of a classifier on labelled reviews, and its `errors` most confident mistakes.

    A model that reads backwards too has no `accuracy_by_timestep`: an empty list.
    """
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
    scored = np.array(probabilities, dtype=np.float32)
    length = classifier.config.text.length
    figures = {
        **compute_metrics(labels, scored),
        "accuracy_by_timestep": compute_accuracy_by_timestep(labels, beliefs, length) if by_timestep else [],
        "accuracy_by_length": compute_accuracy_by_length(labels, scored, np.array(words)),
    }
    if errors:
        wrong = np.flatnonzero((scored >= 0.5) != (labels == 1))
        worst = wrong[np.argsort(-np.abs(scored - labels)[wrong], kind="stable")[:errors]]
        figures["errors"] = [
            {"text": reviews[row].text, "label": LABELS[labels[row]], "probability": probabilities[row]}
            for row in worst
        ]
    return figures
