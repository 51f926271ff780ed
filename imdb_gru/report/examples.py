"""Own which reviews a report lets its reader explore."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imdb_gru.evaluation import Judgement
from imdb_gru.inspection.inspection import Inspection
from imdb_gru.metrics import find_right
from imdb_gru.report.timesteps import find_turns

MISTAKE, RIGHT, LATE, OFTEN = "Confident mistakes", "Confident and right", "Turned late", "Turned often"
UNSURE = "Hardly decided"
ROUND = (MISTAKE, RIGHT, MISTAKE, LATE, RIGHT, MISTAKE, OFTEN, LATE)
"""Whose turn it is to name a review; the next eight go round again."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A review worth exploring, and why."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """An inspected text, with what is known of it beside."""

    inspection: Inspection
    truth: str | None = None
    """Its label, where there is one."""
    reason: str = ""
    """Why it was chosen."""


def choose_examples(judgement: Judgement, count: int) -> list[Choice]:
    """Choose up to `count` reviews: confident mistakes, confident right ones of both labels, late and frequent turns.

    Reasons stand together, the best review of each first.
    """
    rankings = {reason: iter(rows) for reason, rows in _rank(judgement).items()}
    chosen: dict[int, str] = {}
    turn = 0
    while len(chosen) < min(count, len(judgement.reviews)):
        # Once a ranking has ended, the unsure ones stand in: that one holds every review.
        for reason in (ROUND[turn % len(ROUND)], UNSURE):
            row = next((row for row in rankings[reason] if row not in chosen), None)
            if row is not None:
                chosen[row] = reason
                break
        turn += 1
    order = (MISTAKE, RIGHT, LATE, OFTEN, UNSURE)
    return [Choice(row, reason) for wanted in order for row, reason in chosen.items() if reason == wanted]


def _rank(judgement: Judgement) -> dict[str, list[int]]:
    """Return rows by reason, best first."""
    probabilities, labels = judgement.probabilities, judgement.labels
    sure = np.abs(probabilities - 0.5)
    turns = [find_turns(belief.tolist()) for belief in judgement.beliefs]
    # A verdict that was close to 0.5 turns by chance: a late turn counts by how sure it became.
    last = np.array([turn[-1] if turn else 0 for turn in turns]) * sure[: len(turns)]
    often = np.array([len(turn) for turn in turns])
    right = find_right(labels, probabilities)
    by_label = [
        [int(row) for row in np.argsort(-sure, kind="stable") if right[row] and labels[row] == label]
        for label in (1, 0)
    ]
    return {
        MISTAKE: judgement.find_mistakes().tolist(),
        RIGHT: list(_alternate(*by_label)),
        LATE: [row for row in np.argsort(-last, kind="stable").tolist() if turns[row]],
        OFTEN: [row for row in np.argsort(-often, kind="stable").tolist() if turns[row]],
        UNSURE: np.argsort(sure, kind="stable").tolist(),
    }


def _alternate(one: list[int], other: list[int]) -> Iterator[int]:
    for index in range(max(len(one), len(other))):
        yield from one[index : index + 1]
        yield from other[index : index + 1]
