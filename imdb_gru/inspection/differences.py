"""A word-by-word comparison of two texts: what was inserted, deleted or replaced, and where the verdicts diverge."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal, NamedTuple

from imdb_gru.inspection.inspect import inspect_text
from imdb_gru.inspection.inspection import Inspection
from imdb_gru.models.classifier import Classifier
from imdb_gru.system.escaping import show_value
from imdb_gru.text.direction import record_direction

Change = Literal["equal", "replaced", "deleted", "inserted"]
"""How the other text differs from the first text at one position of the aligned texts."""


class AlignedRow(NamedTuple):
    """A position in two aligned texts. Timesteps are counted as in an `Inspection`: 0 is the start token."""

    change: Change
    timestep: int | None
    """Timestep of the word in the first text; None if it was inserted."""
    other: int | None
    """Timestep of the word in the other text; None if it was deleted."""


@dataclass(frozen=True, slots=True, eq=False)
class TextDiff:
    """What a model computed for two texts, with their words aligned."""

    inspection: Inspection
    other: Inspection
    rows: Sequence[AlignedRow]
    """The words of both texts in reading order; the first row is the start token."""
    threshold: float
    """The verdict is positive if the probability is at least this."""

    def __repr__(self) -> str:
        """Describe the comparison: the label, the probability and the beginning of each text."""
        sides = (
            f"{side.label} {side.probability:.4f} {show_value(side.text)}" for side in (self.inspection, self.other)
        )
        return f"TextDiff({', '.join(sides)})"

    @property
    def probabilities(self) -> list[tuple[float, float]] | None:
        """Return both texts' probabilities after each row, or None if the model is bidirectional.

        In a row where a text has no word, the probability after its previous word is repeated.
        """
        if self.inspection.probabilities is None or self.other.probabilities is None:
            return None
        left, right = self.inspection.probabilities.tolist(), self.other.probabilities.tolist()
        return [(left[timestep], right[other]) for timestep, other in self._iter_read()]

    def _iter_read(self) -> Iterator[tuple[int, int]]:
        """Yield, for each row, the last timestep read so far in each text."""
        timestep = other = 0
        for row in self.rows:
            timestep = timestep if row.timestep is None else row.timestep
            other = other if row.other is None else row.other
            yield timestep, other

    @property
    def apart(self) -> list[int] | None:
        """Return the indices of the rows after which the verdicts differ, or None if the model is bidirectional."""
        if self.probabilities is None:
            return None
        sides = ((left >= self.threshold, right >= self.threshold) for left, right in self.probabilities)
        return [number for number, (left, right) in enumerate(sides) if left != right]

    @property
    def parting(self) -> int | None:
        """Return the index of the row at which the verdicts diverge for good.

        Return None if the final verdicts agree or the model is bidirectional.
        """
        apart, last = self.apart, len(self.rows) - 1
        if not apart or apart[-1] != last:
            return None
        return next(row for row in reversed(apart) if row - 1 not in apart)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole object as JSON-compatible values."""
        sides = (self.inspection.to_dict(), self.other.to_dict())
        curve = self.probabilities
        names = ("timestep", "token", "known", "probability", "contribution")
        steps = [[{name: step[name] for name in names} for step in side["timesteps"]] for side in sides]
        return {
            "texts": [{name: side[name] for name in ("text", "label", "probability", "logit")} for side in sides],
            **record_direction(self.inspection.direction),
            "rows": [
                {
                    "change": row.change,
                    "text": None if row.timestep is None else steps[0][row.timestep],
                    "other": None if row.other is None else steps[1][row.other],
                    "difference": curve and round(curve[number][1] - curve[number][0], 6),
                }
                for number, row in enumerate(self.rows)
            ],
            "apart": self.apart,
            "parting": self.parting,
        }


def inspect_diff(classifier: Classifier, text: str, other: str) -> TextDiff:
    """Inspect two texts and align their words; see `Classifier.inspect_diff`."""
    sides = inspect_text(classifier, text), inspect_text(classifier, other)
    return TextDiff(*sides, align(*(side.tokens for side in sides)), classifier.threshold)


def align(tokens: Sequence[str], others: Sequence[str]) -> list[AlignedRow]:
    """Align the tokens of two texts, both of which begin with the start token."""
    rows = []
    for tag, start, stop, other_start, other_stop in SequenceMatcher(
        None, tokens, others, autojunk=False
    ).get_opcodes():
        pairs = min(stop - start, other_stop - other_start)
        change: Change = "equal" if tag == "equal" else "replaced"
        rows += [AlignedRow(change, start + place, other_start + place) for place in range(pairs)]
        rows += [AlignedRow("deleted", place, None) for place in range(start + pairs, stop)]
        rows += [AlignedRow("inserted", None, place) for place in range(other_start + pairs, other_stop)]
    return rows
