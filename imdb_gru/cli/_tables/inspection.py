"""Tables for an inspection: the words of a text, the units of a network, or gradients."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click
import numpy as np
from numpy.typing import NDArray

from imdb_gru.cli._tables.table import Column, print_heading, print_line, print_table
from imdb_gru.inspection.inspection import SIGNED, summarise_units

if TYPE_CHECKING:
    from imdb_gru.inspection import CellTrace, Inspection
    from imdb_gru.inspection.gradients import GradientCurve
    from imdb_gru.inspection.units import DrivenUnit

LONGEST_FIGURE = len("1.00e-00")
LONGEST_TOKEN, LONGEST_WORD = 24, 12
"""Tokens are shortened to `LONGEST_TOKEN` characters; a narrow table breaks only words longer than `LONGEST_WORD`."""

GATE_ORDER = {"candidate": 1, "state": 2}
"""Order in which a narrow table omits a cell's quantities, lowest number first; quantities not listed here have 3."""
HEADINGS = {
    "probability": "prob.",
    "contribution": "contrib.",
    "occlusion": "occl.",
    "|candidate|": "|cand.|",
    "Jacobian": "Jacob.",
}
"""Shorter headings for a narrow table."""
DISTANCES = (0, 1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 400, 500, 1000)
"""Gradients are printed for these distances (in words) from the last word."""

Values = tuple[Column, list[str]]


def show_inspection(
    inspection: "Inspection", words: int, layer: int | None, unit: int | None, *, headed: bool, as_json: bool
) -> None:
    """Print an inspection as JSON or as tables; if `headed` is true, print the text above the tables."""
    from imdb_gru.system.escaping import dump_json

    if as_json:
        click.echo(dump_json(inspection.to_dict()))
        return
    if headed:
        print_heading(inspection.text)
    print_inspection(inspection, words, layer, unit)


def print_inspection(inspection: "Inspection", words: int, layer: int | None, unit: int | None) -> None:
    """Print an inspection: the parts of the logit, the memory of the cells, and a table of words in reading order.

    The table lists the start token and at most `words` words: those that contribute most or, if `unit` is given, those
    that change the state of that unit most. It shows the gates of `layer` (None means the last layer), averaged over
    all units if `unit` is None.
    """
    cells = [cell for cell in inspection.cells if cell.layer == (layer or inspection.cells[-1].layer)]
    click.echo(f"{inspection.label} {inspection.probability:.4f}")
    for line in (
        *_describe_verdict(inspection),
        *(_describe_memory(cell, inspection.name_cell(cell)) for cell in cells),
    ):
        print_line(line)
    click.echo()
    columns = list(_iter_columns(inspection, cells, unit))
    rows = _choose_rows(inspection, cells[0], words, unit)
    print_table([[values[row] for _, values in columns] for row in rows], [column for column, _ in columns])
    if len(rows) <= inspection.read:
        click.echo(f"({len(rows) - 1} of {inspection.read} words; --words {inspection.read} lists all)")
    click.echo()


def _describe_verdict(inspection: "Inspection") -> Iterator[str]:
    measured = inspection.contributions
    total = measured.integrated_gradients.sum()
    yield (
        f"logit {inspection.logit:+.3f} = {measured.baseline:+.3f} (every word unknown) {total:+.3f} (from the words); "
        f"integrated gradients in {measured.steps} steps, gap {measured.gap:+.4f}"
    )
    if inspection.pooled:
        through = ", ".join(f"{values.sum():+.3f} through {name}" for name, values in inspection.pooled.items())
        rest = inspection.logit - sum(values.sum() for values in inspection.pooled.values())
        yield f"      {'':7}= {through}, {rest:+.3f} bias"


def _describe_memory(cell: "CellTrace", name: str) -> str:
    measured = {f"the products of the {cell.keeping_gate} gate": "kept"} if cell.keeping_gate else {}
    measured["the Jacobian"] = "jacobian"
    lives = (f"{_describe_half_life(cell.half_life[name])} by {what}" for what, name in measured.items())
    return f"memory of {name}: half-life {', '.join(lives)}"


def _describe_half_life(words: int | None) -> str:
    from imdb_gru.system.wording import count_noun

    return "longer than the text" if words is None else count_noun(words, "word")


