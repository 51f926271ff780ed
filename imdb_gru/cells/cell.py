"""What a cell is: its weights, its gates, its step forward and back, and what the rest of the project asks of it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from imdb_gru.system.arrays import Array

State = tuple[Array, ...]
"""The hidden state first, `(B, U)`, then whatever else the cell carries."""
Gates = dict[str, Array]


@dataclass(frozen=True)
class Cell(ABC):
    """One timestep of a recurrent layer, its gates visible; weights as Keras lays them out, G blocks side by side."""

    title: ClassVar[str]
    """The name that people read."""
    keras_layer: ClassVar[str]
    """The layer of `keras.layers` that computes the same, from the same weights."""
    gates: ClassVar[Mapping[str, str]] = {}
    """The symbol of each gate in the equations, in the order of the blocks of the weights."""
    state_parts: ClassVar[int] = 1
    """Number of arrays in the state: the hidden state, and a memory in an LSTM."""
    keeping_gate: ClassVar[str | None] = None
    """The gate that lets the state of the timestep before through; None in a cell without gates."""

    kernel: Array
    """W, `(E, G·U)`."""
    recurrent_kernel: Array
    """U, `(U, G·U)`."""
    bias: Array
    """b, `(G·U,)`; a GRU's has a second row for its recurrent side, `(2, 3·U)`."""

    @classmethod
    def count_blocks(cls) -> int:
        """Return G, the number of blocks of U columns in the weights: one for each gate, and one in a cell without."""
        return len(cls.gates) or 1

    @classmethod
    def list_shapes(cls, features: int, units: int) -> list[tuple[int, ...]]:
        """Return the shapes of the kernel, the recurrent kernel and the bias for `features` inputs and `units`."""
        width = cls.count_blocks() * units
        return [(features, width), (units, width), (width,)]

    @property
    def units(self) -> int:
        """Count the units."""
        return int(self.recurrent_kernel.shape[0])

    def start(self, batch: int) -> State:
        """Return the state before the first timestep: zeros, each part `(B, U)`."""
        return tuple(np.zeros((batch, self.units), np.float32) for _ in range(self.state_parts))

    def project(self, x: Array) -> Array:
        """Return what the inputs alone contribute, for all timesteps at once: `(..., E)` to `(..., G·U)`."""
        return x @ self.kernel + self.bias

    @abstractmethod
    def step(self, x_t: Array, state: State) -> tuple[State, Gates]:
        """Take a projected input `(B, G·U)` and a state; return the next state and the gates, each `(B, U)`."""

    @abstractmethod
    def step_back(self, gates: Gates, before: State, after: State, gradient: State) -> tuple[Array, State]:
        """Take a step's gates, its states and the gradient of the state after it; all of `step`'s shapes.

        Return the gradients of the projected input, `(B, G·U)`, and of the state before. Several gradients of one step
        are rows of `gradient`, where all else has one row: unit vectors give the step's Jacobian.
        """


def slope_of_tanh(y: Array) -> Array:
    """Return tanh's derivative where its value is `y`."""
    return 1 - y * y


def slope_of_sigmoid(y: Array) -> Array:
    """Return σ's derivative where its value is `y`."""
    return y * (1 - y)


def tanh(x: Array) -> Array:
    """Squash to (−1, 1)."""
    squashed: Array = np.tanh(x)
    return squashed


def sigmoid(x: Array) -> Array:
    """Squash to (0, 1); σ(x) = (1 + tanh(x / 2)) / 2, which cannot overflow."""
    return np.float32(0.5) * (np.float32(1) + tanh(np.float32(0.5) * x))
