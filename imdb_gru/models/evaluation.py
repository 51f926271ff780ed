"""Evaluation of classifiers and next-word models on reviews."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config import Direction
from imdb_gru.corpus.doubt import NOTHING_KNOWN, find_doubt
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.metrics import (
    AnswerScores,
    CoverageScores,
    LengthScores,
    Probabilities,
    Scores,
    TimestepScores,
    compute_accuracy_by_length,
    compute_accuracy_by_timestep,
    compute_answers,
    compute_coverage,
    compute_scores,
    find_best_threshold,
    find_correct,
)
from imdb_gru.models.next_word import NextWordModel, compute_perplexity
from imdb_gru.models.prediction import LABELS
from imdb_gru.runs.calibration import Calibration
from imdb_gru.runs.confidence import THRESHOLD
from imdb_gru.sources.review import Review
from imdb_gru.system.arrays import Ids, Labels, Rows
from imdb_gru.system.frames import build_frame, split_intervals
from imdb_gru.system.progress import show_bar
from imdb_gru.text.direction import record_direction

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class PredictedReviews:
    """Labelled reviews with a classifier's predictions."""

    reviews: Sequence[Review]
    labels: Labels
    probabilities: Probabilities
    words: NDArray[np.int64]
    """Number of words in each review, before truncation."""
    curves: Sequence[Probabilities]
    """The probability after each timestep of each review, `(T,)` per review; empty if the model is bidirectional."""
    length: int
    """Maximum number of words that the model reads in each review."""
    threshold: float = THRESHOLD
    """Lowest probability at which a review counts as positive."""
    answers: AnswerScores | None = None
    """Error on the reviews that are not labelled "unsure"; None unless a maximum error was requested."""
    direction: Direction = "forward"
    """The direction in which the model read the reviews."""

    def compute_accuracy_by_timestep(self) -> list[TimestepScores]:
        """Return the metrics after 10, 25, 50 … words, or an empty list if the model is bidirectional."""
        if not self.curves:
            return []
        return compute_accuracy_by_timestep(self.labels, self.curves, self.length, self.threshold)

    def find_errors(self) -> Rows:
        """Return the row numbers of the misclassified reviews, most confident errors first."""
        wrong = np.flatnonzero(~find_correct(self.labels, self.probabilities, self.threshold))
        return wrong[np.argsort(-np.abs(self.probabilities - self.labels)[wrong], kind="stable")]


@dataclass(frozen=True)
class Misclassified:
    """A misclassified review."""

    text: str
    label: str
    """The correct label."""
    probability: float
    """The predicted probability of positive."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Evaluation(Scores):
    """A classifier's metrics on a split of labelled reviews."""

    run: str
    split: str
    accuracy_by_timestep: Sequence[TimestepScores]
    """Metrics after 10, 25, 50 … words; empty if the model is bidirectional."""
    accuracy_by_length: Sequence[LengthScores]
    coverage: Sequence[CoverageScores]
    """Accuracy on the most confidently classified 99 %, 95 %, 90 % … of the reviews."""
    answers: AnswerScores | None = None
    """Error on the reviews that are not labelled "unsure"; None unless a maximum error was requested."""
    errors: Sequence[Misclassified] | None = None
    """The most confidently misclassified reviews; None unless requested."""
    best_threshold: float | None = None
    """Threshold with the highest balanced accuracy on the validation reviews; None for other splits, because choosing a
    threshold on a split makes the figures for that split optimistic."""
    seen: int | None = None
    """Number of the split's reviews that were used to train the model or to choose its best epoch; None if unknown."""
    caveat: str | None = None
    """A sentence that explains why the figures are optimistic; None if no reason is known."""
    direction: Direction = "forward"
    """The direction in which the model read the reviews; backward means that it read the last word first."""

    def to_dict(self) -> dict[str, Any]:
        """Return the dictionary that `evaluate --json` prints."""
        figures = {
            "run": self.run,
            "split": self.split,
            **record_direction(self.direction),
            "seen": self.seen,
            **{field.name: getattr(self, field.name) for field in fields(Scores)},
            "best_threshold": self.best_threshold,
            "accuracy_by_timestep": [asdict(row) for row in self.accuracy_by_timestep],
            "accuracy_by_length": [row.to_dict() for row in self.accuracy_by_length],
            "coverage": [asdict(row) for row in self.coverage],
        }
        if self.answers is not None:
            figures["answers"] = asdict(self.answers)
        if self.errors is not None:
            figures["errors"] = [asdict(error) for error in self.errors]
        return figures

    def list_records(self) -> list[dict[str, Any]]:
        """Return the main metrics as one record; the two ends of the confidence interval are separate values."""
        (tn, fp), (fn, tp) = self.confusion_matrix
        counts = {"true_negatives": tn, "false_positives": fp, "false_negatives": fn, "true_positives": tp}
        lists = ("confusion_matrix", "accuracy_by_timestep", "accuracy_by_length", "coverage", "answers", "errors")
        figures = {name: value for name, value in self.to_dict().items() if name not in lists}
        return [split_intervals({**figures, **counts})]

    def to_frame(self) -> "DataFrame":
        """Return the main metrics as a pandas data frame with one row; pandas must be installed."""
        return build_frame(self.list_records())

    def __repr__(self) -> str:
        """Return the main metrics."""
        return (
            f"Evaluation({self.run!r}, split={self.split!r}, n={self.n}, accuracy={self.accuracy:.4f}, "
            f"log_loss={self.log_loss:.4f}, ece={self.ece:.4f})"
        )


