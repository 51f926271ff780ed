"""The plain recurrent unit (Elman 1990), as in Keras's `SimpleRNN`."""

from imdb_gru.cells.cell import Array, Cell, Gates, State, tanh


class SimpleRNNCell(Cell):
    """A plain recurrent timestep, without gates: h_t = tanh(W x_t + U h_{t-1} + b)."""

    def step(self, x_t: Array, state: State) -> tuple[State, Gates]:
        """Take a projected input `(B, U)` and h_{t-1}; return h_t, `(B, U)`, and no gates."""
        (h_prev,) = state
        return (tanh(x_t + h_prev @ self.recurrent_kernel),), {}
