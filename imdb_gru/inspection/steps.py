"""One timestep of one unit, worked out: the cell's equations with their numbers, and each product's largest terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config import Direction
from imdb_gru.system.arrays import Array
from imdb_gru.system.escaping import show_value
from imdb_gru.text.direction import record_direction

TERMS = 3
"""Default number of terms listed for each product."""
DIGITS = 4
"""Number of decimal places in an equation."""


class Term(NamedTuple):
    """A term of a product: the value of one input or unit, times its weight."""

    place: int
    """Index of the input or unit, starting at 0."""
    weight: float
    value: float
    product: float


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """The product of a unit's weights and a vector: W x_t for the inputs, or U h_{t-1} for the previous state."""

    symbol: str
    over: str
    """What each term belongs to: `input` or `unit`."""
    weights: Array
    """The unit's weights, `(N,)`: one for each input, or one for each unit of the previous state."""
    values: Array
    """The values of those inputs or units, `(N,)`."""

    @property
    def terms(self) -> NDArray[np.float64]:
        """Return the terms as float64, `(N,)`."""
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
        """Return the product and its largest terms as JSON-compatible values."""
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
    """What the equation computes: the name of a gate, `state` or `memory`."""
    symbol: str
    formula: str
    """The right-hand side in symbols, as in the documentation."""
    numbers: str
    """The right-hand side with each symbol replaced by its value, to four decimal places."""
    value: float
    """The value that the model computed."""
    products: Sequence[Product] = ()
    """W x_t and U h_{t-1}; empty if the equation only combines gates and states."""
    bias: float | None = None
    """The bias b. If the cell has two biases but the equation has no `recurrent_bias`, b is their sum."""
    recurrent_bias: float | None = None
    """The separate bias c of the recurrent product; None if there is none."""
    total: float | None = None
    """The argument of σ or tanh; None if the equation only combines gates and states."""

    @property
    def function(self) -> str:
        """Return the name of the function that is applied to `total`."""
        return self.formula.partition("(")[0]

    def to_dict(self, terms: int = TERMS) -> dict[str, Any]:
        """Return the equation as JSON-compatible values, with each product's largest terms (at most `terms`)."""
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
    """What one unit of a cell does at one timestep: its previous state, and the equations for its new state."""

    name: str
    """Name of the cell: its layer and its direction through the original text."""
    layer: int
    """Number of the layer, starting at 1."""
    direction: str
    """Direction of the cell along the timesteps, forward or backward."""
    cell: str
    """Type of the cell: gru, lstm or simple_rnn."""
    unit: int
    before: int | None
    """The timestep that the cell processed before this one; None for the first, whose previous state is 0."""
    previous: Mapping[str, float]
    """The unit's state before the timestep and, in an LSTM, its memory."""
    equations: Sequence[Equation]

    def to_dict(self, terms: int = TERMS) -> dict[str, Any]:
        """Return the step as JSON-compatible values, with each product's largest terms (at most `terms`)."""
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
    """The timestep: 0 is the start token, and 1 is the first word that the model read."""
    tokens: Sequence[str]
    """Token at each timestep; the first is the start token."""
    known: bool
    """Whether the word is in the vocabulary."""
    units: Sequence[UnitStep]
    """One step for each cell of the layer; in a bidirectional layer, the forward cell's step comes first."""
    direction: Direction = "forward"
    """The direction in which the model read the text; if it is backward, word 1 is the last word of the text."""

    def __repr__(self) -> str:
        """Describe the step: its word, its units and the beginning of the text."""
        units = ", ".join(f"unit {step.unit} of {step.name}" for step in self.units)
        return f"StepInspection(word {self.word} {self.token!r}, {units}, text={show_value(self.text)})"

    @property
    def token(self) -> str:
        """Return the word's token."""
        return self.tokens[self.word]

    def to_dict(self, terms: int = TERMS) -> dict[str, Any]:
        """Return the whole object as JSON-compatible values, with each product's largest terms (at most `terms`)."""
        return {
            "text": self.text,
            "word": self.word,
            "token": self.token,
            "known": self.known,
            **record_direction(self.direction),
            "units": [step.to_dict(terms) for step in self.units],
        }


def _round(value: float | None) -> float | None:
    """Return a JSON number, rounded to float32 precision."""
    return None if value is None else round(value, 6)
