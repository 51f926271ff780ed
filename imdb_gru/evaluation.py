"""Own the judging of a run on reviews: a classifier on their labels, a next-word model on their words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from imdb_gru.classifier import LABELS, Classifier
from imdb_gru.language import LanguageModel, compute_perplexity
from imdb_gru.metrics import (
    Labels,
    Probabilities,
    compute_accuracy_by_length,
    compute_accuracy_by_timestep,
    compute_metrics,
    find_right,
)
from imdb_gru.sources.review import Review


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What a classifier says of labelled reviews."""

    reviews: Sequence[Review]
    labels: Labels
    probabilities: Probabilities
    words: NDArray[np.int64]
    """Of each review, before truncation."""
    beliefs: Sequence[Probabilities]
    """Of each review, after every timestep; empty where the model reads backwards too."""
    length: int
    """Words read of a review at most."""

    def compute_curve(self) -> list[dict[str, float]]:
        """Return the figures after so many words; none where the model reads backwards too."""
        return compute_accuracy_by_timestep(self.labels, self.beliefs, self.length) if self.beliefs else []

    def find_mistakes(self) -> NDArray[np.int64]:
        """Return the rows called wrongly, the most confident mistake first."""
        wrong = np.flatnonzero(~find_right(self.labels, self.probabilities))
        return wrong[np.argsort(-np.abs(self.probabilities - self.labels)[wrong], kind="stable")]


def evaluate_reviews(classifier: Classifier, reviews: Sequence[Review], errors: int = 0) -> dict[str, Any]:
    """Return all figures of a classifier on labelled reviews, and its `errors` most confident mistakes.

    A model that reads backwards too has no `accuracy_by_timestep`: an empty list.
    """
    return compute_figures(judge_reviews(classifier, reviews), errors)


def judge_reviews(classifier: Classifier, reviews: Sequence[Review]) -> Judgement:
    """Read labelled reviews, and keep the belief after every timestep where there is one."""
    by_timestep = not classifier.network.bidirectional
    probabilities, words, beliefs = [], [], []
    texts = (review.text for review in reviews)
    with tqdm(total=len(reviews), desc="reading", unit=" reviews", disable=None, leave=False, delay=1) as bar:
        for prediction in classifier.predict(texts, timesteps=by_timestep, observe=bar.update):
            probabilities.append(prediction.probability)
            words.append(prediction.words)
            if prediction.probabilities is not None:
                beliefs.append(prediction.probabilities)
    labels = np.array([review.label for review in reviews], dtype=np.int8)
    scored = np.array(probabilities, dtype=np.float32)
    return Judgement(reviews, labels, scored, np.array(words), beliefs, classifier.config.text.length)


def compute_figures(judgement: Judgement, errors: int = 0) -> dict[str, Any]:
    """Return all figures of a judgement, and its `errors` most confident mistakes."""
    labels, probabilities = judgement.labels, judgement.probabilities
    figures = {
        **compute_metrics(labels, probabilities),
        "accuracy_by_timestep": judgement.compute_curve(),
        "accuracy_by_length": compute_accuracy_by_length(labels, probabilities, judgement.words),
    }
    if errors:
        figures["errors"] = [
            {
                "text": judgement.reviews[row].text,
                "label": LABELS[labels[row]],
                "probability": float(probabilities[row]),
            }
            for row in judgement.find_mistakes()[:errors]
        ]
    return figures


def evaluate_next_words(model: LanguageModel, reviews: Sequence[Review]) -> dict[str, Any]:
    """Return a next-word model's mean loss on reviews and its perplexity; the end of a review counts as a word."""
    sequences = [model.encode(review.text).ids for review in reviews]
    words, loss = sum(map(len, sequences)), 0.0
    with tqdm(total=words, desc="reading", unit=" words", disable=None, leave=False, delay=1) as bar:
        for rows, losses in model.iter_losses(sequences):
            loss += float(losses.sum(dtype=np.float64))
            bar.update(sum(len(sequences[row]) for row in rows))
    return {"n": len(reviews), "words": words, "loss": loss / words, "perplexity": compute_perplexity(loss / words)}
