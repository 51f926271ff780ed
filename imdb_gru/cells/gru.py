"""The gated recurrent unit (Cho et al. 2014, equations 5 to 8), in the form of Keras's `GRU(reset_after=True)`."""

from dataclasses import dataclass

from imdb_gru.cells.maths import Array, Gates, State, sigmoid, tanh, zero_state


@dataclass(frozen=True)
class GRUCell:
    """One timestep of a GRU, its gates visible; weights as Keras lays them out, gate order z, r, h.

    z_t  = σ(W_z x_t + U_z h_{t-1} + b_z)                        update gate
    r_t  = σ(W_r x_t + U_r h_{t-1} + b_r)                        reset gate
    h'_t = tanh(W_h x_t + r_t ⊙ (U_h h_{t-1} + c_h) + b_h)       candidate
    h_t  = z_t ⊙ h_{t-1} + (1 − z_t) ⊙ h'_t
    """

    kernel: Array
    """W, `(E, 3U)`."""
    recurrent_kernel: Array
    """U, `(U, 3U)`."""
    bias: Array
    """b and c, `(2, 3U)`."""

    @property
    def units(self) -> int:
        """Count the units."""
        return int(self.recurrent_kernel.shape[0])

    def start(self, batch: int) -> State:
        """Return h_0: zeros, `(B, U)`."""
        return zero_state(batch, self.units, 1)

    def project(self, x: Array) -> Array:
        """Return what the inputs alone contribute, for all timesteps at once: `(..., E)` to `(..., 3U)`."""
        projected: Array = x @ self.kernel + self.bias[0]
        return projected

    def step(self, x_t: Array, state: State) -> tuple[State, Gates]:
        """Take a projected input `(B, 3U)` and h_{t-1}; return h_t and the gates, each `(B, U)`."""
        (h_prev,) = state
        units = self.units
        h_part = h_prev @ self.recurrent_kernel + self.bias[1]  # (B, 3U)
        zr = sigmoid(x_t[:, : 2 * units] + h_part[:, : 2 * units])
        z, r = zr[:, :units], zr[:, units:]
        candidate = tanh(x_t[:, 2 * units :] + r * h_part[:, 2 * units :])
        h = z * h_prev + (1 - z) * candidate
        return (h,), {"update": z, "reset": r, "candidate": candidate}