@dataclass(frozen=True)
class NextWordEvaluation:
    """A next-word model's metrics on a split of reviews."""

    run: str
    split: str
    n: int
    """Number of reviews."""
    words: int
    """Number of words; the end of each review counts as a word."""
    loss: float
    """Mean negative log-likelihood per word, in nats."""
    perplexity: float
    direction: Direction = "forward"
    """The direction in which the model read the reviews; a backward model predicts the previous word."""

    def to_dict(self) -> dict[str, Any]:
        """Return the dictionary that `evaluate --json` prints."""
        figures = asdict(self)
        return figures | record_direction(figures.pop("direction"))

    def list_records(self) -> list[dict[str, Any]]:
        """Return all metrics as one record."""
        return [self.to_dict()]

    def to_frame(self) -> "DataFrame":
        """Return all metrics as a pandas data frame with one row; pandas must be installed."""
        return build_frame(self.list_records())


def predict_reviews(
    classifier: Classifier, reviews: Sequence[Review], max_error: float | None = None
) -> PredictedReviews:
    """Classify labelled reviews; unless the model is bidirectional, also predict after each timestep."""
    by_timestep = not classifier.network.bidirectional
    limit = None if max_error is None else classifier.find_limit(max_error)
    probabilities, words, curves, answered = [], [], [], []
    texts = (review.text for review in reviews)
    with show_bar(total=len(reviews), desc="evaluating", unit=" reviews", delay=1) as bar:
        predictions = classifier.predict_many(texts, timesteps=by_timestep, max_error=max_error, observe=bar.update)
        for prediction in predictions:
            answered.append(not prediction.unsure)
            probabilities.append(prediction.probability)
            words.append(prediction.words)
            if prediction.probabilities is not None:
                curves.append(prediction.probabilities)
    labels = np.array([review.label for review in reviews], dtype=np.int8)
    predicted = np.array(probabilities, dtype=np.float32)
    return PredictedReviews(
        reviews,
        labels,
        predicted,
        np.array(words),
        curves,
        classifier.text.length,
        classifier.threshold,
        compute_answers(labels, predicted, np.array(answered, bool), limit) if limit else None,
        classifier.text.direction,
    )


def measure_calibration(classifier: Classifier, sequences: Sequence[Ids], labels: Labels) -> Calibration | None:
    """Count the misclassified reviews above each confidence limit; return None if no review contains a known word."""
    rows = [row for row, ids in enumerate(sequences) if find_doubt(ids, classifier.vocabulary) not in NOTHING_KNOWN]
    if not rows:
        return None
    with show_bar(total=len(rows), desc="calibrating", unit=" reviews", delay=1) as bar:
        probabilities = classifier.predict_ids([sequences[row] for row in rows], bar.update)
    return Calibration.measure(labels[rows], probabilities)


def build_evaluation(
    run: str,
    split: str,
    predicted: PredictedReviews,
    errors: int = 0,
    *,
    seen: int | None = None,
    caveat: str | None = None,
) -> Evaluation:
    """Compute all metrics from classified reviews; include up to `errors` misclassified ones, most confident first."""
    labels, probabilities, threshold = predicted.labels, predicted.probabilities, predicted.threshold
    wrong = [
        Misclassified(predicted.reviews[row].text, LABELS[labels[row]], float(probabilities[row]))
        for row in predicted.find_errors()[:errors]
    ]
    return Evaluation(
        **vars(compute_scores(labels, probabilities, threshold)),
        run=run,
        split=split,
        accuracy_by_timestep=predicted.compute_accuracy_by_timestep(),
        accuracy_by_length=compute_accuracy_by_length(labels, probabilities, predicted.words, threshold),
        coverage=compute_coverage(labels, probabilities, threshold),
        answers=predicted.answers,
        errors=wrong if errors else None,
        best_threshold=find_best_threshold(labels, probabilities) if split == "validation" else None,
        seen=seen,
        caveat=caveat,
        direction=predicted.direction,
    )


def evaluate_next_words(model: NextWordModel, split: str, reviews: Sequence[Review]) -> NextWordEvaluation:
    """Return a next-word model's mean loss and perplexity on reviews; the end of a review counts as a word."""
    sequences = [model.encode(review.text).ids for review in reviews]
    words, loss = sum(map(len, sequences)), 0.0
    with show_bar(total=words, desc="evaluating", unit=" words", delay=1) as bar:
        for rows, losses in model.iter_losses(sequences):
            loss += float(losses.sum(dtype=np.float64))
            bar.update(sum(len(sequences[row]) for row in rows))
    mean = loss / words
    perplexity = compute_perplexity(mean)
    direction = model.config.text.direction
    return NextWordEvaluation(str(model.run), split, len(reviews), words, mean, perplexity, direction)
