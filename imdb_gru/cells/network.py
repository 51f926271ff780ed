"""The forward pass of a classifier: embedding, recurrent layers, pooling of the hidden states, dense layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.cells.cell import Cell, sigmoid
from imdb_gru.config.prediction import Pooling
from imdb_gru.system.arrays import Array, Ids, Lengths


def run_cell(cell: Cell, x: Array, lengths: Lengths, *, backwards: bool = False) -> Array:
    """Run a cell over right-padded reviews `(B, T, E)`, sorted longest first; return the hidden states `(B, T, U)`.

    Each timestep is computed only for reviews that are long enough; a review's hidden states past its end are zero.
    If `backwards` is true, reviews are read from last token to first, but output t still corresponds to token t.
    """
    batch, timesteps, _ = x.shape
    states = np.zeros((batch, timesteps, cell.units), np.float32)
    projected = cell.project(x)
    state = cell.start(batch)
    alive = np.searchsorted(-lengths, -np.arange(timesteps), side="left")  # number of reviews longer than t
    for t, n in enumerate(alive):
        state = tuple(part[:n] for part in state)
        if backwards:
            rows, at = np.arange(n), lengths[:n] - 1 - t
            state, _ = cell.step(projected[rows, at], state)
            states[rows, at] = state[0]
        else:
            state, _ = cell.step(projected[:n, t], state)
            states[:n, t] = state[0]
    return states


@dataclass(frozen=True)
class Layer:
    """A recurrent layer: a forward cell and, if the layer is bidirectional, a backward cell."""

    forward: Cell
    backward: Cell | None = None

    def run(self, x: Array, lengths: Lengths) -> Array:
        """Return the hidden states at every timestep, concatenating both directions of a bidirectional layer."""
        states = run_cell(self.forward, x, lengths)
        if self.backward is None:
            return states
        return np.concatenate([states, run_cell(self.backward, x, lengths, backwards=True)], axis=-1)


@dataclass(frozen=True)
class Network:
    """A trained model's weights and its forward pass."""

    embedding: Array
    """Embedding of every id, `(V, E)`."""
    layers: Sequence[Layer]
    pooling: Sequence[Pooling]
    dense: Sequence[tuple[Array, Array]]
    """Kernel and bias of each dense layer; the last layer is followed by a sigmoid, all others by a ReLU."""

    @property
    def bidirectional(self) -> bool:
        """Return whether the model is bidirectional, in which case only the last timestep has a probability."""
        return any(layer.backward is not None for layer in self.layers)

    @property
    def hidden_size(self) -> int:
        """Return the number of units in the last recurrent layer, counting both directions."""
        layer = self.layers[-1]
        return layer.forward.units * (1 + (layer.backward is not None))

    @property
    def output_weights(self) -> dict[Pooling, Array]:
        """Return the output weights `(U,)` for each kind of pooling, or {} if there are hidden dense layers."""
        if len(self.dense) > 1:
            return {}
        ((kernel, _),) = self.dense
        return dict(zip(self.pooling, kernel[:, 0].reshape(len(self.pooling), -1), strict=True))

    def compute_states(self, ids: Ids, lengths: Lengths) -> Array:
        """Return the last layer's hidden states `(B, T, U)`, given right-padded ids `(B, T)`, sorted longest first."""
        x = self.embedding[ids]
        for layer in self.layers:
            x = layer.run(x, lengths)
        return x

    def predict(self, ids: Ids, lengths: Lengths) -> Array:
        """Return the probability that each review is positive, `(B,)`, given right-padded ids, sorted longest first."""
        states = self.compute_states(ids, lengths)
        rows, last = np.arange(len(states)), lengths - 1
        real = (np.arange(ids.shape[1]) < lengths[:, None])[:, :, None]  # (B, T, 1)
        pooled: list[NDArray[Any]] = []
        for pooling in self.pooling:
            if pooling == "mean":
                pooled.append(states.sum(axis=1) / lengths[:, None].astype(np.float32))
            elif pooling == "max":
                pooled.append(states.max(axis=1, where=real, initial=-np.inf))
            elif self.bidirectional:
                units = self.layers[-1].forward.units
                pooled.append(np.concatenate([states[rows, last, :units], states[:, 0, units:]], axis=-1))
            else:
                pooled.append(states[rows, last])
        return sigmoid(self.compute_logits(np.concatenate(pooled, axis=-1)))

    def predict_timesteps(self, ids: Ids, lengths: Lengths) -> Array:
        """Return the probability of positive after each timestep, `(B, T)`.

        Values past a review's end are meaningless. Raises `ValueError` if the network is bidirectional.
        """
        if self.bidirectional:
            raise ValueError("a bidirectional network gives no probability before the last word")
        return sigmoid(self.compute_logits(self.pool_prefixes(self.compute_states(ids, lengths))))

    def pool_prefixes(self, states: Array) -> Array:
        """For each timestep, pool the hidden states `(B, T, U)` up to and including that one; return `(B, T, P·U)`."""
        pooled: list[NDArray[Any]] = []
        for pooling in self.pooling:
            if pooling == "mean":
                count = np.arange(1, states.shape[1] + 1, dtype=np.float32)[:, None]
                pooled.append(states.cumsum(axis=1) / count)
            else:
                pooled.append(np.maximum.accumulate(states, axis=1) if pooling == "max" else states)
        return np.concatenate(pooled, axis=-1)

    def compute_logits(self, x: Array) -> Array:
        """Run the dense layers on pooled hidden states `(..., P·U)`, and return the logit of the positive class."""
        *hidden, (kernel, bias) = self.dense
        for hidden_kernel, hidden_bias in hidden:
            x = np.maximum(x @ hidden_kernel + hidden_bias, 0)
        logits: Array = (x @ kernel + bias)[..., 0]
        return logits
