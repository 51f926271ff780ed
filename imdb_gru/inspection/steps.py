"""One timestep of one unit, worked out: the equations of the cell, the numbers in them, and their largest terms."""

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imdb_gru.cells.cell import Cell
from imdb_gru.config import Direction
from imdb_gru.inspection.cell_pass import CellPass
from imdb_gru.inspection.inspect import NAMES
from imdb_gru.inspection.inspection import name_cell
from imdb_gru.inspection.network_pass import NetworkPass, run_network
from imdb_gru.models.classifier import Classifier
from imdb_gru.system.arrays import Array, Ids
from imdb_gru.system.escaping import show_value
from imdb_gru.text.direction import record_direction
from imdb_gru.text.vocabulary import START_TOKEN, UNKNOWN

TERMS = 3
"""Default number of terms that are listed for each product."""
DIGITS = 4
"""Number of decimals of the numbers in an equation."""
PARTS = {"state": "h", "memory": "c"}
"""Name and symbol of each part of a cell's state, in the order of `State`."""


class Term(NamedTuple):
    """A term of a product: the weight of one input or unit, times its value."""

    place: int
    """Number of the input or of the unit, starting at 0."""
    weight: float
    value: float
    product: float


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """A product of a unit's weights with a vector: W x_t with the inputs, or U h_{t-1} with the previous state."""

    symbol: str
    over: str
    """What the terms belong to: input or unit."""
    weights: Array
    """The unit's weights, `(N,)`; N is E for the inputs of the first layer and U for the previous state."""
    values: Array
    """The vector, `(N,)`."""

    @property
    def terms(self) -> NDArray[np.float64]:
        """Return the terms, `(N,)` float64."""
        return self.weights.astype(np.float64) * self.values + 0.0  # the sum turns −0 into 0

    @property
    def sum(self) -> float:
        """Return the sum of the terms."""
        return float(self.terms.sum())

    def list_largest(self, count: int = TERMS) -> list[Term]:
        """Return the `count` terms with the largest absolute values, largest first."""
        terms = self.terms
        places = np.argsort(-np.abs(terms), kind="stable")[:count].tolist()
        return [Term(at, float(self.weights[at]), float(self.values[at]), float(terms[at])) for at in places]

    def to_dict(self, terms: int = TERMS) -> dict[str, Any]:
        """Return the product and its largest terms as JSON types."""
        return {
            "symbol": self.symbol,
            "sum": _round(self.sum),
            "largest": [
                {self.over: place, "weight": _round(weight), "value": _round(value), "product": _round(product)}
                for place, weight, value, product in self.list_largest(terms)
            ],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Equation:
    """An equation of a cell, for one unit at one timestep."""

    name: str
    """What the equation computes: the name of a gate, or state or memory."""
    symbol: str
    formula: str
    """The right-hand side in symbols, as in the documentation."""
    numbers: str
    """The right-hand side with numbers of four decimals in place of the symbols."""
    value: float
    """The value that the model computed."""
    products: Sequence[Product] = ()
    """W x_t and U h_{t-1}; empty if the equation is over gates and states."""
    bias: float | None = None
    """The bias b. If the equation has no separate recurrent bias c, b is the sum of both biases."""
    recurrent_bias: float | None = None
    """The bias c of the recurrent product, if it is apart."""
    total: float | None = None
    """The argument of σ or tanh; None if the equation is over gates and states."""

    @property
    def function(self) -> str:
        """Return the name of the function that `total` is given to."""
        return self.formula.partition("(")[0]

    def to_dict(self, terms: int = TERMS) -> dict[str, Any]:
        """Return the equation as JSON types, with the `terms` largest terms of each product."""
        record: dict[str, Any] = {
            "name": self.name,
            "symbol": self.symbol,
            "equation": self.formula,
            "numbers": self.numbers,
        }
        if self.total is not None:
            inputs, recurrent = (product.to_dict(terms) for product in self.products)
            record |= {"inputs": inputs, "recurrent": recurrent, "bias": _round(self.bias)}
            record |= {"recurrent_bias": _round(self.recurrent_bias), "total": _round(self.total)}
        return {**record, "value": _round(self.value)}


@dataclass(frozen=True, slots=True, eq=False)
class UnitStep:
    """The step of one unit of a cell: its state before the timestep, and the equations that give the state after it."""

    name: str
    """The cell's layer and its direction along the written text."""
    layer: int
    """Number of the layer, starting at 1."""
    direction: str
    """Direction of the cell along the timesteps, forward or backward."""
    cell: str
    """Name of the cell: gru, lstm or simple_rnn."""
    unit: int
    before: int | None
    """The timestep that the cell read before this one; None if this is the first, before which the state is 0."""
    previous: Mapping[str, float]
    """The unit's state before the timestep and, in an LSTM, its memory."""
    equations: Sequence[Equation]

    def to_dict(self, terms: int = TERMS) -> dict[str, Any]:
        """Return the step as JSON types, with the `terms` largest terms of each product."""
        return {
            "layer": self.layer,
            "direction": self.direction,
            "cell": self.cell,
            "unit": self.unit,
            "before": {"timestep": self.before, **{name: _round(value) for name, value in self.previous.items()}},
            "equations": [equation.to_dict(terms) for equation in self.equations],
        }


@dataclass(frozen=True, slots=True, eq=False)
class StepInspection:
    """What a model computed at one word of a text, for one unit of each cell in a layer."""

    text: str
    word: int
    """The timestep: 0 is the start token, and 1 the word that was read first."""
    tokens: Sequence[str]
    """Token at each timestep; the first is the start token."""
    known: bool
    """Whether the word is in the vocabulary."""
    units: Sequence[UnitStep]
    """One step, or two in a bidirectional layer: the forward cell's and the backward cell's."""
    direction: Direction = "forward"
    """The direction in which the model read the text; if it is backward, word 1 is the last word of the text."""

    def __repr__(self) -> str:
        """Describe the step by its word and its units."""
        units = ", ".join(f"unit {step.unit} of {step.name}" for step in self.units)
        return f"StepInspection(word {self.word} {self.token!r}, {units}, text={show_value(self.text)})"

    @property
    def token(self) -> str:
        """Return the word's token."""
        return self.tokens[self.word]

    def to_dict(self, terms: int = TERMS) -> dict[str, Any]:
        """Return the whole object as JSON types, with the `terms` largest terms of each product."""
        return {
            "text": self.text,
            "word": self.word,
            "token": self.token,
            "known": self.known,
            **record_direction(self.direction),
            "units": [step.to_dict(terms) for step in self.units],
        }


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
    """Return an argument, or raise `TypeError` if it is not an integer, or `ValueError` if it is out of range."""
    if not least <= operator.index(value) <= most:
        raise ValueError(f"{name} is {value}: choose {least} to {most}{note and f', where {note}'}")
    return value


def _get_inputs(read: NetworkPass, ids: Ids, layer: int, word: int) -> Array:
    """Return a layer's inputs at a timestep, `(E,)`: the word's embedding, or the hidden states of the layer below."""
    if layer == 1:
        embedding: Array = read.network.embedding[ids[word]]
        return embedding
    return np.concatenate([cell_pass.hidden[0, word] for cell_pass in read.layers[layer - 2]])


def _solve(cell_pass: CellPass, layer: int, x: Array, word: int, unit: int | None, reading: Direction) -> UnitStep:
    """Work out the step of a unit, or of the unit whose hidden state changes most, given the inputs x `(E,)`."""
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
    """What the equations of one unit at one timestep are solved with."""

    cell: Cell
    x: Array
    h_prev: Array
    unit: int
    symbols: Mapping[str, str]
    """Symbol of each gate and of each part of the state, by the names in `Cell.equations`."""
    values: Mapping[str, float]
    """Value of each gate and of each part of the state, by the same names."""

    def solve(self, place: int, name: str) -> Equation:
        """Return the equation at a place among the cell's equations."""
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
        """Return the right-hand side of an equation in symbols and in numbers."""
        template = self.cell.equations[name]
        shown = {field: f"{value:.{DIGITS}f}" for field, value in {**self.values, **values}.items()}
        numbers = template.format_map(shown).replace("⊙", "×").replace("−", "-").replace("+ -", "- ")
        return template.format_map({**self.symbols, **symbols}), numbers


def _round(value: float | None) -> float | None:
    """Return a JSON number, rounded to float32 precision."""
    return None if value is None else round(value, 6)
