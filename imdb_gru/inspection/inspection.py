"""The result of an inspection: everything that a model computed for one text, timestep by timestep.

T is the number of timesteps, including the start token, and U is the number of units. Timestep t belongs to token t,
even in a backward cell. The timesteps are in the order in which the model reads the text: see `Inspection.direction`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config import Direction
from imdb_gru.corpus.doubt import NOTHING_KNOWN, Doubt
from imdb_gru.system.arrays import Array
from imdb_gru.system.escaping import show_value
from imdb_gru.system.writing import write_atomically
from imdb_gru.text.coloured import build_html
from imdb_gru.text.direction import record_direction

SIGNED = frozenset({"candidate", "state"})
"""Quantities that lie between −1 and 1; the other quantities are values of σ, between 0 and 1."""


def summarise_units(name: str, values: Array) -> Array:
    """Average a gate or state `(T, U)` over units, using absolute values if the values are signed."""
    means: Array = (np.abs(values) if name in SIGNED else values).mean(axis=1)
    return means


def name_cell(layer: int, direction: str, reading: Direction) -> str:
    """Return a cell's name: its layer and its direction through the original text.

    `reading` is the direction in which the model reads the text.
    """
    return f"layer {layer}, {direction if reading == 'forward' else reading}"  # no model is bidirectional and backward


@dataclass(frozen=True, slots=True, eq=False)
class CellTrace:
    """The gates, states and gradients of one cell."""

    layer: int
    """Number of the layer, starting at 1."""
    direction: str
    """Direction of the cell along the timesteps, forward or backward."""
    cell: str
    """Type of the cell: gru, lstm or simple_rnn."""
    gates: Mapping[str, Array]
    """Gates by name, each `(T, U)`: update, reset, candidate (GRU); input, forget, candidate, output (LSTM).

    A simple RNN has none.
    """
    states: Array
    """Hidden states h_t, `(T, U)`."""
    gradients: Array
    """‖∂ logit/∂s_t‖, `(T,)`, along all paths to the logit; the state s_t is h_t and, in an LSTM, also the memory.

    For the log loss, the norm is this value times |probability − label|, a factor that is the same at every timestep.
    """
    keeping_gate: str | None
    """Name of the gate that keeps the past: update or forget; None in a cell without gates."""
    kept: Array | None
    """For each timestep, the share of its state that the later gates keep until the final state, `(T,)`.

    It is the product of the later update gates (GRU) or forget gates (LSTM), averaged over units; None if the cell
    has no gates.
    """
    jacobian: Array
    """‖∂h_T/∂s_t‖ / √U (Frobenius), `(T,)`: how much a small change in s_t changes h_T through recurrence alone."""

    def __repr__(self) -> str:
        """Describe the cell, omitting its arrays."""
        timesteps = len(self.states)
        return f"CellTrace(layer {self.layer}, {self.direction}, {self.cell} {self.units}, timesteps={timesteps})"

    @property
    def units(self) -> int:
        """Return the number of units."""
        return int(self.states.shape[1])

    @property
    def quantities(self) -> dict[str, Array]:
        """Return the gates and the hidden states by name, each `(T, U)`."""
        return {**self.gates, "state": self.states}

    @property
    def half_life(self) -> dict[str, int | None]:
        """Return the half-lives of `kept` and `jacobian` in words, counted back from the cell's last timestep.

        A half-life is the distance to the nearest timestep whose value is at most 0.5; None if there is none.
        """
        return {"kept": self._count_back(self.kept), "jacobian": self._count_back(self.jacobian)}

    def _count_back(self, left: Array | None) -> int | None:
        if left is None:
            return None
        fallen = (left if self.direction == "backward" else left[::-1]) <= 0.5
        return int(fallen.argmax()) if fallen.any() else None

    def to_dict(self) -> dict[str, Any]:
        """Return the whole object as JSON-compatible values."""
        return {
            "layer": self.layer,
            "direction": self.direction,
            "cell": self.cell,
            "units": self.units,
            "half_life": self.half_life,
            "kept": _round(self.kept),
            "jacobian": _round(self.jacobian),
            "gradients": _round(self.gradients),
            "gates": {name: _round(gate) for name, gate in self.gates.items()},
            "states": _round(self.states),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """The contribution of each word to the logit, by two methods."""

    integrated_gradients: Array
    """Integrated gradients, `(T,)`, starting from a text of unknown words (Sundararajan et al. 2017, equation 1)."""
    occlusion: Array
    """For each timestep, the decrease in the logit if only its word is replaced by the unknown word, `(T,)`."""
    baseline: float
    """Logit of the text when every word is replaced by the unknown word."""
    gap: float
    """Sum of the integrated gradients minus (logit − baseline); exact integration would give 0 (completeness)."""
    steps: int
    """Number of points, between the baseline and the text, at which the gradients were computed."""


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """Everything that a model computed for one text."""

    text: str
    label: str
    probability: float
    """Probability of positive."""
    logit: float
    words: int
    """Number of words in the text before truncation."""
    tokens: Sequence[str]
    """Token at each timestep; the first is the start token."""
    known: Sequence[bool]
    """Whether each token is in the vocabulary."""
    probabilities: Array | None
    """Probability of positive after each timestep, `(T,)`; None if the model is bidirectional."""
    contributions: Contributions
    cells: Sequence[CellTrace]
    """Cells, layer by layer; in each layer, the forward cell comes first."""
    pooled: Mapping[str, Array]
    """For each pooling, the part of the logit from each timestep, `(T,)`; empty if pooling feeds a dense layer."""
    doubt: Doubt | None = None
    """The reason why the prediction is unreliable, if there is one."""
    direction: Direction = "forward"
    """The direction in which the model read the text; if it is backward, word 1 is the last word of the text."""

    def __repr__(self) -> str:
        """Describe the inspection: its label, its probability and the beginning of the text, without the arrays."""
        return f"Inspection({self.label!r}, probability={self.probability:.4f}, text={show_value(self.text)})"

    def _repr_html_(self) -> str:
        """Return the words, coloured by their contributions, as HTML for a notebook."""
        contributions = self.contributions.integrated_gradients
        largest = float(np.abs(contributions).max())
        parts = [f"{self.read} of {self.words} words read" if self.read < self.words else f"{self.words} words"]
        if self.unknown:
            parts.append(f"{self.unknown} unknown")
        return build_html(
            self.label,
            f"probability of positive {self.probability:.3f}, {', '.join(parts)}",
            self.tokens,
            (contributions / (largest or 1)).tolist(),
            [self._describe(timestep) for timestep in range(len(self.tokens))],
            f"contribution of each word to the logit, the largest {largest:.2f}",
            self.direction,
        )

    def _describe(self, timestep: int) -> str:
        """Describe a timestep in one line."""
        found = self.contributions
        parts = [
            f"contribution {found.integrated_gradients[timestep]:+.3f}, by occlusion {found.occlusion[timestep]:+.3f}"
        ]
        if self.probabilities is not None:
            parts.append(f"probability after it {self.probabilities[timestep]:.3f}")
        if not self.known[timestep]:
            parts.append("not in the vocabulary")
        return f"word {timestep}: {'; '.join(parts)}"

    def name_cell(self, cell: CellTrace) -> str:
        """Return a cell's name: its layer and its direction through the original text."""
        return name_cell(cell.layer, cell.direction, self.direction)

    @property
    def read(self) -> int:
        """Return the number of words left after truncation."""
        return len(self.tokens) - 1

    @property
    def unknown(self) -> int:
        """Return how many of the words left after truncation are not in the vocabulary."""
        return len(self.known) - sum(self.known)

    @property
    def unsure(self) -> bool:
        """Return whether the label is 'unsure'."""
        return self.doubt in NOTHING_KNOWN

    @property
    def moves(self) -> Array | None:
        """Return the change in probability at each timestep, `(T,)`; None if the model is bidirectional."""
        return None if self.probabilities is None else np.diff(self.probabilities, prepend=self.probabilities[:1])

    def to_dict(self) -> dict[str, Any]:
        """Return the whole object as JSON-compatible values."""
        by_timestep: dict[str, Array | None] = {
            "probability": self.probabilities,
            "move": self.moves,
            "contribution": self.contributions.integrated_gradients,
            "occlusion": self.contributions.occlusion,
            **{f"{pooling}_pooled": values for pooling, values in self.pooled.items()},
        }
        columns: dict[str, Any] = {name: _round(values) for name, values in by_timestep.items()}
        return {
            "text": self.text,
            "label": self.label,
            "probability": self.probability,
            "logit": self.logit,
            **record_direction(self.direction),
            "contributions": {
                "method": "integrated gradients",
                "baseline": self.contributions.baseline,
                "gap": self.contributions.gap,
                "steps": self.contributions.steps,
            },
            "timesteps": [
                {
                    "timestep": timestep,
                    "token": token,
                    "known": known,
                    **{name: values and values[timestep] for name, values in columns.items()},
                }
                for timestep, (token, known) in enumerate(zip(self.tokens, self.known, strict=True))
            ],
            "cells": [cell.to_dict() for cell in self.cells],
        }

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the whole inspection as named arrays for an .npz file."""
        arrays: dict[str, NDArray[Any] | None] = {
            "tokens": np.array(self.tokens),
            "known": np.array(self.known),
            "probabilities": self.probabilities,
            "integrated_gradients": self.contributions.integrated_gradients,
            "occlusion": self.contributions.occlusion,
            **{f"{pooling}_pooled": values for pooling, values in self.pooled.items()},
        }
        for cell in self.cells:
            parts: dict[str, Array | None] = {**cell.gates, "states": cell.states, "kept": cell.kept}
            parts |= {"jacobian": cell.jacobian, "gradients": cell.gradients}
            arrays |= {f"layer_{cell.layer}_{cell.direction}_{name}": values for name, values in parts.items()}
        return {name: values for name, values in arrays.items() if values is not None}


def save_arrays(path: Path, inspection: Inspection) -> None:
    """Write all arrays of an inspection to an .npz file, atomically."""
    with write_atomically(path.resolve()) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **inspection.to_arrays())


def _round(values: NDArray[Any] | None) -> Any:
    """Return values as JSON numbers, rounded to float32 precision."""
    return None if values is None else values.astype(np.float64).round(6).tolist()
