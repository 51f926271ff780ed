"""Works out a cell's equations for one unit at one timestep."""

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

import numpy as np

from imdb_gru.cells.cell import Cell
from imdb_gru.config import Direction
from imdb_gru.inspection.cell_pass import CellPass
from imdb_gru.inspection.inspect import NAMES
from imdb_gru.inspection.inspection import name_cell
from imdb_gru.inspection.network_pass import NetworkPass, run_network
from imdb_gru.inspection.steps import DIGITS, Equation, Product, StepInspection, UnitStep
from imdb_gru.models.classifier import Classifier
from imdb_gru.system.arrays import Array, Ids
from imdb_gru.text.vocabulary import START_TOKEN, UNKNOWN

PARTS = {"state": "h", "memory": "c"}
"""Name and symbol of each part of a cell's state, in the order of `State`."""


def inspect_step(
    classifier: Classifier, text: str, *, word: int | None = None, unit: int | None = None, layer: int | None = None
) -> StepInspection:
    """Work out what a network computes at one word of a text; see `Classifier.inspect_step`."""
    network, encoded = classifier.network, classifier.encode(text)
    word = _check("word", encoded.read if word is None else word, 0, encoded.read, "0 is the start token")
    layer = _check("layer", len(network.layers) if layer is None else layer, 1, len(network.layers))
    if unit is not None:
        _check("unit", unit, 0, classifier.config.model.units - 1)
    read = run_network(network, network.embedding[encoded.ids][None])
    direction = classifier.text.direction
    return StepInspection(
        text=text,
        word=word,
        tokens=(START_TOKEN, *encoded.kept),
        known=bool(encoded.ids[word] != UNKNOWN),
        units=[
            _solve(cell_pass, layer, _get_inputs(read, encoded.ids, layer, word), word, unit, direction)
            for cell_pass in read.layers[layer - 1]
        ],
        direction=direction,
    )


def _check(name: str, value: int, least: int, most: int, note: str = "") -> int:
    """Return `value`; raise `TypeError` if it is not an integer, or `ValueError` if it is out of range."""
    if not least <= operator.index(value) <= most:
        raise ValueError(f"{name} is {value}: choose a number from {least} to {most}{note and f', where {note}'}")
    return value


def _get_inputs(read: NetworkPass, ids: Ids, layer: int, word: int) -> Array:
    """Return a layer's inputs at a timestep, `(E,)`: the word's embedding, or the hidden states of the layer below."""
    if layer == 1:
        embedding: Array = read.network.embedding[ids[word]]
        return embedding
    return np.concatenate([cell_pass.hidden[0, word] for cell_pass in read.layers[layer - 2]])


def _solve(cell_pass: CellPass, layer: int, x: Array, word: int, unit: int | None, reading: Direction) -> UnitStep:
    """Work out one unit's step, given the inputs x `(E,)`; if `unit` is None, use the unit that changes most."""
    cell, direction = cell_pass.cell, "backward" if cell_pass.backwards else "forward"
    last = len(cell_pass.states[0]) - 2
    step, before = (last - word, word + 1) if cell_pass.backwards else (word, word - 1)
    previous, after = cell_pass.state_at(step), cell_pass.state_at(step + 1)
    if unit is None:
        unit = int(np.abs(after[0] - previous[0])[0].argmax())
    symbols = {name: f"{symbol}_t".replace("′", "'") for name, symbol in cell.gates.items()}
    values = {name: float(gate[0, unit]) for name, gate in cell_pass.gates_at(step).items()}
    for (name, symbol), old, new in zip(PARTS.items(), previous, after, strict=False):
        symbols |= {f"previous_{name}": f"{symbol}_{{t-1}}", name: f"{symbol}_t"}
        values |= {f"previous_{name}": float(old[0, unit]), name: float(new[0, unit])}
    solver = _Solver(cell, x, previous[0][0], unit, symbols, values)
    return UnitStep(
        name=name_cell(layer, direction, reading),
        layer=layer,
        direction=direction,
        cell=NAMES[type(cell)],
        unit=unit,
        before=before if 0 <= before <= last else None,
        previous={name: values[f"previous_{name}"] for name in PARTS if name in values},
        equations=[solver.solve(place, name) for place, name in enumerate(cell.equations)],
    )


@dataclass(frozen=True)
class _Solver:
    """The values needed to work out the equations of one unit at one timestep."""

    cell: Cell
    x: Array
    h_prev: Array
    unit: int
    symbols: Mapping[str, str]
    """Symbols of the gates and of the parts of the state, keyed by the names used in `Cell.equations`."""
    values: Mapping[str, float]
    """Values of the same gates and parts of the state, keyed by the same names."""

    def solve(self, place: int, name: str) -> Equation:
        """Return the cell's equation for `name`, with its numbers; `place` is its position among the equations."""
        if place < self.cell.count_blocks():
            return self._solve_block(place, name)
        formula, numbers = self._write(name, {}, {})
        return Equation(name, self.symbols[name], formula, numbers, self.values[name])

    def _solve_block(self, block: int, name: str) -> Equation:
        cell, template = self.cell, self.cell.equations[name]
        column = block * cell.units + self.unit
        letter = f"_{cell.gates[name].strip('′')}" if cell.gates else ""
        inputs = Product(f"W{letter} x_t", "input", cell.kernel[:, column], self.x)
        recurrent = Product(f"U{letter} h_{{t-1}}", "unit", cell.recurrent_kernel[:, column], self.h_prev)
        names = {str(field) for _, field, _, _ in Formatter().parse(template)}
        biases = np.atleast_2d(cell.bias)[:, column].astype(np.float64).tolist()
        bias, apart = biases if "recurrent_bias" in names else (sum(biases), None)
        factor = math.prod([self.values[gate] for gate in cell.gates if gate in names])
        symbols = {"inputs": inputs.symbol, "recurrent": recurrent.symbol, "bias": f"b{letter}"}
        values = {"inputs": inputs.sum, "recurrent": recurrent.sum, "bias": bias}
        if apart is not None:
            symbols["recurrent_bias"], values["recurrent_bias"] = f"c{letter}", apart
        formula, numbers = self._write(name, symbols, values)
        return Equation(
            name, self.symbols[name], formula, numbers, self.values[name],
            products=(inputs, recurrent),
            bias=bias,
            recurrent_bias=apart,
            total=inputs.sum + factor * (recurrent.sum + (apart or 0.0)) + bias,
        )  # fmt: skip

    def _write(self, name: str, symbols: Mapping[str, str], values: Mapping[str, float]) -> tuple[str, str]:
        """Return an equation's right-hand side, first in symbols and then in numbers."""
        template = self.cell.equations[name]
        shown = {field: f"{value:.{DIGITS}f}" for field, value in {**self.values, **values}.items()}
        numbers = template.format_map(shown).replace("⊙", "×").replace("−", "-").replace("+ -", "- ")
        return template.format_map({**self.symbols, **symbols}), numbers
