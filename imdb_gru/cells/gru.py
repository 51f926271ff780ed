"""The gated recurrent unit (Cho et al. 2014, equations 5 to 8), in the form of Keras's `GRU(reset_after=True)`."""

import numpy as np

from imdb_gru.cells.cell import Cell, Gates, State, sigmoid, slope_of_sigmoid, slope_of_tanh, tanh
from imdb_gru.system.arrays import Array


class GRUCell(Cell):
    """One timestep of a GRU, with the gates in the order z, r, h.

    z_t  = σ(W_z x_t + U_z h_{t-1} + b_z)                        update gate
    r_t  = σ(W_r x_t + U_r h_{t-1} + b_r)                        reset gate
    h'_t = tanh(W_h x_t + r_t ⊙ (U_h h_{t-1} + c_h) + b_h)       candidate
    h_t  = z_t ⊙ h_{t-1} + (1 − z_t) ⊙ h'_t
    """

    title = "GRU"
    keras_layer = "GRU"
    gates = {"update": "z", "reset": "r", "candidate": "h′"}  # noqa: RUF012 - declared as ClassVar in Cell
    equations = {  # noqa: RUF012 - declared as ClassVar in Cell
        "update": "σ({inputs} + {recurrent} + {bias})",
        "reset": "σ({inputs} + {recurrent} + {bias})",
        "candidate": "tanh({inputs} + {reset} ⊙ ({recurrent} + {recurrent_bias}) + {bias})",
        "state": "{update} ⊙ {previous_state} + (1 − {update}) ⊙ {candidate}",
    }
    keeping_gate = "update"

    @classmethod
    def list_shapes(cls, features: int, units: int) -> list[tuple[int, ...]]:
        """Return the shapes of the kernel, the recurrent kernel and the bias, which has one row for each kernel."""
        kernel, recurrent_kernel, (width,) = super().list_shapes(features, units)
        return [kernel, recurrent_kernel, (2, width)]

    def project(self, x: Array) -> Array:
        """Multiply the inputs of all timesteps by the kernel and add `bias[0]`, mapping `(..., E)` to `(..., 3·U)`."""
        projected: Array = x @ self.kernel + self.bias[0]
        return projected

    def step(self, x_t: Array, state: State) -> tuple[State, Gates]:
        """Return h_t and the gates, each `(B, U)`, given a projected input `(B, 3·U)` and h_{t-1}."""
        (h_prev,) = state
        units = self.units
        h_part = h_prev @ self.recurrent_kernel + self.bias[1]  # (B, 3·U)
        zr = sigmoid(x_t[:, : 2 * units] + h_part[:, : 2 * units])
        z, r = zr[:, :units], zr[:, units:]
        candidate = tanh(x_t[:, 2 * units :] + r * h_part[:, 2 * units :])
        h = z * h_prev + (1 - z) * candidate
        return (h,), {"update": z, "reset": r, "candidate": candidate}

    def step_back(self, gates: Gates, before: State, after: State, gradient: State) -> tuple[Array, State]:
        """Return the gradients for the projected input `(B, 3·U)` and h_{t-1}, given the gradient for h_t, `(B, U)`."""
        (h_prev,), (dh,) = before, gradient
        z, r, candidate = gates["update"], gates["reset"], gates["candidate"]
        past = h_prev @ self.recurrent_kernel[:, 2 * self.units :] + self.bias[1, 2 * self.units :]  # U_h h_{t-1} + c_h
        dcandidate = dh * (1 - z) * slope_of_tanh(candidate)
        dz = dh * (h_prev - candidate) * slope_of_sigmoid(z)
        dr = dcandidate * past * slope_of_sigmoid(r)
        through_products = np.concatenate([dz, dr, dcandidate * r], axis=-1) @ self.recurrent_kernel.T
        return np.concatenate([dz, dr, dcandidate], axis=-1), (dh * z + through_products,)

    def carry_back(self, gates: Gates, before: State, after: State, gradient: State) -> State:
        """Multiply the rows of `gradient` by ∂h_t/∂h_{t-1}, `(U, U)`.

        If there are many rows, building the Jacobian first is faster: the gates are the same for all rows, so each row
        then needs one matrix product instead of three. The transposed Jacobian is U_z + U_r + U_h with scaled columns,
        plus z_t on the diagonal. In each of the three matrices, the scale of column j is the derivative of unit j of
        h_t with respect to the product of h_{t-1} and that column.
        """
        ((h_prev,),), (dh,) = before, gradient
        if len(dh) < self.units // 8:  # building the Jacobian would take longer
            return super().carry_back(gates, before, after, gradient)
        ((z,), (r,), (candidate,)) = (gates[name] for name in self.gates)
        blocks = np.split(self.recurrent_kernel, 3, axis=1)
        past = h_prev @ blocks[2] + self.bias[1, 2 * self.units :]  # U_h h_{t-1} + c_h
        dcandidate = (1 - z) * slope_of_tanh(candidate)
        slopes = ((h_prev - candidate) * slope_of_sigmoid(z), dcandidate * past * slope_of_sigmoid(r), dcandidate * r)
        jacobian = blocks[0] * slopes[0]  # transposed
        for block, slope in zip(blocks[1:], slopes[1:], strict=True):
            jacobian += block * slope
        jacobian.flat[:: self.units + 1] += z
        return (dh @ jacobian.T,)
