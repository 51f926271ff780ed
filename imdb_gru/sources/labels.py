"""The labels of a table: the values in its label column, with their counts and meanings (positive or negative).

All values are read before any is interpreted, because 1 means positive in a column of zeros and ones, but one star in a
column of ratings from 1 to 5.
"""

import csv
import io
import re
import shlex
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imdb_gru.config.labels import LONGEST_LABEL, Label, find_label_conflict, spell_label
from imdb_gru.errors import DataError
from imdb_gru.system.escaping import show_value
from imdb_gru.system.wording import count_noun

WORDS = {"pos": 1, "positive": 1, "good": 1, "neg": 0, "negative": 0, "bad": 0}
CERTAIN: tuple[Mapping[str, int], ...] = (WORDS, {"true": 1, "false": 0}, {"1": 1, "0": 0})
"""Groups of labels; a column is understood without options if all its labels are in the same group."""
SIGNS = {"1": 1, "-1": 0}
"""Two labels that are understood if a column contains both and no others; if it lacks 1, -1 may mean "no label"."""
KNOWN_LABELS = frozenset().union(*CERTAIN, SIGNS)
"""The spellings of all labels that are understood without options."""
LIKELY = {**WORDS, "true": 1, "yes": 1, "y": 1, "recommended": 1, "false": 0, "no": 0, "n": 0, "not recommended": 0}
"""Labels with their likely meanings; some meanings are uncertain, so this mapping is used only to suggest options."""
OUTER = 0.4
"""Share of a rating scale that suggested options treat as positive (at the top) or as negative (at the bottom)."""
MOST_VALUES = 100
"""Maximum number of distinct labels that are counted, to limit memory use if the wrong column was chosen."""
MOST_SHOWN, FEW_SHOWN = 20, 5
"""An error message lists up to `MOST_SHOWN` labels; if there are more than that, it lists only `FEW_SHOWN`."""
EXAMPLE = "--positive 4,5 --negative 1,2"
_PLAIN = re.compile(r"[\w.+-]{1,60}")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass
class LabelValue:
    """A value of the label column."""

    text: str
    """The value as it is written where it first occurs in the table."""
    first: str
    """The location of the first row that contains the value, such as "row 3"."""
    rows: int = 0

    def __str__(self) -> str:
        """Return the value and how many rows contain it or, if only one row does, the location of that row."""
        return f"{self.shown} ({count_noun(self.rows, 'row') if self.rows > 1 else self.first})"

    @property
    def shown(self) -> str:
        """Return the value as it is shown in messages."""
        return self.text if _PLAIN.fullmatch(self.text) else show_value(self.text)


