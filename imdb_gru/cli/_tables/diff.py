"""Two texts side by side, word by word."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._tables.inspection import HEADINGS, LONGEST_TOKEN, LONGEST_WORD
from imdb_gru.cli._tables.table import Column, print_heading, print_line, print_table
from imdb_gru.models.timesteps import shorten
from imdb_gru.system.escaping import dump_json
from imdb_gru.system.wording import count_noun

if TYPE_CHECKING:
    from imdb_gru.inspection import Inspection, TextDiff
    from imdb_gru.inspection.differences import AlignedRow

STYLES = {"equal": None, "replaced": "yellow", "deleted": "red", "inserted": "green"}
"""Row colours in a terminal, by kind of change; the first column also names the change."""


def show_diff(diff: "TextDiff", *, as_json: bool) -> None:
    """Print a comparison of two texts as JSON or as a table."""
    if as_json:
        click.echo(dump_json(diff.to_dict()))
    else:
        print_diff(diff)


def print_diff(diff: "TextDiff") -> None:
    """Print two texts side by side: each word, the probability after it, and its contribution to the logit."""
    for side in (diff.inspection, diff.other):
        print_heading(side.text, f"{side.label} {side.probability:.4f}  ")
    print_line(_describe_changes(diff))
    if diff.apart is not None:
        print_line(_describe_verdicts(diff, diff.apart))
    click.echo()
    curve = diff.probabilities
    columns = [Column("change"), *_list_columns(diff, ""), *_list_columns(diff, "other ")]
    sides = (diff.inspection, diff.other)
    rows = []
    for number, row in enumerate(diff.rows):
        places = zip(sides, (row.timestep, row.other), strict=True)
        cells = [cell for side, timestep in places for cell in _list_cells(side, timestep)]
        difference = [] if curve is None else [f"{curve[number][1] - curve[number][0]:+.4f}"]
        rows.append(["" if row.change == "equal" else row.change, *cells, *difference])
    if curve is not None:
        columns.append(Column("difference"))
    print_table(rows, columns, styles=[STYLES[row.change] for row in diff.rows])


def _list_columns(diff: "TextDiff", prefix: str) -> list[Column]:
    backward = diff.inspection.direction == "backward"
    columns = [
        Column(f"{prefix}word from the end" if backward else f"{prefix}word", drop=3),
        Column(f"{prefix}text", longest_word=LONGEST_WORD),
    ]
    for name, drop in (("probability", 0), ("contribution", 1))[diff.probabilities is None :]:
        columns.append(Column(f"{prefix}{name}", f"{prefix}{HEADINGS[name]}", drop=drop))
    return columns


def _list_cells(side: "Inspection", timestep: int | None) -> list[str]:
    """Return a word's cells (timestep, token, probability, contribution), or placeholders if `timestep` is None."""
    if timestep is None:
        return ["-", "", *["-"] * (1 + (side.probabilities is not None))]
    token = shorten(side.tokens[timestep], LONGEST_TOKEN) + ("" if side.known[timestep] else " (unknown)")
    probability = [] if side.probabilities is None else [f"{side.probabilities[timestep]:.4f}"]
    contribution = f"{side.contributions.integrated_gradients[timestep]:+.3f}"
    return [str(timestep), token, *probability, contribution]


def _describe_changes(diff: "TextDiff") -> str:
    counts = Counter[str](row.change for row in diff.rows)
    changes = ("replaced", "deleted", "inserted")
    parts = [f"{count_noun(counts[change], 'word')} {change}" for change in changes if counts[change]]
    return ", ".join(parts) or "the model reads the same words in both texts"


def _describe_verdicts(diff: "TextDiff", apart: Sequence[int]) -> str:
    if diff.parting is not None:
        return f"the verdicts diverge at {_describe_row(diff, diff.rows[diff.parting])}"
    if apart:
        return f"the verdicts differ in {len(apart)} of {count_noun(len(diff.rows), 'row')}, but not in the last"
    return "the verdicts are the same after every word"


def _describe_row(diff: "TextDiff", row: "AlignedRow") -> str:
    first, second = (
        "" if timestep is None else f'word {timestep} "{side.tokens[timestep]}"'
        for side, timestep in ((diff.inspection, row.timestep), (diff.other, row.other))
    )
    if row.change == "replaced":
        return f"{first}, replaced with {second}"
    if row.change == "equal" and row.timestep == row.other:
        return first
    return f"{first} and {second}" if first and second else f"{first or second}, which is {row.change}"
