"""The selection of the reviews that a report shows word by word."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imdb_gru.inspection.inspection import Inspection
from imdb_gru.models.evaluation import PredictedReviews
from imdb_gru.models.metrics import find_correct
from imdb_gru.models.timesteps import find_turns

ERROR, CORRECT, LATE, OFTEN = "Confident errors", "Confident and correct", "Late change", "Many changes"
UNSURE = "Undecided"
ORDER = (ERROR, CORRECT, LATE, OFTEN, UNSURE)
"""Reasons for choosing a review, in the order in which the report lists them."""
ROUND = (ERROR, CORRECT, ERROR, LATE, CORRECT, ERROR, OFTEN, LATE)
"""One review is chosen for each of these reasons in turn; after the last reason, the sequence starts again."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen review and the reason for choosing it."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """An inspected text with its label and the reason for showing it."""

    inspection: Inspection
    truth: str | None = None
    """The label of the text, if it has one."""
    reason: str = ""
    """Reason for choosing the text; empty if the user supplied the text."""


def choose_examples(predicted: PredictedReviews, count: int) -> list[Choice]:
    """Choose up to `count` reviews: confident errors, confident correct predictions, and late or frequent changes.

    The choices are sorted by reason, and the clearest example of each reason comes first.
    """
    rankings = {reason: iter(rows) for reason, rows in _rank(predicted).items()}
    chosen: dict[int, str] = {}
    turn = 0
    while len(chosen) < min(count, len(predicted.reviews)):
        # When a ranking is used up, take an undecided review: the ranking for UNSURE contains every review.
        for reason in (ROUND[turn % len(ROUND)], UNSURE):
            row = next((row for row in rankings[reason] if row not in chosen), None)
            if row is not None:
                chosen[row] = reason
                break
        turn += 1
    return [Choice(row, reason) for wanted in ORDER for row, reason in chosen.items() if reason == wanted]


def _rank(predicted: PredictedReviews) -> dict[str, list[int]]:
    """Return the indices of the reviews for each reason, clearest example first."""
    probabilities, labels = predicted.probabilities, predicted.labels
    confidence = np.abs(probabilities - 0.5)
    turns = [find_turns(curve.tolist()) for curve in predicted.curves]
    # Predictions close to 0.5 can change by chance, so a late change is weighted by the final confidence.
    last = np.array([turn[-1] if turn else 0 for turn in turns]) * confidence[: len(turns)]
    often = np.array([len(turn) for turn in turns])
    correct = find_correct(labels, probabilities)
    by_label = [
        [int(row) for row in np.argsort(-confidence, kind="stable") if correct[row] and labels[row] == label]
        for label in (1, 0)
    ]
    return {
        ERROR: predicted.find_errors().tolist(),
        CORRECT: list(_alternate(*by_label)),
        LATE: [row for row in np.argsort(-last, kind="stable").tolist() if turns[row]],
        OFTEN: [row for row in np.argsort(-often, kind="stable").tolist() if turns[row]],
        UNSURE: np.argsort(confidence, kind="stable").tolist(),
    }


def _alternate(one: list[int], other: list[int]) -> Iterator[int]:
    for index in range(max(len(one), len(other))):
        yield from one[index : index + 1]
        yield from other[index : index + 1]
