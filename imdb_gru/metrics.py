"""Own the figures of a judged model; labels are 0 or 1, probabilities are of positive, all arrays `(N,)`."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int8]
Probabilities = NDArray[np.float32]

BINS = 15
"""Bins of the calibration error, as in Guo et al. 2017."""
TIMESTEPS = (10, 25, 50, 100, 200, 300, 400, 500, 750, 1000, 1500, 2000)
LENGTHS = (50, 100, 200, 300, 400, 500, 1000)


def compute_metrics(labels: Labels, probabilities: Probabilities) -> dict[str, object]:
    """Return accuracy with its interval, log loss, precision, recall, F1, ROC AUC, ECE and the confusion matrix.

    Where a figure is not defined (no review of a label, or none called positive), it is None.
    """
    called = probabilities >= 0.5
    positive = labels == 1
    tp, fp = int((called & positive).sum()), int((called & ~positive).sum())
    fn, tn = int((~called & positive).sum()), int((~called & ~positive).sum())
    n = len(labels)
    return {
        "n": n,
        "accuracy": (tp + tn) / n,
        "accuracy_interval": compute_interval(tp + tn, n),
        "log_loss": compute_log_loss(labels, probabilities),
        "precision": tp / (tp + fp) if tp + fp else None,
        "recall": tp / (tp + fn) if tp + fn else None,
        "f1": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else None,
        "roc_auc": compute_roc_auc(labels, probabilities),
        "ece": compute_ece(labels, probabilities),
        "confusion_matrix": [[tn, fp], [fn, tp]],
    }


def find_right(labels: Labels, probabilities: Probabilities) -> NDArray[np.bool_]:
    """Tell which reviews are called rightly, `(N,)`; a probability of 0.5 is positive."""
    right: NDArray[np.bool_] = (probabilities >= 0.5) == (labels == 1)
    return right


def compute_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share of `n` (Wilson 1927), the share itself in it, however it is rounded."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def compute_log_loss(labels: Labels, probabilities: Probabilities) -> float:
    """Return the mean negative log-likelihood in nats, probabilities kept off 0 and 1 by 1e-7 as Keras keeps them."""
    of_label = np.where(labels == 1, probabilities, 1 - probabilities).astype(np.float64)
    return float(-np.log(np.clip(of_label, 1e-7, 1 - 1e-7)).mean())


def compute_roc_auc(labels: Labels, probabilities: Probabilities) -> float | None:
    """Return the chance that a positive review is put above a negative one, ties counted half; None with one label."""
    _, inverse, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = labels == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return None
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def compute_ece(labels: Labels, probabilities: Probabilities, bins: int = BINS) -> float:
    """Return the expected calibration error of the probability of positive (Guo et al. 2017, equation 3).

    The error is the mean gap between a bin's probability and its share of positive reviews.
    """
    filled = compute_reliability(labels, probabilities, bins)
    return sum(row["n"] * abs(row["probability"] - row["positive_share"]) for row in filled) / len(labels)


def compute_reliability(labels: Labels, probabilities: Probabilities, bins: int = BINS) -> list[dict[str, float]]:
    """Return each bin that holds reviews: its bounds, `n`, mean probability and share of positive reviews.

    Bins are of equal width, from 0 to 1.
    """
    index = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    counts, positive = np.bincount(index, minlength=bins), np.bincount(index, weights=labels, minlength=bins)
    sums = np.bincount(index, weights=probabilities, minlength=bins)
    return [
        {
            "from": row / bins,
            "to": (row + 1) / bins,
            "n": int(counts[row]),
            "probability": float(sums[row] / counts[row]),
            "positive_share": float(positive[row] / counts[row]),
        }
        for row in np.flatnonzero(counts).tolist()
    ]


def compute_accuracy_by_timestep(
    labels: Labels, beliefs: Sequence[Probabilities], length: int
) -> list[dict[str, float]]:
    """Return accuracy, log loss and ECE after 10, 25, 50 … `length` words; a review that has ended keeps its belief."""
    steps = [step for step in TIMESTEPS if step < length] + [length]
    rows = []
    for step in steps:
        probabilities = np.array([belief[min(step, len(belief) - 1)] for belief in beliefs], dtype=np.float32)
        rows.append(
            {
                "timestep": step,
                "accuracy": float(find_right(labels, probabilities).mean()),
                "log_loss": compute_log_loss(labels, probabilities),
                "ece": compute_ece(labels, probabilities),
            }
        )
    return rows


def compute_accuracy_by_length(
    labels: Labels, probabilities: Probabilities, lengths: NDArray[np.int64]
) -> list[dict[str, object]]:
    """Return the accuracy of reviews of up to 50, 51 to 100 … words; `lengths` counts words before truncation."""
    right = find_right(labels, probabilities)
    edges = np.searchsorted(LENGTHS, lengths, side="left")
    rows: list[dict[str, object]] = []
    for index in range(len(LENGTHS) + 1):
        chosen = right[edges == index]
        if len(chosen):
            low = LENGTHS[index - 1] + 1 if index else 0
            high = LENGTHS[index] if index < len(LENGTHS) else None
            rows.append({"from": low, "to": high, "n": len(chosen), "accuracy": float(chosen.mean())})
    return rows
