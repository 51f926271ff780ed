"""Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000), as in Keras's `LSTM`."""

import numpy as np

from imdb_gru.cells.cell import Cell, Gates, State, sigmoid, slope_of_sigmoid, slope_of_tanh, tanh
from imdb_gru.system.arrays import Array


class LSTMCell(Cell):
    """One timestep of an LSTM, with the gates in the order i, f, c, o.

    i_t  = σ(W_i x_t + U_i h_{t-1} + b_i)             input gate
    f_t  = σ(W_f x_t + U_f h_{t-1} + b_f)             forget gate
    c'_t = tanh(W_c x_t + U_c h_{t-1} + b_c)          candidate
    o_t  = σ(W_o x_t + U_o h_{t-1} + b_o)             output gate
    c_t  = f_t ⊙ c_{t-1} + i_t ⊙ c'_t                 memory
    h_t  = o_t ⊙ tanh(c_t)
    """

    title = "LSTM"
    keras_layer = "LSTM"
    gates = {"input": "i", "forget": "f", "candidate": "c′", "output": "o"}  # noqa: RUF012 - ClassVar in Cell
    equations = {  # noqa: RUF012 - declared as ClassVar in Cell
        "input": "σ({inputs} + {recurrent} + {bias})",
        "forget": "σ({inputs} + {recurrent} + {bias})",
        "candidate": "tanh({inputs} + {recurrent} + {bias})",
        "output": "σ({inputs} + {recurrent} + {bias})",
        "memory": "{forget} ⊙ {previous_memory} + {input} ⊙ {candidate}",
        "state": "{output} ⊙ tanh({memory})",
    }
    state_parts = 2
    keeping_gate = "forget"

    def step(self, x_t: Array, state: State) -> tuple[State, Gates]:
        """Return h_t, c_t and the gates, each `(B, U)`, given a projected input `(B, 4·U)`, h_{t-1} and c_{t-1}."""
        h_prev, c_prev = state
        units = self.units
        before = x_t + h_prev @ self.recurrent_kernel  # (B, 4·U)
        i = sigmoid(before[:, :units])
        f = sigmoid(before[:, units : 2 * units])
        candidate = tanh(before[:, 2 * units : 3 * units])
        o = sigmoid(before[:, 3 * units :])
        c = f * c_prev + i * candidate
        return (o * tanh(c), c), {"input": i, "forget": f, "candidate": candidate, "output": o}

    def step_back(self, gates: Gates, before: State, after: State, gradient: State) -> tuple[Array, State]:
        """Return the gradients for the projected input `(B, 4·U)`, h_{t-1} and c_{t-1}, given those for h_t and c_t."""
        (_, c_prev), (_, c), (dh, dc) = before, after, gradient
        i, f, candidate, o = (gates[name] for name in ("input", "forget", "candidate", "output"))
        squashed = tanh(c)
        dc = dc + dh * o * slope_of_tanh(squashed)
        parts = (
            dc * candidate * slope_of_sigmoid(i),
            dc * c_prev * slope_of_sigmoid(f),
            dc * i * slope_of_tanh(candidate),
            dh * squashed * slope_of_sigmoid(o),
        )
        dx = np.concatenate(parts, axis=-1)
        return dx, (dx @ self.recurrent_kernel.T, dc * f)
