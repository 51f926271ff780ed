"""A classifier's metrics. Labels are 0 or 1, probabilities are those of the positive class, and arrays are `(N,)`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from imdb_gru.runs.confidence import THRESHOLD, ConfidenceLimit, compute_confidence
from imdb_gru.system.arrays import Array, Labels, Lengths, Mask

Probabilities = Array

BINS = 15
"""Number of bins for the calibration error, as in Guo et al. 2017."""
TIMESTEPS = (10, 25, 50, 100, 200, 300, 400, 500, 750, 1000, 1500, 2000)
LENGTHS = (50, 100, 200, 300, 400, 500, 1000)
SHARES = (0.99, 0.95, 0.9, 0.8, 0.5)
"""Shares of the reviews on which accuracy is computed; 0.9 means the most confidently classified 90 % of them."""


@dataclass(frozen=True)
class Scores:
    """A classifier's metrics on labelled reviews; a metric that is undefined is None."""

    n: int
    """Number of reviews."""
    accuracy: float
    accuracy_interval: tuple[float, float]
    """95 % confidence interval (Wilson 1927)."""
    majority_accuracy: float
    """Accuracy of always predicting the more frequent label."""
    balanced_accuracy: float | None
    """Mean of the accuracies on positive and on negative reviews."""
    threshold: float
    """Lowest probability at which a review counts as positive."""
    log_loss: float
    """Mean negative log-likelihood in nats."""
    precision: float | None
    recall: float | None
    f1: float | None
    roc_auc: float | None
    ece: float
    """Expected calibration error (Guo et al. 2017)."""
    confusion_matrix: tuple[tuple[int, int], tuple[int, int]]
    """((true negatives, false positives), (false negatives, true positives))."""


@dataclass(frozen=True)
class TimestepScores:
    """The metrics after a given number of words; for a shorter review, after its last word."""

    timestep: int
    accuracy: float
    log_loss: float
    ece: float


@dataclass(frozen=True)
class LengthScores:
    """The accuracy on reviews of similar length."""

    shortest: int
    """Minimum number of words in a review, before truncation."""
    longest: int | None
    """Maximum number of words in a review, before truncation; None if there is no maximum."""
    n: int
    accuracy: float

    @property
    def words(self) -> str:
        """Return the range of lengths as text, such as "51 to 100"."""
        return f"over {self.shortest - 1}" if self.longest is None else f"{self.shortest} to {self.longest}"

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics under the names used in JSON output."""
        return {"from": self.shortest, "to": self.longest, "n": self.n, "accuracy": self.accuracy}


@dataclass(frozen=True)
class CoverageScores:
    """The accuracy on a given share of the reviews: those with the most confident predictions."""

    share: float
    n: int
    """Number of reviews in this share."""
    accuracy: float
    confidence: float
    """Smallest confidence in this share; a prediction's confidence is the probability of the predicted label."""


@dataclass(frozen=True)
class AnswerScores:
    """The error on the reviews that are not labelled "unsure", for a requested maximum error."""

    max_error: float
    """The maximum error that was requested."""
    confidence: float
    """Confidence limit; reviews whose confidence is at or below it are labelled "unsure"."""
    n: int
    """Number of reviews that are not labelled "unsure"."""
    share: float
    """These `n` reviews as a share of all reviews."""
    error: float | None
    """Share of these `n` reviews that are misclassified; None if `n` is 0."""


@dataclass(frozen=True)
class ReliabilityBin:
    """The reviews whose predicted probabilities fall into one interval."""

    low: float
    high: float
    n: int
    probability: float
    """Mean predicted probability of positive in the bin."""
    positive_share: float
    """Share of the bin's reviews that are positive."""


def compute_scores(labels: Labels, probabilities: Probabilities, threshold: float = THRESHOLD) -> Scores:
    """Return all metrics of a classifier on labelled reviews."""
    predicted = find_positive(probabilities, threshold)
    positive = labels == 1
    tp, fp = int((predicted & positive).sum()), int((predicted & ~positive).sum())
    fn, tn = int((~predicted & positive).sum()), int((~predicted & ~positive).sum())
    n = len(labels)
    return Scores(
        n=n,
        accuracy=(tp + tn) / n,
        accuracy_interval=compute_interval(tp + tn, n),
        majority_accuracy=max(tp + fn, tn + fp) / n,
        balanced_accuracy=(tp / (tp + fn) + tn / (tn + fp)) / 2 if tp + fn and tn + fp else None,
        threshold=threshold,
        log_loss=compute_log_loss(labels, probabilities),
        precision=tp / (tp + fp) if tp + fp else None,
        recall=tp / (tp + fn) if tp + fn else None,
        f1=2 * tp / (2 * tp + fp + fn) if tp + fp + fn else None,
        roc_auc=compute_roc_auc(labels, probabilities),
        ece=compute_ece(labels, probabilities),
        confusion_matrix=((tn, fp), (fn, tp)),
    )


def find_positive(probabilities: Probabilities, threshold: float = THRESHOLD) -> Mask:
    """Return, as `(N,)` bool, whether each probability is at least `threshold` and so counts as positive."""
    positive: Mask = probabilities.astype(np.float64) >= threshold
    return positive


def find_correct(labels: Labels, probabilities: Probabilities, threshold: float = THRESHOLD) -> Mask:
    """Return, as `(N,)` bool, whether each review is classified correctly."""
    correct: Mask = find_positive(probabilities, threshold) == (labels == 1)
    return correct


