"""The plain recurrent unit (Elman 1990), as in Keras's `SimpleRNN`."""

from dataclasses import dataclass

from imdb_gru.cells.maths import Array, Gates, State, tanh, zero_state


@dataclass(frozen=True)
class SimpleRNNCell:
    """One timestep of a plain recurrent layer: h_t = tanh(W x_t + U h_{t-1} + b)."""

    kernel: Array
    """W, `(E, U)`."""
    recurrent_kernel: Array
    """U, `(U, U)`."""
    bias: Array
    """b, `(U,)`."""

    @property
    def units(self) -> int:
        """Count the units."""
        return int(self.recurrent_kernel.shape[0])

    def start(self, batch: int) -> State:
        """Return h_0: zeros, `(B, U)`."""
        return zero_state(batch, self.units, 1)

    def project(self, x: Array) -> Array:
        """Return what the inputs alone contribute, for all timesteps at once: `(..., E)` to `(..., U)`."""
        return x @ self.kernel + self.bias

    def step(self, x_t: Array, state: State) -> tuple[State, Gates]:
        """Take a projected input `(B, U)` and h_{t-1}; return h_t, `(B, U)`, and no gates."""
        (h_prev,) = state
        return (tanh(x_t + h_prev @ self.recurrent_kernel),), {}
