"""The plain recurrent unit (Elman 1990), as in Keras's `SimpleRNN`."""

import numpy as np

from imdb_gru.cells.cell import Cell, Gates, State, slope_of_tanh, tanh
from imdb_gru.system.arrays import Array


class SimpleRNNCell(Cell):
    """One timestep of a plain recurrent layer, which has no gates: h_t = tanh(W x_t + U h_{t-1} + b)."""

    title = "SimpleRNN"
    keras_layer = "SimpleRNN"
    equations = {"state": "tanh({inputs} + {recurrent} + {bias})"}  # noqa: RUF012 - declared as ClassVar in Cell

    def step(self, x_t: Array, state: State) -> tuple[State, Gates]:
        """Return h_t, `(B, U)`, and no gates, given a projected input `(B, U)` and h_{t-1}."""
        (h_prev,) = state
        return (tanh(x_t + h_prev @ self.recurrent_kernel),), {}

    def step_back(self, gates: Gates, before: State, after: State, gradient: State) -> tuple[Array, State]:
        """Return the gradients for the projected input and h_{t-1}, given the gradient for h_t; all are `(B, U)`."""
        (h,), (dh,) = after, gradient
        dx: Array = dh * slope_of_tanh(h)
        return dx, (np.matmul(dx, self.recurrent_kernel.T),)