def find_best_threshold(labels: Labels, probabilities: Probabilities) -> float | None:
    """Return the threshold with the highest balanced accuracy; among equally good thresholds, the closest to 0.5.

    Only 0, 1 and the midpoints between successive probabilities are tried. Returns None if either label is missing.
    """
    values, inverse = np.unique(probabilities.astype(np.float64), return_inverse=True)
    counts = [np.bincount(inverse[labels == label], minlength=len(values)) for label in (0, 1)]
    if not all(count.any() for count in counts):
        return None
    below, below_positive = (np.concatenate([[0], np.cumsum(count)]) / count.sum() for count in counts)
    balanced = np.round((below + 1 - below_positive) / 2, 9)
    thresholds = np.concatenate([[0.0], (values[:-1] + values[1:]) / 2, [1.0]])
    best = np.flatnonzero(balanced == balanced.max())
    return float(thresholds[best[np.argmin(np.abs(thresholds[best] - 0.5))]])


def compute_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the confidence interval of a proportion (Wilson 1927), widened if necessary to contain the proportion."""
    from statistics import NormalDist  # slow to import, and not needed to predict a text

    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def compute_log_loss(labels: Labels, probabilities: Probabilities) -> float:
    """Return the mean negative log-likelihood in nats; probabilities are clipped to [1e-7, 1 - 1e-7], as in Keras."""
    of_label = np.where(labels == 1, probabilities, 1 - probabilities).astype(np.float64)
    return float(-np.log(np.clip(of_label, 1e-7, 1 - 1e-7)).mean())


def compute_roc_auc(labels: Labels, probabilities: Probabilities) -> float | None:
    """Return the chance that a random positive review ranks above a random negative one; None if a label is missing."""
    _, inverse, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = labels == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return None
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def compute_ece(labels: Labels, probabilities: Probabilities, bins: int = BINS) -> float:
    """Return the expected calibration error of the probability of positive (Guo et al. 2017, equation 3).

    The error is the mean gap between a bin's mean probability and its share of positive reviews, weighted by
    the number of reviews in the bin.
    """
    filled = compute_reliability(labels, probabilities, bins)
    return sum(row.n * abs(row.probability - row.positive_share) for row in filled) / len(labels)


def compute_reliability(labels: Labels, probabilities: Probabilities, bins: int = BINS) -> list[ReliabilityBin]:
    """Return the non-empty bins; all bins have the same width, and together they cover the range 0 to 1."""
    index = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    counts, positive = np.bincount(index, minlength=bins), np.bincount(index, weights=labels, minlength=bins)
    sums = np.bincount(index, weights=probabilities, minlength=bins)
    return [
        ReliabilityBin(
            low=row / bins,
            high=(row + 1) / bins,
            n=int(counts[row]),
            probability=float(sums[row] / counts[row]),
            positive_share=float(positive[row] / counts[row]),
        )
        for row in np.flatnonzero(counts).tolist()
    ]


def compute_accuracy_by_timestep(
    labels: Labels, curves: Sequence[Probabilities], length: int, threshold: float = THRESHOLD
) -> list[TimestepScores]:
    """Return accuracy, log loss and ECE after 10, 25, 50 … `length` words; `curves` holds one array per review."""
    steps = [step for step in TIMESTEPS if step < length] + [length]
    rows = []
    for step in steps:
        probabilities = np.array([curve[min(step, len(curve) - 1)] for curve in curves], dtype=np.float32)
        accuracy = float(find_correct(labels, probabilities, threshold).mean())
        log_loss, ece = compute_log_loss(labels, probabilities), compute_ece(labels, probabilities)
        rows.append(TimestepScores(step, accuracy, log_loss, ece))
    return rows


def compute_answers(
    labels: Labels, probabilities: Probabilities, answered: Mask, limit: ConfidenceLimit
) -> AnswerScores:
    """Return the error on the reviews that are not labelled "unsure"; `answered`, `(N,)` bool, marks these reviews."""
    correct = find_correct(labels, probabilities)[answered]
    error = float(1 - correct.mean()) if len(correct) else None
    return AnswerScores(limit.max_error, limit.confidence, len(correct), len(correct) / len(labels), error)


def compute_coverage(
    labels: Labels, probabilities: Probabilities, threshold: float = THRESHOLD
) -> list[CoverageScores]:
    """Return the accuracy on the most confidently classified 99 %, 95 %, 90 % … of the reviews."""
    confidence = compute_confidence(probabilities, threshold)
    order = np.argsort(-confidence, kind="stable")
    correct = np.cumsum(find_correct(labels, probabilities, threshold)[order])
    counts = [max(1, round(share * len(labels))) for share in SHARES]
    return [
        CoverageScores(share, n, float(correct[n - 1] / n), float(confidence[order[n - 1]]))
        for share, n in zip(SHARES, counts, strict=True)
    ]


def compute_accuracy_by_length(
    labels: Labels, probabilities: Probabilities, lengths: Lengths, threshold: float = THRESHOLD
) -> list[LengthScores]:
    """Return the accuracy on reviews of 0 to 50, 51 to 100 … words; `lengths` counts words before truncation."""
    correct = find_correct(labels, probabilities, threshold)
    edges = np.searchsorted(LENGTHS, lengths, side="left")
    rows = []
    for index in range(len(LENGTHS) + 1):
        chosen = correct[edges == index]
        if len(chosen):
            shortest = LENGTHS[index - 1] + 1 if index else 0
            longest = LENGTHS[index] if index < len(LENGTHS) else None
            rows.append(LengthScores(shortest, longest, len(chosen), float(chosen.mean())))
    return rows