@dataclass
class LabelSurvey:
    """Counts of the values in a label column, kept in constant memory."""

    values: dict[str, LabelValue] = field(default_factory=dict)
    """The first `MOST_VALUES` distinct values and all `wanted` values (see `add`), by normalised spelling."""
    splits: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The spellings of the values in each split."""
    others: int = 0
    """Number of rows with a label that is not in `values`."""
    unlabelled: int = 0

    def add(self, split: str, place: str, value: object, wanted: Collection[str] = ()) -> None:
        """Count the value of a row; `wanted` values are always counted, even beyond `MOST_VALUES`."""
        spelling = spell_label(value)
        if not spelling:
            self.unlabelled += 1
        elif spelling not in self.values and len(self.values) >= MOST_VALUES and spelling not in wanted:
            self.others += 1
        else:
            if spelling not in self.values:
                text = value.strip()[:LONGEST_LABEL] if isinstance(value, str) else show_value(value)
                self.values[spelling] = LabelValue(text, place)
            self.values[spelling].rows += 1
            self.splits[split].add(spelling)

    def list_values(self, spellings: Iterable[str] | None = None, most: int = MOST_SHOWN) -> list[LabelValue]:
        """Return at most `most` values, in numerical order if all are numbers, otherwise by decreasing frequency."""
        chosen = {spelling: self.values[spelling] for spelling in (self.values if spellings is None else spellings)}
        numbers = _find_numbers(chosen)
        if len(numbers) == len(chosen):
            return [chosen[spelling] for spelling in numbers][:most]
        return sorted(chosen.values(), key=lambda value: -value.rows)[:most]


class TableLabels:
    """The labels in a column of a table; each is positive, negative or left out."""

    def __init__(
        self, table: str, column: str, positive: Sequence[Label] | None = None, negative: Sequence[Label] | None = None
    ) -> None:
        """Use the given labels or, if none are given, labels whose meaning is certain.

        Raises `DataError` if the given labels contradict each other.
        """
        if conflict := find_label_conflict(positive, negative):
            raise DataError(conflict)
        self.table, self.column = table, column
        self.survey = LabelSurvey()
        self.given = {
            **{spell_label(label): 1 for label in positive or ()},
            **{spell_label(label): 0 for label in negative or ()},
        }
        self.meaning: Mapping[str, int] = self.given

    def add(self, split: str, place: str, value: object) -> None:
        """Count the label of a row."""
        self.survey.add(split, place, value, self.given)

    def understand(self) -> None:
        """Decide what each value means, once all rows are counted. Raises `DataError` if a meaning is not certain."""
        values = self.survey.values
        if not values:
            if self.survey.unlabelled:
                column = show_value(self.column)
                raise DataError(f"{self.table}: the column {column} is empty: choose another with --label-column")
        elif not self.given:
            families = (*CERTAIN, *([SIGNS] if values.keys() >= SIGNS.keys() else []))
            meaning = next((family for family in families if values.keys() <= family.keys()), None)
            if meaning is None:
                raise DataError(self._list_all() + self._advise())
            self.meaning = meaning
        elif not values.keys() & self.given.keys():
            raise DataError(
                f"{self._list_all()}, but the positive labels are {self._list_given(1)} and the negative labels are "
                f"{self._list_given(0)}: choose others with --positive and --negative, such as "
                f"{propose_options(self.survey) or EXAMPLE}"
            )

    def read(self, value: object) -> int | None:
        """Return 1 for a positive label, 0 for a negative label, and None for a label that is left out."""
        return self.meaning.get(spell_label(value))

    def has_labels(self, split: str) -> bool:
        """Return whether a split has rows with a positive or negative label."""
        return not self.meaning.keys().isdisjoint(self.survey.splits[split])

    def describe(self) -> str:
        """Return the values and how they are interpreted, such as "positive 4 (20 rows); negative 1 (9 rows)"."""
        left = [str(value) for value in self._list_left(MOST_SHOWN)]
        left += [f"other labels ({count_noun(self.survey.others, 'row')})"] if self.survey.others else []
        left += [f"no label ({count_noun(self.survey.unlabelled, 'row')})"] if self.survey.unlabelled else []
        read = [[str(value) for value in self._list_read(label)] for label in (1, 0)]
        parts = zip(("positive", "negative", "left out"), (*read, left), strict=True)
        return "; ".join(f"{name} {', '.join(values)}" for name, values in parts if values)

    def iter_notes(self) -> Iterator[str]:
        """Yield notes on rows that are left out, and on labels that are all positive or all negative."""
        if left_out := self.describe_left_out():
            yield left_out
        for label, name in enumerate(("negative", "positive")):
            if not self._list_read(1 - label) and (values := self._list_read(label)):
                labels = ", ".join(value.shown for value in values)
                yield f"all {'other ' * bool(left_out)}labels of {self.table} are understood as {name}: {labels}"

    def describe_left_out(self) -> str | None:
        """Return a note on the rows that are left out, or None if no rows are left out."""
        shown = self._list_left(MOST_VALUES)
        counts = [f"{value.rows:,} labelled {value.shown}" for value in shown[:MOST_SHOWN]]
        others = self.survey.others + sum(value.rows for value in shown[MOST_SHOWN:])
        counts += [f"{others:,} with other labels"] if others else []
        counts += [f"{self.survey.unlabelled:,} without a label"] if self.survey.unlabelled else []
        left = self.survey.others + self.survey.unlabelled + sum(value.rows for value in shown)
        total = left + sum(value.rows for label in (0, 1) for value in self._list_read(label))
        verb = "is" if left == 1 else "are"
        return f"{left:,} of {total:,} rows of {self.table} {verb} left out: {', '.join(counts)}" if counts else None

    def to_dict(self) -> dict[str, Any]:
        """Return the values and their counts as a dictionary."""
        parts = {
            "positive": self._list_read(1),
            "negative": self._list_read(0),
            "left_out": self._list_left(MOST_VALUES),
        }
        return {
            "column": self.column,
            **{name: {value.text: value.rows for value in values} for name, values in parts.items()},
            "other": self.survey.others,
            "unlabelled": self.survey.unlabelled,
        }

    def _list_all(self) -> str:
        """Return the column and its labels, for an error message."""
        shown = [str(value) for value in self.survey.list_values()]
        if self.survey.others or len(self.survey.values) > MOST_SHOWN:
            labels = f"{', '.join(shown[:FEW_SHOWN])} and many more"
        else:
            labels = " and ".join(", ".join(part) for part in (shown[:-1], shown[-1:]) if part)
        noun = "label" if len(shown) == 1 else "labels"
        return f"{self.table}: the column {show_value(self.column)} holds the {noun} {labels}"

    def _list_read(self, label: int) -> list[LabelValue]:
        known = [spelling for spelling in self.survey.values if self.meaning.get(spelling) == label]
        return self.survey.list_values(known, MOST_VALUES)

    def _list_left(self, most: int) -> list[LabelValue]:
        return self.survey.list_values([value for value in self.survey.values if value not in self.meaning], most)

    def _list_given(self, label: int) -> str:
        return ", ".join(value for value, meaning in self.given.items() if meaning == label)

    def _advise(self) -> str:
        """Return advice on labels whose meaning is not certain."""
        found = self.survey.values.keys()
        if "-1" in found and found <= {"-1", "0", "1"}:
            neutral = " and 0 is neutral" if "0" in found else ""
            return (
                f", which can be read in two ways: use --positive 1 --negative -1 if -1 is negative{neutral}, or "
                "--positive 1 --negative 0 if -1 marks rows without a label, as in Hugging Face's datasets"
            )
        many = self.survey.others or len(found) > MOST_SHOWN
        example = None if many else propose_options(self.survey)
        return (
            f": {'choose the column of labels with --label-column, or ' if many else ''}say which labels are positive "
            "and which are negative with --positive and --negative (data.positive and data.negative in a config), such "
            f"as {example or EXAMPLE}{' or the other way round' if example and not _is_ordered(found) else ''}; rows "
            "with other labels are left out"
        )


def propose_options(survey: LabelSurvey) -> str | None:
    """Return example options for the labels, or None if there is only one label, or if a label is not printable."""
    numbers = _find_numbers(survey.values)
    sides = [[spelling for spelling in survey.values if LIKELY.get(spelling) == label] for label in (1, 0)]
    if not all(sides) and len(numbers) > 1:
        low, high = min(numbers.values()), max(numbers.values())
        margin = OUTER * (high - low)
        sides = [
            [spelling for spelling, number in numbers.items() if number >= high - margin],
            [spelling for spelling, number in numbers.items() if number <= low + margin],
        ]
    if not all(sides):
        common = sorted(survey.values, key=lambda spelling: -survey.values[spelling].rows)[:2]
        sides = [common[:1], common[1:]]
    if not all(sides):
        return None
    positive, negative = (_write_option([survey.values[spelling].text for spelling in side]) for side in sides)
    options = f"--positive {positive} --negative {negative}"
    return options if options.isprintable() else None


def _is_ordered(found: Collection[str]) -> bool:
    """Return whether the values themselves suggest which of them are positive."""
    return len(_find_numbers(found)) > 1 or {LIKELY.get(spelling) for spelling in found} >= {0, 1}


def _find_numbers(spellings: Iterable[str]) -> dict[str, float]:
    """Map each spelling that is a number to its numerical value, in numerical order."""
    numbers = {spelling: float(spelling) for spelling in spellings if _NUMBER.fullmatch(spelling)}
    return dict(sorted(numbers.items(), key=lambda item: item[1]))


def _write_option(values: Sequence[str]) -> str:
    """Return values as one shell argument; a value that contains a comma is quoted as in CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return shlex.quote(line.getvalue())
