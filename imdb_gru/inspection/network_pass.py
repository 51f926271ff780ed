"""A network's forward pass over variants of one text, and its backward pass from the logit to the embedding."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from imdb_gru.cells.cell import Cell, State
from imdb_gru.cells.network import Layer, Network
from imdb_gru.config.prediction import Pooling
from imdb_gru.inspection.cell_pass import CellPass, Index, trace_cell
from imdb_gru.system.arrays import Array


@dataclass(frozen=True)
class NetworkPass:
    """The passes of a network's cells over B texts of the same length."""

    network: Network
    layers: Sequence[Sequence[CellPass]]
    hidden: Array
    """The last layer's hidden states, `(B, T, U)`, with both directions side by side."""

    @cached_property
    def peaks(self) -> NDArray[np.intp]:
        """Return the timestep at which each unit's hidden state is largest, `(B, 1, U)`."""
        peaks: NDArray[np.intp] = self.hidden.argmax(axis=1, keepdims=True)
        return peaks

    @property
    def logits(self) -> Array:
        """Return each text's logit, `(B,)`."""
        return self.network.compute_logits(self.pool())

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
        """Return, for each pooling, the part of the logit that comes from each timestep, `(B, T)`.

        The parts and the output's bias add up to the logit. The result is empty if pooling feeds a dense layer.
        """
        weights = self.network.output_weights
        return {pooling: np.matmul(self._weigh(pooling) * self.hidden, weights[pooling]) for pooling in weights}

    def run_back(self) -> tuple[Array, list[list[State]]]:
        """Propagate the logit's gradient back to the embedding, `(B, T, E)`, and to each cell's states, `(T, B, U)`."""
        above = np.zeros_like(self.hidden)
        parts = np.split(self._run_output_back(), len(self.network.pooling), axis=-1)
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

    def _weigh(self, pooling: Pooling) -> Array:
        """Return the weights with which a pooling sums hidden states over time; they broadcast to `(B, T, U)`."""
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

    def _run_output_back(self) -> Array:
        """Return the gradient of the logit with respect to the pooled hidden states, `(B, P·U)`."""
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
    network: Network,
    x: Array,
    *,
    index: Index | None = None,
    keep: bool = True,
    follow: NetworkPass | None = None,
    start: int = 0,
) -> NetworkPass:
    """Run a network over embedded texts x `(B, T, E)`; if `keep` is true, keep what a backward pass needs.

    If `index` `(B, T)` is given, x has the shape `(R, E)`, and each row of `index` lists the rows of x that make up
    one text. If an earlier pass, `follow`, is given, the texts contain only the timesteps from `start` onwards; the
    timesteps before `start` are taken from `follow`.
    """
    batch = len(x if index is None else index)
    layers = []
    for number, layer in enumerate(network.layers):
        passes = []
        for which, (cell, backwards) in enumerate(_list_cells(layer)):
            state = cell.start(batch)
            if follow is not None and not backwards:
                state = tuple(np.repeat(part, batch, axis=0) for part in follow.layers[number][which].state_at(start))
            passes.append(trace_cell(cell, x, state, index=index, backwards=backwards, keep=keep))
        index = None
        x = np.concatenate([cell_pass.hidden for cell_pass in passes], axis=-1)
        layers.append(passes)
    if follow is not None:
        x = np.concatenate([np.repeat(follow.hidden[:, :start], batch, axis=0), x], axis=1)
    return NetworkPass(network, layers, x)


def _list_cells(layer: Layer) -> list[tuple[Cell, bool]]:
    return [(layer.forward, False)] + ([(layer.backward, True)] if layer.backward else [])
