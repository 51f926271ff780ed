"""The choice of reviews that the reader of a report can explore."""

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
"""The order of reasons in a report."""
ROUND = (ERROR, CORRECT, ERROR, LATE, CORRECT, ERROR, OFTEN, LATE)
"""The reasons by which reviews are chosen one after the other; after these eight, from the first again."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A review worth exploring, and why."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """An inspected text with its label and the reason to show it."""

    inspection: Inspection
    truth: str | None = None
    """The label of the text, if it has one."""
    reason: str = ""
    """The reason why it was chosen."""


def choose_examples(predicted: PredictedReviews, count: int) -> list[Choice]:
    """Choose up to `count` reviews: confident errors, confident correct predictions of both labels, and changes.

    The choices are sorted by reason, and the best review of each reason comes first.
    """
    rankings = {reason: iter(rows) for reason, rows in _rank(predicted).items()}
    chosen: dict[int, str] = {}
    turn = 0
    while len(chosen) < min(count, len(predicted.reviews)):
        # When a ranking has ended, an undecided review takes its place: that ranking holds every review.
        for reason in (ROUND[turn % len(ROUND)], UNSURE):
            row = next((row for row in rankings[reason] if row not in chosen), None)
            if row is not None:
                chosen[row] = reason
                break
        turn += 1
    return [Choice(row, reason) for wanted in ORDER for row, reason in chosen.items() if reason == wanted]


def _rank(predicted: PredictedReviews) -> dict[str, list[int]]:
    """Return rows by reason, best first."""
    probabilities, labels = predicted.probabilities, predicted.labels
    confidence = np.abs(probabilities - 0.5)
    turns = [find_turns(curve.tolist()) for curve in predicted.curves]
    # A prediction close to 0.5 changes by chance, so a late change counts the more, the more confident it became.
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
