"""How often a model is wrong on its validation reviews at each confidence, and the limit above which errors are rare.

The confidence of a prediction is the probability of the predicted label. A text is labelled positive or negative if the
confidence is above the limit; otherwise, its label is 'unsure'. The limit is chosen by fixed sequence testing
(Angelopoulos et al. 2021, "Learn then Test", section 2.2) with exact binomial tests. Geifman and El-Yaniv (2017,
"Selective Classification for Deep Neural Networks", section 3) use such tests to limit the share of errors among the
texts that are not 'unsure'.
"""

import math
from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from imdb_gru.errors import RunError
from imdb_gru.records import Record
from imdb_gru.runs.confidence import LARGEST_ERROR, ConfidenceLimit, compute_confidence
from imdb_gru.system.arrays import Array, Labels

DOUBT = 0.1
"""Highest accepted probability (over random choices of validation reviews) that the error exceeds `max_error`."""
MOST_ROWS = 1000
"""Maximum number of stored limits; more would enlarge the file, but hardly reduce the number of 'unsure' labels."""
MOST_REVIEWS = 10**8
NEGLIGIBLE = 12
"""Number of standard deviations below the mean beyond which binomial probabilities add up to less than 1e-16."""
ERRORS_AT_FIRST = 2
"""Number of errors that the first test should allow, so that a single wrong label does not end the search."""


class Calibration(Record):
    """How many validation reviews have a confidence above each limit, and how many of these were misclassified."""

    reviews: int
    limits: list[float]
    """Confidence limits, highest first; the last limit is 0, and every review is above it."""
    answered: list[int]
    """Number of reviews whose confidence is above each limit."""
    errors: list[int]
    """Number of misclassified reviews whose confidence is above each limit."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not len(self.limits) == len(self.answered) == len(self.errors) > 0:
            raise ValueError("'limits', 'answered' and 'errors' differ in length, or are empty")
        if self.answered != sorted(self.answered) or not 0 < self.answered[0] <= self.answered[-1] <= self.reviews:
            raise ValueError("'answered' is not sorted, or exceeds 'reviews'")
        if len(self.limits) > MOST_ROWS or self.reviews > MOST_REVIEWS:
            raise ValueError(f"more than {MOST_ROWS} limits or {MOST_REVIEWS} reviews")
        return self

    @classmethod
    def measure(cls, labels: Labels, probabilities: Array) -> "Calibration":
        """Count reviews and errors above each limit, given the labels and probabilities of at least one review."""
        confidence = compute_confidence(probabilities)
        wrong = (probabilities >= 0.5) != (labels == 1)
        order = np.argsort(-confidence, kind="stable")
        limits = np.append(np.unique(confidence)[-2::-1], 0.0)
        answered = np.searchsorted(-confidence[order], -limits, side="left")
        rows = np.unique(np.linspace(0, len(limits) - 1, MOST_ROWS).round().astype(np.int64))
        errors = np.cumsum(wrong[order])[answered - 1]
        return cls(
            reviews=len(labels),
            limits=limits[rows].tolist(),
            answered=answered[rows].tolist(),
            errors=errors[rows].tolist(),
        )

    def find_limit(self, max_error: float) -> ConfidenceLimit | None:
        """Return the lowest limit at which the error is at most `max_error` on texts like the validation reviews.

        The error is the share of misclassified texts among those whose confidence is above the limit. The probability
        that this share exceeds `max_error`, over random choices of validation reviews, is at most `DOUBT`. Returns None
        if there are too few reviews, or if too many of them are misclassified.
        """
        found = None
        for row, allowed in self._choose_tests(max_error):
            if self.errors[row] > allowed:
                break
            found = row
        if found is None:
            return None
        return ConfidenceLimit(max_error, self.limits[found], self.reviews, self.answered[found], self.errors[found])

    def find_smallest_error(self) -> float | None:
        """Return the smallest multiple of 0.01 for which `find_limit` finds a limit, or None if there is none."""
        percents = range(1, round(100 * LARGEST_ERROR))
        return next((percent / 100 for percent in percents if self.find_limit(percent / 100)), None)

    def _choose_tests(self, max_error: float) -> Iterator[tuple[int, int]]:
        """Yield (row, allowed errors) for each limit to test, highest limit first.

        A limit is tested if its test allows more errors than the test of the next higher limit, or if it is the
        lowest limit. The choice does not depend on which reviews were misclassified, so no correction for multiple
        tests is needed.
        """
        allowed = count_allowed(np.array(self.answered), max_error)
        rows = np.flatnonzero(np.diff(allowed, prepend=-1) > 0)
        early = (allowed[rows] <= ERRORS_AT_FIRST) & (2 * np.array(self.answered)[rows] <= self.answered[-1])
        rows = rows[max(0, int(early.sum()) - 1) :]
        if len(rows) and rows[-1] != len(allowed) - 1:
            rows = np.append(rows, len(allowed) - 1)
        yield from zip(rows.tolist(), allowed[rows].tolist(), strict=True)


def count_allowed(answered: NDArray[np.int64], max_error: float) -> NDArray[np.int64]:
    """Return how many errors the test for `max_error` allows, for each given number of texts that are not 'unsure'.

    If each text were misclassified with probability `max_error`, the probability of at most this many errors would not
    exceed `DOUBT`. The result is -1 if even the probability of 0 errors would exceed `DOUBT`.
    """
    return np.array([_count_allowed(n, max_error) for n in answered.tolist()], np.int64)


def _count_allowed(n: int, max_error: float) -> int:
    mean, spread = n * max_error, (n * max_error * (1 - max_error)) ** 0.5
    first = max(0, int(mean - NEGLIGIBLE * spread))
    errors = np.arange(first, int(mean))
    log_odds = math.log(max_error) - math.log1p(-max_error)
    steps = np.log(n - errors) - np.log(errors + 1) + log_odds  # logarithms of the ratios of successive probabilities
    start = math.lgamma(n + 1) - math.lgamma(first + 1) - math.lgamma(n - first + 1)
    start += first * log_odds + n * math.log1p(-max_error)
    probabilities = np.exp(start + np.append(0.0, np.cumsum(steps)))
    allowed = int(np.searchsorted(np.cumsum(probabilities), DOUBT, side="right")) - 1
    return first + allowed


def require_limit(calibration: Calibration | None, max_error: float, name: str) -> ConfidenceLimit:
    """Return a model's confidence limit for a maximum error, or raise `RunError` if there is no such limit."""
    if calibration is None:
        raise RunError(
            f"{name} has no record of its confidence on validation reviews, so no maximum error can be guaranteed: "
            "train the model again, with validation reviews (train.validation_split)"
        )
    found = calibration.find_limit(max_error)
    if found is None:
        smallest = calibration.find_smallest_error()
        advice = "train"
        if smallest:
            advice = f"the smallest share that they can guarantee is about {smallest:.0%}; allow more errors, or train"
        raise RunError(
            f"the {calibration.reviews:,} validation reviews of {name} are too few, or include too many misclassified "
            f"ones, to guarantee that the share of wrong labels is at most {max_error:.4g}: {advice} with more reviews"
        )
    return found
