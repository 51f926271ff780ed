"""Own the passes of an inspection, forwards with everything kept and back through time (Werbos 1990).

B texts of one length T, variants of one text, go through at once. A cell's arrays have time first, `(T, B, ·)`, in the
order in which it reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imdb_gru.cells.cell import Array, Cell, Gates, State
from imdb_gru.cells.network import Layer, Network

TINY = np.float32(1e-30)
"""Gradients smaller than this are 0: the CPU takes a hundred times as long over what float32 can barely hold."""
SMALL = 1e-6
"""A Jacobian that shrank so far goes on as a multiple of its norm, so that none of it is tiny."""


@dataclass(frozen=True)
class CellPass:
    """What a cell did on its way through B texts."""

    cell: Cell
    backwards: bool
    states: State
    """The state before each timestep and after the last; each part `(T + 1, B, U)`."""
    gates: Gates
    """Each `(T, B, U)`; empty where they were not kept."""

    @property
    def end(self) -> int:
        """Return the timestep that the cell reads last, as an index."""
        return 0 if self.backwards else -1

    @property
    def hidden(self) -> Array:
        """Return h_t `(B, T, U)` in the order of the text."""
        return self.in_text_order(self.states[0][1:]).swapaxes(0, 1)

    def in_text_order(self, values: Array) -> Array:
        """Turn values `(T, …)` in the order of reading round where the cell reads backwards."""
        return values[::-1] if self.backwards else values

    def state_at(self, step: int) -> State:
        """Return the state before a step, each part `(B, U)`."""
        return tuple(part[step] for part in self.states)

    def gates_at(self, step: int) -> Gates:
        """Return a step's gates, each `(B, U)`."""
        return {name: gate[step] for name, gate in self.gates.items()}

    def run_back(self, gradient: Array) -> tuple[Array, State]:
        """Take the gradient of h_t `(B, T, U)` back through time.

        Return the gradient of the projected inputs `(B, T, G·U)`, and of the state after every timestep by all later
        ways too, each part `(T, B, U)`; both in the order of the text.
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
        """Return ‖∂h_T/∂s_t‖ / √U (Frobenius) of the one text, `(T,)` in the order of the text.

        s_t is all that the cell carries on from timestep t, an LSTM's memory included. Every row of ∂h_T/∂s_t is a
        gradient taken back through time.
        """
        units = self.cell.units
        dstate = (np.eye(units, dtype=np.float32), *self.cell.start(units)[1:])
        steps = len(self.states[0]) - 1
        norms, taken_out = np.empty(steps), 1.0
        for step in reversed(range(steps)):
            norm = np.sqrt(sum(float(np.vdot(part, part)) for part in dstate) / units)
            norms[step] = norm * taken_out
            if 0 < norm < SMALL:
                dstate = tuple(part / np.float32(norm) for part in dstate)
                taken_out *= norm
            dstate = tuple(map(_drop_tiny, dstate))
            _, dstate = self.cell.step_back(self.gates_at(step), self.state_at(step), self.state_at(step + 1), dstate)
        return self.in_text_order(norms.astype(np.float32))

    def measure_kept(self) -> Array | None:
        """Return how much of the state after each timestep later gates let through, mean over units, `(T,)`."""
        if self.cell.keeping_gate is None:
            return None
        gate = self.gates[self.cell.keeping_gate]
        later = np.ones((len(gate), gate.shape[2]), np.float32)
        later[:-1] = np.cumprod(gate[:0:-1, 0], axis=0)[::-1]
        return self.in_text_order(later.mean(axis=1))


def run_cell(cell: Cell, x: Array, start: State, *, backwards: bool = False, keep: bool = True) -> CellPass:
    """Run a cell over texts `(B, T, E)` from a state on."""
    batch, steps, _ = x.shape
    projected = np.ascontiguousarray(cell.project(x).swapaxes(0, 1))
    if backwards:
        projected = projected[::-1]
    states = tuple(np.empty((steps + 1, batch, cell.units), np.float32) for _ in start)
    gates: Gates = {}
    state = start
    for step in range(steps + 1):
        for part, values in zip(states, state, strict=True):
            part[step] = values
        if step == steps:
            break
        state, at = cell.step(projected[step], state)
        if keep:
            gates = gates or {name: np.empty((steps, batch, cell.units), np.float32) for name in at}
            for name, values in at.items():
                gates[name][step] = values
    return CellPass(cell, backwards, states, gates)


@dataclass(frozen=True)
class NetworkPass:
    """What a network did on its way through B texts of one length."""

    network: Network
    layers: Sequence[Sequence[CellPass]]
    hidden: Array
    """The last layer's hidden states, both directions side by side, `(B, T, U)`."""

    @cached_property
    def peaks(self) -> NDArray[np.intp]:
        """Return the timestep of each unit's largest hidden state, `(B, 1, U)`."""
        peaks: NDArray[np.intp] = self.hidden.argmax(axis=1, keepdims=True)
        return peaks

    @property
    def logits(self) -> Array:
        """Return the logit of positive of each text, `(B,)`."""
        return self.network.judge(self.pool())

    def pool(self) -> Array:
        """Return the pooled hidden states, `(B, P·U)`."""
        pooled = []
        for pooling in self.network.pooling:
            if pooling == "mean":
                pooled.append(self.hidden.mean(axis=1))
            elif pooling == "max":
                pooled.append(np.take_along_axis(self.hidden, self.peaks, axis=1)[:, 0])
            else:
                ends = np.split(self.hidden, len(self.layers[-1]), axis=-1)
                for cell_pass, part in zip(self.layers[-1], ends, strict=True):
                    pooled.append(part[:, cell_pass.end])
        return np.concatenate(pooled, axis=-1)

    def spread(self) -> dict[str, Array]:
        """Return what each pooling adds to the logit through each timestep, `(B, T)`; empty with dense layers between.

        Together with the output's bias they are the logit.
        """
        weights = self.network.output_weights
        return {pooling: np.matmul(self._weigh(pooling) * self.hidden, weights[pooling]) for pooling in weights}

    def run_back(self) -> tuple[Array, list[list[State]]]:
        """Take the logits' gradient back to the embedding, `(B, T, E)`, and to every cell's states, `(T, B, U)`."""
        above = np.zeros_like(self.hidden)
        parts = np.split(self._judge_back(), len(self.network.pooling), axis=-1)
        for pooling, part in zip(self.network.pooling, parts, strict=True):
            above += self._weigh(pooling) * part[:, None]
        dstates: list[list[State]] = []
        for layer in reversed(self.layers):
            results = [
                cell_pass.run_back(part)
                for cell_pass, part in zip(layer, np.split(above, len(layer), axis=-1), strict=True)
            ]
            below = [dx @ cell_pass.cell.kernel.T for (dx, _), cell_pass in zip(results, layer, strict=True)]
            above = np.sum(below, axis=0)
            dstates.insert(0, [states for _, states in results])
        return above, dstates

    def _weigh(self, pooling: str) -> Array:
        """Return every hidden state's weight in a pooling, which is their weighted sum over time; `(B, T, U)`."""
        batch, steps, units = self.hidden.shape
        if pooling == "mean":
            return np.full((1, 1, 1), 1 / steps, np.float32)
        weights = np.zeros((batch, steps, units), np.float32)
        if pooling == "max":
            np.put_along_axis(weights, self.peaks, 1, axis=1)
        else:
            for cell_pass, part in zip(self.layers[-1], np.split(weights, len(self.layers[-1]), axis=-1), strict=True):
                part[:, cell_pass.end] = 1
        return weights

    def _judge_back(self) -> Array:
        """Return the logit's gradient by the pooled hidden states, `(B, P·U)`."""
        *hidden, (kernel, _) = self.network.dense
        x = self.pool()
        open_units = []
        for hidden_kernel, hidden_bias in hidden:
            x = np.maximum(x @ hidden_kernel + hidden_bias, 0)
            open_units.append(x > 0)
        gradient = np.broadcast_to(kernel[:, 0], (len(self.hidden), len(kernel)))
        for (hidden_kernel, _), is_open in zip(reversed(hidden), reversed(open_units), strict=True):
            gradient = (gradient * is_open) @ hidden_kernel.T
        return gradient


