"""A cell's forward pass over a text, with all gates recorded, and backpropagation through time (Werbos 1990).

A pass processes B variants of one text at once; all have the length T. The first axis of a cell's arrays is time, as in
`(T, B, U)`; the timesteps are in the order in which the cell processes them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imdb_gru.cells.cell import Cell, Gates, State
from imdb_gru.system.arrays import Array

Index = NDArray[np.int64]

TINY = np.float32(1e-30)
"""Gradients below this magnitude are set to 0: arithmetic on denormal float32 numbers is a hundred times slower."""
SMALL = 1e-6
"""If the norm of the Jacobian's rows falls below this, they are scaled up to avoid underflow; the factor is stored."""

COMPRESSION_INTERVAL = 16
"""Interval, in timesteps, at which the rows of a product of Jacobians are replaced with fewer rows."""
FEW_ROWS = 8
"""If a product of Jacobians has at most this many rows, they are not replaced."""
NEGLIGIBLE = 1e-12
"""Squared singular values below this fraction of the largest one are left out of a product of Jacobians."""


@dataclass(frozen=True)
class CellPass:
    """The states and gates that a cell computes in a pass over B texts."""

    cell: Cell
    backwards: bool
    states: State
    """The state before each timestep and after the last timestep; each array has the shape `(T + 1, B, U)`."""
    gates: Gates
    """Gates by name, each `(T, B, U)`; empty if they were not kept."""

    @property
    def end(self) -> int:
        """Return the index, in text order, of the timestep that the cell processes last: 0 or -1."""
        return 0 if self.backwards else -1

    @property
    def hidden(self) -> Array:
        """Return h_t, `(B, T, U)`, in text order."""
        return self.in_text_order(self.states[0][1:]).swapaxes(0, 1)

    def in_text_order(self, values: Array) -> Array:
        """Convert values `(T, …)` from the cell's order to text order, reversing them if the cell runs backwards."""
        return values[::-1] if self.backwards else values

    def state_at(self, step: int) -> State:
        """Return the state before a step, as arrays of the shape `(B, U)`."""
        return tuple(part[step] for part in self.states)

    def gates_at(self, step: int) -> Gates:
        """Return a step's gates, each `(B, U)`."""
        return {name: gate[step] for name, gate in self.gates.items()}

    def run_back(self, gradient: Array) -> tuple[Array, State]:
        """Propagate the gradient with respect to h_t, `(B, T, U)`, back through time.

        Returns two results in text order: the gradient with respect to the projected inputs, `(B, T, G·U)`, and the
        gradient with respect to the state after every timestep, `(T, B, U)` for each array of the state. The second
        result includes the state's effect on later timesteps.
        """
        gradient = self.in_text_order(gradient.swapaxes(0, 1))
        steps, batch, units = gradient.shape
        dx = np.empty((steps, batch, self.cell.kernel.shape[1]), np.float32)
        dstates = tuple(np.empty((steps, batch, units), np.float32) for _ in self.states)
        dstate = self.cell.start(batch)
        for step in reversed(range(steps)):
            dstate = (_drop_tiny(dstate[0] + gradient[step]), *map(_drop_tiny, dstate[1:]))
            for kept, part in zip(dstates, dstate, strict=True):
                kept[step] = part
            dx[step], dstate = self.cell.step_back(
                self.gates_at(step), self.state_at(step), self.state_at(step + 1), dstate
            )
        return self.in_text_order(dx).swapaxes(0, 1), tuple(map(self.in_text_order, dstates))

    def measure_jacobians(self) -> Array:
        """Return ‖∂h_T/∂s_t‖ / √U (Frobenius) for a pass over a single text, `(T,)`, in text order.

        s_t is the whole state after timestep t, including an LSTM's memory. Each row of ∂h_T/∂s_t is the gradient
        of one unit of h_T, propagated back through time.
        """
        units = self.cell.units
        rows = (np.eye(units, dtype=np.float32), *self.cell.start(units)[1:])
        steps = len(self.states[0]) - 1
        norms, taken_out = np.empty(steps), 1.0
        for step in reversed(range(steps)):
            norm = np.sqrt(sum(float(np.vdot(part, part)) for part in rows) / units)
            norms[step] = norm * taken_out
            if 0 < norm < SMALL:
                rows = tuple(part / np.float32(norm) for part in rows)
                taken_out *= norm
            if step % COMPRESSION_INTERVAL == 0 and norm and len(rows[0]) > FEW_ROWS:
                rows = _compress(rows)
            rows = tuple(map(_drop_tiny, rows))
            rows = self.cell.carry_back(self.gates_at(step), self.state_at(step), self.state_at(step + 1), rows)
        return self.in_text_order(norms.astype(np.float32))

    def measure_kept(self) -> Array | None:
        """Return, for each timestep, the share of its state that the later gates keep, averaged over units, `(T,)`.

        Return None if the cell has no gates.
        """
        if self.cell.keeping_gate is None:
            return None
        gate = self.gates[self.cell.keeping_gate]
        later = np.ones((len(gate), gate.shape[2]), np.float32)
        later[:-1] = np.cumprod(gate[:0:-1, 0], axis=0)[::-1]
        return self.in_text_order(later.mean(axis=1))


def trace_cell(
    cell: Cell, x: Array, start: State, *, index: Index | None = None, backwards: bool = False, keep: bool = True
) -> CellPass:
    """Run a cell over texts x `(B, T, E)`, beginning with the state `start`.

    If `index` `(B, T)` is given, x has the shape `(R, E)`, and each row of `index` lists the rows of x that make up
    one text. If `keep` is true, the gates are kept.
    """
    if index is None:
        index = np.arange(x.shape[0] * x.shape[1]).reshape(x.shape[:2])
        x = x.reshape(-1, x.shape[2])
    batch, steps = index.shape
    projected = cell.project(x)
    order = index.T[::-1] if backwards else index.T
    states = tuple(np.empty((steps + 1, batch, cell.units), np.float32) for _ in start)
    gates: Gates = {}
    state = start
    for step in range(steps + 1):
        for part, values in zip(states, state, strict=True):
            part[step] = values
        if step == steps:
            break
        state, at = cell.step(projected[order[step]], state)
        if keep:
            gates = gates or {name: np.empty((steps, batch, cell.units), np.float32) for name in at}
            for name, values in at.items():
                gates[name][step] = values
    return CellPass(cell, backwards, states, gates)


def _compress(rows: State) -> State:
    """Replace rows with fewer rows whose product with any matrix has the same Frobenius norm, up to rounding.

    Over many timesteps, all but a few singular values of a product of Jacobians become negligible.
    """
    joined = np.concatenate(rows, axis=-1).astype(np.float64)
    squares, vectors = np.linalg.eigh(joined @ joined.T)
    kept = vectors[:, squares > NEGLIGIBLE * squares[-1]].T
    return tuple((kept @ part).astype(np.float32) for part in rows)


def measure_norms(gradients: State) -> Array:
    """Return the norm of one text's gradient at each timestep, `(T,)`, given its parts, each `(T, 1, U)`."""
    norms: Array = np.sqrt(sum(np.square(part[:, 0]).sum(axis=-1) for part in gradients))
    return norms


def _drop_tiny(values: Array) -> Array:
    return np.where(np.abs(values) < TINY, np.float32(0), values)
