"""What all cells share: their weights, their first state, and the two activation functions."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from imdb_gru.system.arrays import Array

State = tuple[Array, ...]
"""The hidden state first, `(B, U)`, then whatever else the cell carries."""
Gates = dict[str, Array]


@dataclass(frozen=True)
class Cell(ABC):
    """One timestep of a recurrent layer, its gates visible; weights as Keras lays them out, G gates side by side."""

    state_parts: ClassVar[int] = 1
    keeping_gate: ClassVar[str | None] = None
    """The gate that lets the state of the timestep before through; None in a cell without gates."""

    kernel: Array
    """W, `(E, G·U)`."""
    recurrent_kernel: Array
    """U, `(U, G·U)`."""
    bias: Array
    """b, `(G·U,)`; a GRU's has a second row for its recurrent side, `(2, 3·U)`."""

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
