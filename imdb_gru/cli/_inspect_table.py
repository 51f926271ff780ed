"""Own how an inspection is printed: what made the verdict, and a table of the words that weighed most."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import numpy as np
from numpy.typing import NDArray

from imdb_gru.cli._options import print_table
from imdb_gru.inspection.inspection import SIGNED, summarise_units

if TYPE_CHECKING:
    from imdb_gru.inspection import CellTrace, Inspection

LONGEST_TOKEN = 24
"""Characters of a token that a table has room for."""

Column = tuple[str, list[str]]


def print_inspection(inspection: "Inspection", words: int, layer: int | None, unit: int | None) -> None:
    """Print an inspection: its sums, then the `words` words that weighed most, in the order of reading.

    Gates are those of the layer (else the last), mean over its units, or those of one unit.
    """
    cells = [cell for cell in inspection.cells if cell.layer == (layer or inspection.cells[-1].layer)]
    click.echo(f"{inspection.label} {inspection.probability:.4f}")
    for line in (*_describe_verdict(inspection), *(_describe_memory(cell) for cell in cells)):
        click.echo(line)
    click.echo()
    columns = list(_iter_columns(inspection, cells, unit))
    rows = _choose_rows(inspection, cells[0], words, unit)
    print_table([[values[row] for _, values in columns] for row in rows], [name for name, _ in columns])
    if len(rows) < inspection.read:
        click.echo(f"({len(rows)} of {inspection.read} words; --words {inspection.read} lists all)")
    click.echo()


def _describe_verdict(inspection: "Inspection") -> Iterator[str]:
    measured = inspection.contributions
    total = measured.integrated_gradients.sum()
    yield (
        f"logit {inspection.logit:+.3f} = {measured.baseline:+.3f} with every word unknown {total:+.3f} from the words "
        f"(integrated gradients, {measured.steps} steps; gap {measured.gap:+.4f})"
    )
    if inspection.pooled:
        through = ", ".join(f"{values.sum():+.3f} through {name}" for name, values in inspection.pooled.items())
        rest = inspection.logit - sum(values.sum() for values in inspection.pooled.values())
        yield f"      {'':7}= {through}, {rest:+.3f} bias"


def _describe_memory(cell: "CellTrace") -> str:
    measured = {f"products of the {cell.keeping_gate} gate": "kept"} if cell.keeping_gate else {}
    measured["the Jacobian"] = "jacobian"
    lives = (f"{_count_words(cell.half_life[name])} by {what}" for what, name in measured.items())
    return f"memory of layer {cell.layer}, {cell.direction}: half-life {', '.join(lives)}"


def _count_words(count: int | None) -> str:
    if count is None:
        return "longer than the text"
    return f"{count} {'word' if count == 1 else 'words'}"


def _iter_columns(inspection: "Inspection", cells: list["CellTrace"], unit: int | None) -> Iterator[Column]:
    from imdb_gru.models.timesteps import shorten

    yield "word", [str(timestep) for timestep in range(len(inspection.tokens))]
    tokens = zip(inspection.tokens, inspection.known, strict=True)
    yield "token", [shorten(token, LONGEST_TOKEN) + ("" if known else " (unknown)") for token, known in tokens]
    if inspection.probabilities is not None and inspection.moves is not None:
        yield "belief", [f"{value:.4f}" for value in inspection.probabilities]
        yield "move", _sign(inspection.moves)
    yield "contribution", _sign(inspection.contributions.integrated_gradients)
    yield "occlusion", _sign(inspection.contributions.occlusion)
    for cell in cells:
        mark = " ←" if cell.direction == "backward" else ""
        for name, values in cell.quantities.items():
            if unit is not None:
                own = values[:, unit]
                yield f"{name} {unit}{mark}", _sign(own) if name in SIGNED else _format(own)
            else:
                title = f"|{name}|" if name in SIGNED else name
                yield title + mark, _format(summarise_units(name, values))
        if cell.kept is not None:
            yield f"kept{mark}", _format(cell.kept)
        yield f"Jacobian{mark}", _format(cell.jacobian)


def _format(values: NDArray[np.float32]) -> list[str]:
    return [f"{value:.3f}" for value in values]


def _sign(values: NDArray[np.float32]) -> list[str]:
    return [f"{value:+.3f}" for value in values]


def _choose_rows(inspection: "Inspection", cell: "CellTrace", words: int, unit: int | None) -> list[int]:
    """Choose the words that contributed most, or that moved the unit most, in the order of reading."""
    if unit is None:
        weights = inspection.contributions.integrated_gradients
    else:
        weights = np.diff(cell.states[:, unit], prepend=cell.states[:1, unit])
    heaviest = np.argsort(-np.abs(weights[1:]), kind="stable")[:words] + 1
    return [int(row) for row in np.sort(heaviest)] or [0]