def run_network(
    network: Network, x: Array, *, keep: bool = True, follow: NetworkPass | None = None, start: int = 0
) -> NetworkPass:
    """Run a network over embedded texts `(B, T, E)`; without `keep` there is no way back.

    With `follow`, x holds the timesteps from `start` on of texts that are, before it, the one text that `follow` read.
    """
    layers = []
    for number, layer in enumerate(network.layers):
        passes = []
        for which, (cell, backwards) in enumerate(_list_cells(layer)):
            state = cell.start(len(x))
            if follow is not None and not backwards:
                state = tuple(np.repeat(part, len(x), axis=0) for part in follow.layers[number][which].state_at(start))
            passes.append(run_cell(cell, x, state, backwards=backwards, keep=keep))
        x = np.concatenate([cell_pass.hidden for cell_pass in passes], axis=-1)
        layers.append(passes)
    if follow is not None:
        x = np.concatenate([np.repeat(follow.hidden[:, :start], len(x), axis=0), x], axis=1)
    return NetworkPass(network, layers, x)


def _list_cells(layer: Layer) -> list[tuple[Cell, bool]]:
    return [(layer.forward, False)] + ([(layer.backward, True)] if layer.backward else [])


def _drop_tiny(values: Array) -> Array:
    return np.where(np.abs(values) < TINY, np.float32(0), values)


def measure_norms(gradients: State) -> Array:
    """Return the norm at every timestep of one text's gradients, each part `(T, 1, U)`; `(T,)`."""
    norms: Array = np.sqrt(sum(np.square(part[:, 0]).sum(axis=-1) for part in gradients))
    return norms
