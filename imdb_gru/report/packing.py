"""Packs inspections as JSON for a page: numbers are rounded, and each unit's gates are included up to a size limit."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from imdb_gru.cells import CELLS
from imdb_gru.inspection.inspection import SIGNED, CellTrace, summarise_units
from imdb_gru.models.timesteps import find_turns, shorten
from imdb_gru.report.examples import Example
from imdb_gru.system.arrays import Array
from imdb_gru.system.escaping import neutralise
from imdb_gru.text.direction import find_written_spaces

UNITS_BUDGET = 3_000_000
"""Maximum number of characters that a page may use for the gates and hidden states of individual units."""
DIGITS = 4
SNIPPET = 60
"""A text is named by its beginning, cut to at most this many characters."""


def pack_examples(examples: Iterable[Example], budget: int = UNITS_BUDGET) -> list[dict[str, Any]]:
    """Return the examples as JSON-compatible values.

    If an example's units exceed the remaining budget, only the means over its units are included.
    """
    packed = []
    for example in examples:
        size = sum(count_characters(trace) for trace in example.inspection.cells)
        packed.append(_pack_example(example, units=size <= budget))
        budget -= size if size <= budget else 0
    return packed


def count_characters(trace: CellTrace) -> int:
    """Return the number of characters that the gates and hidden states of all units take up when encoded."""
    return (len(trace.gates) + 1) * 4 * -(-trace.states.size // 3)


def encode_units(values: Array, *, signed: bool) -> str:
    """Encode values as bytes in base64, row by row.

    The values lie between −1 and 1 if `signed` is true, and between 0 and 1 otherwise.
    """
    shares = (values + 1) / 2 if signed else values
    return base64.b64encode(np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8).tobytes()).decode()


def round_numbers(values: Iterable[float] | Array) -> list[float | None]:
    """Round numbers to four significant digits; infinities and NaN, which JSON cannot hold, become None."""
    return [float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in map(float, values)]


def name_text(text: str) -> str:
    """Return the start of a text as a single line, with harmful characters replaced."""
    return shorten(" ".join(text.split()), SNIPPET)


def neutralise_paragraphs(text: str) -> str:
    """Replace harmful characters as `neutralise` does, but keep line breaks."""
    return "\n".join(map(neutralise, text.splitlines()))


def _pack_example(example: Example, *, units: bool) -> dict[str, Any]:
    inspection, contributions = example.inspection, example.inspection.contributions
    probabilities = inspection.probabilities
    return {
        "truth": example.truth,
        "reason": example.reason,
        "name": name_text(inspection.text),
        "text": neutralise_paragraphs(inspection.text),
        "label": inspection.label,
        **dict(zip(("probability", "logit"), round_numbers([inspection.probability, inspection.logit]), strict=True)),
        "words": inspection.words,
        "tokens": [neutralise(token) for token in inspection.tokens],
        "spaces": [int(space) for space in find_written_spaces(inspection.tokens, inspection.direction)],
        "direction": inspection.direction,
        "unknown": [timestep for timestep, known in enumerate(inspection.known) if not known],
        "probabilities": None if probabilities is None else round_numbers(probabilities),
        "turns": [] if probabilities is None else find_turns(probabilities.tolist()),
        "contributions": {
            "integrated_gradients": round_numbers(contributions.integrated_gradients),
            "occlusion": round_numbers(contributions.occlusion),
        },
        **dict(zip(("baseline", "gap"), round_numbers([contributions.baseline, contributions.gap]), strict=True)),
        "steps": contributions.steps,
        "pooled": {name: round_numbers(values) for name, values in inspection.pooled.items()},
        "cells": [_pack_cell(trace, inspection.name_cell(trace), units=units) for trace in inspection.cells],
    }


def _pack_cell(trace: CellTrace, name: str, *, units: bool) -> dict[str, Any]:
    return {
        "name": name,
        "cell": trace.cell,
        "direction": trace.direction,
        "units": trace.units,
        "kept": None if trace.kept is None else round_numbers(trace.kept),
        "jacobian": round_numbers(trace.jacobian),
        "gradient": round_numbers(trace.gradients),
        "quantities": [
            _pack_quantity(trace.cell, name, values, units=units) for name, values in trace.quantities.items()
        ],
    }


def _pack_quantity(cell: str, name: str, values: Array, *, units: bool) -> dict[str, Any]:
    signed = name in SIGNED
    return {
        "name": {"state": "hidden state", "candidate": "candidate"}.get(name, f"{name} gate"),
        "symbol": {**CELLS[cell].gates, "state": "h"}[name],
        "signed": signed,
        "mean": round_numbers(summarise_units(name, values)),
        "units": encode_units(values, signed=signed) if units else None,
    }


def list_cells(packed: Sequence[Mapping[str, Any]]) -> list[str]:
    """List the cell types that occur in packed examples."""
    return sorted({cell["cell"] for example in packed for cell in example["cells"]})
