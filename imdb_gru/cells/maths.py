"""Own the types and the two squashing functions that every cell uses."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
State = tuple[Array, ...]
"""The hidden state first, `(B, U)`, then whatever else the cell carries."""
Gates = dict[str, Array]


class Cell(Protocol):
    """One timestep of a recurrent layer."""

    @property
    def units(self) -> int:
        """Count the units."""
        ...

    def start(self, batch: int) -> State:
        """Return the state before the first timestep."""
        ...

    def project(self, x: Array) -> Array:
        """Return what the inputs alone contribute, for all timesteps at once."""
        ...

    def step(self, x_t: Array, state: State) -> tuple[State, Gates]:
        """Take a projected input and a state; return the next state and the gates."""
        ...


def zero_state(batch: int, units: int, parts: int) -> State:
    """Return `parts` arrays of zeros, `(B, U)`."""
    return tuple(np.zeros((batch, units), np.float32) for _ in range(parts))


def tanh(x: Array) -> Array:
    """Squash to (−1, 1)."""
    squashed: Array = np.tanh(x)
    return squashed


def sigmoid(x: Array) -> Array:
    """Squash to (0, 1); σ(x) = (1 + tanh(x / 2)) / 2, which cannot overflow."""
    return np.float32(0.5) * (np.float32(1) + tanh(np.float32(0.5) * x))