def _iter_columns(inspection: "Inspection", cells: list["CellTrace"], unit: int | None) -> Iterator[Values]:
    from imdb_gru.models.timesteps import shorten

    # If the user asked for one unit, its gates are the last columns to be omitted.
    sooner, later = (0, 0) if unit is None else (3, 4)
    heading = ("word from the end", "from end") if inspection.direction == "backward" else ("word",)
    yield Column(*heading), [str(timestep) for timestep in range(len(inspection.tokens))]
    tokens = zip(inspection.tokens, inspection.known, strict=True)
    names = [shorten(token, LONGEST_TOKEN) + ("" if known else " (unknown)") for token, known in tokens]
    yield Column("token", longest_word=LONGEST_WORD), names
    if inspection.probabilities is not None and inspection.moves is not None:
        yield _name("probability"), [f"{value:.4f}" for value in inspection.probabilities]
        yield _name("move", drop=7 - sooner), _sign(inspection.moves)
    yield _name("contribution"), _sign(inspection.contributions.integrated_gradients)
    yield _name("occlusion", drop=4 - sooner), _sign(inspection.contributions.occlusion)
    for cell in cells:
        mark = " ←" if cell.direction == "backward" else ""
        for name, values in cell.quantities.items():
            drop = GATE_ORDER.get(name, 3) + later
            if unit is not None:
                own = values[:, unit]
                yield Column(f"{name} {unit}{mark}", drop=drop), _sign(own) if name in SIGNED else _format(own)
            else:
                title = f"|{name}|" if name in SIGNED else name
                yield _name(title, mark, drop), _format(summarise_units(name, values))
        if cell.kept is not None:
            yield _name("kept", mark, 6 - sooner), _format(cell.kept)
        yield _name("Jacobian", mark, 5 - sooner), _format(cell.jacobian)


def _name(name: str, mark: str = "", drop: int = 0) -> Column:
    return Column(name + mark, HEADINGS.get(name, name) + mark, drop=drop)


def _format(values: NDArray[np.float32]) -> list[str]:
    return [f"{value:.3f}" for value in values]


def _sign(values: NDArray[np.float32]) -> list[str]:
    return [f"{value:+.3f}" for value in values]


def _choose_rows(inspection: "Inspection", cell: "CellTrace", words: int, unit: int | None) -> list[int]:
    """Return timestep 0 and those of the words that contribute most or, if `unit` is given, change that unit most."""
    if unit is None:
        weights = inspection.contributions.integrated_gradients
    else:
        weights = np.diff(cell.states[:, unit], prepend=cell.states[:1, unit])
    heaviest = np.argsort(-np.abs(weights[1:]), kind="stable")[:words] + 1
    return [0, *np.sort(heaviest).tolist()]


def print_units(driven: Sequence["DrivenUnit"]) -> None:
    """For each unit of the last layer, print the words that raise its state most and those that lower it most."""
    poolings = list(driven[0].weights)
    rows = [
        [
            str(unit.unit),
            *(f"{unit.weights[pooling]:+.2f}" for pooling in poolings),
            _join(unit.raised_by),
            _join(unit.lowered_by),
        ]
        for unit in driven
    ]
    print_table(rows, ["unit", *(f"weight of {pooling}" for pooling in poolings), "raised by", "lowered by"])


def _join(words: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{word} {change:+.2f}" for word, change in words) or "-"


def print_curves(curves: Mapping[str, "GradientCurve"]) -> None:
    """For each run, print how much of the gradient remains at each distance from the last word."""
    longest = max(len(curve.loss) for curve in curves.values())
    shown = [distance for distance in DISTANCES if distance < longest]
    for title, name in (
        ("gradient of the loss, relative to the gradient at the last word", "loss"),
        ("gradient through the recurrence alone: ‖∂h_T/∂h_t‖ / √U", "recurrence"),
    ):
        rows = []
        for distance in shown:
            values = [getattr(curve, name) for curve in curves.values()]
            cells = [f"{value[distance]:.2e}" if distance < len(value) else "-" for value in values]
            reviews = max(int(curve.reviews[distance]) for curve in curves.values() if distance < len(curve.reviews))
            rows.append([str(distance), *cells, str(reviews)])
        columns = [Column(f"{path} ({curve.cell})", longest_word=LONGEST_FIGURE) for path, curve in curves.items()]
        print_line(title)
        print_table(rows, [Column("words back"), *columns, Column("reviews", drop=1)])
        click.echo()
