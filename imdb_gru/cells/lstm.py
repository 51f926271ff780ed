"""Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000), as in Keras's `LSTM`."""

from dataclasses import dataclass

from imdb_gru.cells.maths import Array, Gates, State, sigmoid, tanh, zero_state


@dataclass(frozen=True)
class LSTMCell:
    """One timestep of an LSTM, its gates visible; weights as Keras lays them out, gate order i, f, c, o.

    i_t, f_t, o_t = σ(W x_t + U h_{t-1} + b)         input, forget and output gates
    c'_t = tanh(W_c x_t + U_c h_{t-1} + b_c)         candidate
    c_t  = f_t ⊙ c_{t-1} + i_t ⊙ c'_t                 memory
    h_t  = o_t ⊙ tanh(c_t)
    """

    kernel: Array
    """W, `(E, 4U)`."""
    recurrent_kernel: Array
    """U, `(U, 4U)`."""
    bias: Array
    """b, `(4U,)`."""

    @property
    def units(self) -> int:
        """Count the units."""
        return int(self.recurrent_kernel.shape[0])

    def start(self, batch: int) -> State:
        """Return h_0 and c_0: zeros, each `(B, U)`."""
        return zero_state(batch, self.units, 2)

    def project(self, x: Array) -> Array:
        """Return what the inputs alone contribute, for all timesteps at once: `(..., E)` to `(..., 4U)`."""
        return x @ self.kernel + self.bias

    def step(self, x_t: Array, state: State) -> tuple[State, Gates]:
        """Take a projected input `(B, 4U)`, h_{t-1} and c_{t-1}; return h_t, c_t and the gates, each `(B, U)`."""
        h_prev, c_prev = state
        units = self.units
        before = x_t + h_prev @ self.recurrent_kernel  # (B, 4U)
        i = sigmoid(before[:, :units])
        f = sigmoid(before[:, units : 2 * units])
        candidate = tanh(before[:, 2 * units : 3 * units])
        o = sigmoid(before[:, 3 * units :])
        c = f * c_prev + i * candidate
        return (o * tanh(c), c), {"input": i, "forget": f, "candidate": candidate, "output": o}
