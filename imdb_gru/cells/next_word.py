"""The forward pass of a next-word model: embedding, recurrent layers, projection, and softmax tied to the embedding."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imdb_gru.cells.cell import Cell, State
from imdb_gru.cells.network import run_cell
from imdb_gru.system.arrays import Array, Ids, Lengths

TILE_ROWS, TILE_IDS = 256, 1000
"""Size of a tile of logits, in rows and in ids, chosen so that a tile fits in the cache."""


@dataclass(frozen=True)
class NextWordNetwork:
    """A trained next-word model's weights and its forward pass.

    A projected hidden state is called a query. Its dot products with the embeddings, plus the bias, are the logits.
    """

    embedding: Array
    """Embeddings of all ids, `(V, E)`; also used as the weights of the softmax layer."""
    cells: Sequence[Cell]
    kernel: Array
    """Kernel of the projection, `(U, E)`."""
    kernel_bias: Array
    """Bias of the projection, `(E,)`."""
    bias: Array
    """Bias of the softmax, `(V,)`; −∞ for ids that can never come next."""

    def read(self, ids: Ids, lengths: Lengths) -> Array:
        """Return the query after each id, `(B, T, E)`, given right-padded ids `(B, T)`, sorted longest first."""
        x = self.embedding[ids]
        for cell in self.cells:
            x = run_cell(cell, x, lengths)
        return self._project(x)

    def start(self, batch: int) -> list[State]:
        """Return the initial state of every layer."""
        return [cell.start(batch) for cell in self.cells]

    def step(self, ids: Ids, states: Sequence[State]) -> tuple[Array, list[State]]:
        """Process the next id of each sequence, `(B,)`, and return the resulting queries `(B, E)` and states."""
        x, after = self.embedding[ids], []
        for cell, before in zip(self.cells, states, strict=True):
            state, _ = cell.step(cell.project(x), before)
            after.append(state)
            x = state[0]
        return self._project(x), after

    def _project(self, x: Array) -> Array:
        projected: Array = x @ self.kernel + self.kernel_bias
        return projected

    def compute_log_probabilities(self, queries: Array) -> Array:
        """Return the log-probability that each id comes next, `(N, V)`, given queries `(N, E)`."""
        logits: Array = queries @ self.embedding.T + self.bias
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return logits

    def compute_losses(self, queries: Array, targets: Ids) -> Array:
        """Compute the negative log-probability of each target, `(N,)`, from queries `(N, E)`, using little memory."""
        losses = np.empty(len(targets), np.float32)
        for start in range(0, len(targets), TILE_ROWS):
            rows = slice(start, start + TILE_ROWS)
            query, target = queries[rows], targets[rows]
            own = (query * self.embedding[target]).sum(axis=1) + self.bias[target]
            losses[rows] = self._sum_logits(query) - own
        return losses

    def _sum_logits(self, queries: Array) -> Array:
        """Return log Σ exp of each query's logits, `(N,)`, computed tile by tile."""
        peak, total = np.full(len(queries), -np.inf, np.float32), np.zeros(len(queries), np.float32)
        for start in range(0, len(self.bias), TILE_IDS):
            ids = slice(start, start + TILE_IDS)
            logits = queries @ self.embedding[ids].T
            logits += self.bias[ids]
            higher = np.maximum(peak, logits.max(axis=1))
            logits -= higher[:, None]
            np.exp(logits, out=logits)
            total = total * np.exp(peak - higher) + logits.sum(axis=1)
            peak = higher
        summed: Array = peak + np.log(total)
        return summed
