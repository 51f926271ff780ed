"""A cell's forward pass over a text, with all gates recorded, and backpropagation through time (Werbos 1990).

A pass processes B variants of one text, all of length T, at once. A cell's arrays begin with the time axis, as in
`(T, B, U)`; their timesteps are in the order in which the cell processes them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imdb_gru.cells.cell import Cell, Gates, State
from imdb_gru.engine.workers import cut_evenly, share_out
from imdb_gru.system.arrays import Array

Index = NDArray[np.int64]

TINY = np.float32(1e-30)
"""Gradients below this magnitude are set to 0: arithmetic on denormal float32 numbers is a hundred times slower."""
SMALL = 1e-6
"""Jacobian rows whose norm falls below this are scaled up, and the factor is stored, so that they do not underflow."""


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
        gradient with respect to the state after every timestep, `(T, B, U)` for each array of the state. The latter
        includes the state's effect on later timesteps.
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
        norms = np.linalg.norm(share_out(self._measure_rows, cut_evenly(self.cell.units)), axis=0)
        return self.in_text_order(norms.astype(np.float32))

    def _measure_rows(self, rows: slice) -> NDArray[np.float64]:
        """Measure the norm of some rows of ∂h_T/∂s_t at each timestep, divided by √U, `(T,)`, in the cell's order."""
        units = self.cell.units
        unit_vectors = np.eye(units, dtype=np.float32)[rows]
        dstate = (unit_vectors, *self.cell.start(len(unit_vectors))[1:])
        steps = len(self.states[0]) - 1
        norms, taken_out = np.empty(steps), 1.0
        for step in reversed(range(steps)):
            norm = np.sqrt(sum(float(np.vdot(part, part)) for part in dstate) / units)
            norms[step] = norm * taken_out
            if 0 < norm < SMALL:
                dstate = tuple(part / np.float32(norm) for part in dstate)
                taken_out *= norm
            dstate = tuple(map(_drop_tiny, dstate))
            dstate = self.cell.carry_back(self.gates_at(step), self.state_at(step), self.state_at(step + 1), dstate)
        return norms

    def measure_kept(self) -> Array | None:
        """Return the share of each timestep's state that later gates let through, averaged over units, `(T,)`."""
        if self.cell.keeping_gate is None:
            return None
        gate = self.gates[self.cell.keeping_gate]
        later = np.ones((len(gate), gate.shape[2]), np.float32)
        later[:-1] = np.cumprod(gate[:0:-1, 0], axis=0)[::-1]
        return self.in_text_order(later.mean(axis=1))


def trace_cell(
    cell: Cell, x: Array, start: State, *, index: Index | None = None, backwards: bool = False, keep: bool = True
) -> CellPass:
    """Run a cell from the state `start` over texts x `(B, T, E)`.

    With `index` `(B, T)`, x is `(R, E)`, and the index selects the rows that form the texts.
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


def measure_norms(gradients: State) -> Array:
    """Return the norm of one text's state gradients at each timestep, `(T,)`; `gradients` are arrays `(T, 1, U)`."""
    norms: Array = np.sqrt(sum(np.square(part[:, 0]).sum(axis=-1) for part in gradients))
    return norms


def _drop_tiny(values: Array) -> Array:
    return np.where(np.abs(values) < TINY, np.float32(0), values)
