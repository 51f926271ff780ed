"""The threshold and the confidence of predictions, and the confidence limit at or below which a label is 'unsure'."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.system.arrays import Array
from imdb_gru.system.escaping import show_value

THRESHOLD = 0.5
"""The default threshold: the lowest probability at which a text is labelled positive."""
LARGEST_ERROR = 0.5


@dataclass(frozen=True)
class ConfidenceLimit:
    """The confidence at or below which a label is 'unsure', and the model's results on the validation reviews."""

    max_error: float
    confidence: float
    reviews: int
    answered: int
    """Number of validation reviews whose confidence is above the limit."""
    errors: int
    """Number of misclassified validation reviews whose confidence is above the limit."""

    def __str__(self) -> str:
        """Describe the limit in one line."""
        rule = f"unsure if the confidence is at most {self.confidence:.4f}" if self.confidence else "sure of every text"
        return (
            f"{rule}: the model labelled {self.answered / self.reviews:.1%} of {self.reviews:,} validation reviews, "
            f"and {self.errors / self.answered:.1%} of these labels were wrong"
        )


def compute_confidence(probabilities: Array, threshold: float = THRESHOLD) -> NDArray[np.float64]:
    """Return the probability of each predicted label, given each text's probability of positive and the threshold."""
    exact = probabilities.astype(np.float64)
    return np.where(exact >= threshold, exact, 1 - exact)


def check_max_error(max_error: Any) -> float:
    """Return a maximum error, or raise `ValueError` if it is not a share between 0 and `LARGEST_ERROR`."""
    if isinstance(max_error, bool) or not isinstance(max_error, int | float) or not 0 < max_error < LARGEST_ERROR:
        raise ValueError(
            f"max_error is {show_value(max_error)}: give a share above 0 and below {LARGEST_ERROR}, such as 0.05"
        )
    return float(max_error)


def check_threshold(threshold: float) -> float:
    """Return the threshold, or raise `ValueError` if it is not a number from 0 to 1."""
    if not (isinstance(threshold, int | float) and 0 <= threshold <= 1):
        raise ValueError(f"threshold is {show_value(threshold)}: give a number from 0 to 1")
    return threshold
