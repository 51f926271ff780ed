"""Suites of behavioural tests: texts of several kinds, with the expected predictions (Ribeiro et al. 2020)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imdb_gru.config import DataConfig
from imdb_gru.config.labels import spell_label
from imdb_gru.errors import DataError
from imdb_gru.sources.labels import TableLabels
from imdb_gru.sources.row import TableRow
from imdb_gru.sources.rows import list_columns
from imdb_gru.sources.table import TableSource, open_table
from imdb_gru.system.escaping import show_value

BUNDLED_SUITE = "bundled"
DIRECTIONS = {"": 0, "up": 1, "down": -1}
CONTRAST = "contrast"
"""The kind of all texts in a table that has a `pair` column but no `kind` column."""
COLUMNS = "text, label and kind, or text, label and pair; texts without a label can have a direction"


@dataclass(frozen=True)
class SuiteText:
    """A text of a suite.

    If a text has a label, a classifier should predict this label. A text with a direction is compared with the first
    text of its pair. In a pair whose texts have neither labels nor directions, all texts should get the same predicted
    label.
    """

    text: str
    kind: str
    label: int | None = None
    """1 for positive, 0 for negative."""
    pair: str = ""
    """The name that this text shares with the other texts of its test; empty if the text is a test by itself."""
    direction: int = 0
    """1: the probability must not be lower than for the pair's first text; -1: it must not be higher; 0: no limit."""


@dataclass(frozen=True)
class Suite:
    """The texts of a suite."""

    name: str
    texts: Sequence[SuiteText]
    notes: Sequence[str] = ()
    """Notes on anything unusual in the table."""


def read_suite(data: DataConfig) -> Suite:
    """Read a table of tests, or build the bundled suite if the path is `bundled` or not given.

    A table with a `pair` column does not need a `kind` column. Raises `DataError` if the table cannot be read, lacks a
    column, or has a text that is not part of any test.
    """
    path = data.path or BUNDLED_SUITE
    if path == BUNDLED_SUITE:
        from imdb_gru.sources.suite_templates import build_suite

        return Suite(BUNDLED_SUITE, build_suite())
    table = open_table(Path(path).expanduser(), data, require_labels=True, divide=False, share_labels=True)
    rows = list(table.iter_rows("all"))
    texts = list(_iter_texts(table, rows, data))
    _check_tests(table.name, texts)
    notes = list(table.notes)
    if left_out := len(rows) - len(texts):
        notes.append(f"{left_out} of {len(rows)} rows of {table.name} are left out because of their label")
    return Suite(table.name, texts, notes)


def group_by_pair(texts: Sequence[SuiteText]) -> list[list[int]]:
    """Return the row indices of each pair, ordered by first row; a text without a pair forms a group of its own."""
    groups: dict[tuple[str, str], list[int]] = {}
    alone = []
    for row, text in enumerate(texts):
        if text.pair:
            groups.setdefault((text.kind, text.pair), []).append(row)
        else:
            alone.append([row])
    return sorted([*groups.values(), *alone])


def _iter_texts(table: TableSource, rows: Sequence[tuple[str, TableRow]], data: DataConfig) -> Iterator[SuiteText]:
    """Yield the texts of a table; rows with a label that is neither positive nor negative are left out."""
    names = {column.strip().lower(): column for column in table.columns}
    if "kind" not in names and "pair" not in names:
        raise DataError(
            f"{table.name} has no column 'kind', only {list_columns(table.columns)}: a suite has the columns {COLUMNS}"
        )
    labels = TableLabels(table.name, table.label_column, data.positive, data.negative)
    for _, row in rows:
        labels.add("all", row.place, row.cells.get(table.label_column))
    if labels.survey.values:
        labels.understand()

    def read(row: TableRow, name: str) -> str:
        value = row.cells.get(names.get(name, ""))
        return "" if value is None else str(value).strip()

    for text, row in rows:
        value, kind, direction = row.cells.get(table.label_column), read(row, "kind"), read(row, "direction").lower()
        kind = kind if "kind" in names else CONTRAST
        label = labels.read(value)
        if spell_label(value) and label is None:
            continue
        if not kind:
            raise DataError(f"{table.name}, {row.place}: the kind is empty: give each text a kind")
        if direction not in DIRECTIONS:
            raise DataError(f"{table.name}, {row.place}: the direction is {show_value(direction)}: use 'up' or 'down'")
        yield SuiteText(text, kind, label, read(row, "pair"), DIRECTIONS[direction])


def _check_tests(name: str, texts: list[SuiteText]) -> None:
    """Raise `DataError` if there are no texts, or if a text is not part of any test."""
    if not texts:
        raise DataError(f"{name} holds no tests: choose a table with the columns {COLUMNS}")
    for rows in group_by_pair(texts):
        first, others = texts[rows[0]], rows[1:]
        if first.direction:
            raise DataError(
                f"{name}: {show_value(first.text)} has a direction, but no text of the same kind and pair precedes it: "
                "insert such a text above it"
            )
        untested = [row for row in rows if texts[row].label is None and not texts[row].direction]
        if len(untested) == len(rows):  # the pair tests invariance
            if not others:
                raise DataError(
                    f"{name}: {show_value(first.text)} has no label, and no other text has the same kind and pair: "
                    "give it a label, or add a text to compare it with"
                )
            continue
        compared = any(texts[row].direction for row in others)
        for row in untested:
            if row != rows[0] or not compared:
                raise DataError(
                    f"{name}: {show_value(texts[row].text)} has neither a label nor a direction, unlike other texts of "
                    "its pair: give every text of the pair a label or a direction, or none of them"
                )
