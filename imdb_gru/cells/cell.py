"""The interface of a recurrent cell: its weights, its gates, and its forward and backward steps."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from imdb_gru.system.arrays import Array

State = tuple[Array, ...]
"""The hidden state, `(B, U)`, followed by any other arrays that the next timestep needs, such as an LSTM's memory."""
Gates = dict[str, Array]


@dataclass(frozen=True)
class Cell(ABC):
    """The equations of one timestep, and the layer's weights, stored as in Keras: G blocks of columns side by side."""

    title: ClassVar[str]
    """The name shown to users."""
    keras_layer: ClassVar[str]
    """The name of the layer in `keras.layers` that computes the same results from the same weights."""
    gates: ClassVar[Mapping[str, str]] = {}
    """The gates' symbols in the equations, keyed by the names of the gates, in the order of the weight blocks."""
    equations: ClassVar[Mapping[str, str]] = {}
    """The equations as format strings, keyed by the names of their results: the gates, then the parts of the state.

    A name in braces is a gate's name, `state`, `memory`, `previous_state` or `previous_memory`. The first G equations,
    one per block of the weights, also contain `inputs` (W x_t), `recurrent` (U h_{t-1}), `bias` (b) and, if the
    recurrent product has a bias of its own, `recurrent_bias` (c). A gate inside one of these G equations multiplies the
    recurrent product and that product's own bias.
    """
    state_parts: ClassVar[int] = 1
    """Number of arrays in the state: one for the hidden state and, in an LSTM, one for the memory."""
    keeping_gate: ClassVar[str | None] = None
    """The name of the gate that decides how much of the previous state is kept, or None if the cell has no gates."""

    kernel: Array
    """Weights of the inputs (W in the equations), `(E, G·U)`."""
    recurrent_kernel: Array
    """Weights of the previous hidden state (U in the equations), `(U, G·U)`."""
    bias: Array
    """Biases (b in the equations), `(G·U,)`; in a GRU, `(2, 3·U)`, where the second row is the recurrent bias (c)."""

    @classmethod
    def count_blocks(cls) -> int:
        """Return G, the number of weight blocks of U columns each: one per gate, or a single block without gates."""
        return len(cls.gates) or 1

    @classmethod
    def list_shapes(cls, features: int, units: int) -> list[tuple[int, ...]]:
        """Return the shapes of the kernel, the recurrent kernel and the bias, given the numbers of inputs and units."""
        width = cls.count_blocks() * units
        return [(features, width), (units, width), (width,)]

    @property
    def units(self) -> int:
        """Return the number of units."""
        return int(self.recurrent_kernel.shape[0])

    def start(self, batch: int) -> State:
        """Return the initial state: arrays `(B, U)` of zeros."""
        return tuple(np.zeros((batch, self.units), np.float32) for _ in range(self.state_parts))

    def project(self, x: Array) -> Array:
        """Multiply the inputs of all timesteps by the kernel and add the bias, mapping `(..., E)` to `(..., G·U)`."""
        return x @ self.kernel + self.bias

    @abstractmethod
    def step(self, x_t: Array, state: State) -> tuple[State, Gates]:
        """Return the next state and the gates, each `(B, U)`, given a projected input `(B, G·U)` and a state."""

    @abstractmethod
    def step_back(self, gates: Gates, before: State, after: State, gradient: State) -> tuple[Array, State]:
        """Return the gradients with respect to the projected input, `(B, G·U)`, and the state before the step.

        The arguments are the gates of the step, the state before the step, the state after the step, and the gradient
        with respect to the state after the step; their shapes are those used by `step`. If `gradient` has several rows
        but the other arrays have only one, each row is propagated separately. If these rows are the unit vectors, the
        result is the step's Jacobian.
        """

    def carry_back(self, gates: Gates, before: State, after: State, gradient: State) -> State:
        """For a single text, return a gradient with respect to the state before a step for each row of `gradient`.

        A cell may override this method with one that is faster for many rows: a Jacobian takes as many rows as there
        are units.
        """
        return self.step_back(gates, before, after, gradient)[1]


def slope_of_tanh(y: Array) -> Array:
    """Return the derivative of tanh at the point where tanh equals `y`."""
    return 1 - y * y


def slope_of_sigmoid(y: Array) -> Array:
    """Return the derivative of σ at the point where σ equals `y`."""
    return y * (1 - y)


def tanh(x: Array) -> Array:
    """Return the hyperbolic tangent, which squashes values to the range (−1, 1)."""
    squashed: Array = np.tanh(x)
    return squashed


def sigmoid(x: Array) -> Array:
    """Return the logistic function of x, computed as (1 + tanh(x / 2)) / 2, which cannot overflow."""
    return np.float32(0.5) * (np.float32(1) + tanh(np.float32(0.5) * x))
