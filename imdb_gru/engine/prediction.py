"""Fast computation of a GRU classifier's predictions after every timestep of many reviews."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config.prediction import POOLINGS, Pooling
from imdb_gru.engine.float32 import prediction as float32
from imdb_gru.engine.gru_weights import GRUWeights
from imdb_gru.engine.int8 import prediction as int8
from imdb_gru.system.arrays import Array, Ids, Lengths


class Products(Protocol):
    """The prediction loop in one precision; U' is the number of units, rounded up to whole tiles."""

    def prepare(self, recurrent_kernel: Array, table: Array) -> tuple[Array, tuple[NDArray[Any], ...]]:
        """Return the table `(V, 4·U')`, which may be modified in place, and the packed recurrent kernel `(U', 3·U')`.

        The kernel's blocks are in the order m, z, r; the table has a fourth block, h'.
        """

    def predict(
        self,
        ids: Ids,
        lengths: Lengths,
        table: Array,
        weights: tuple[NDArray[Any], ...],
        kernel: Array,
        bias: np.float32,
        logits: Array,
    ) -> None:
        """Write the logits after each timestep into `logits` `(B, T)`; the output kernel is flat, `(3·U',)`."""


PRODUCTS: dict[str, Products] = {"float32": float32, "int8": int8}


@dataclass(frozen=True)
class TimestepPredictor:
    """A GRU classifier with one forward layer and no dense layers before the output.

    The embedding, kernel and biases are combined into a table with a row of `4·U'` floats for each word in the
    vocabulary, so that only the recurrent product is left to compute at each timestep.
    """

    precision: str
    table: Array
    weights: tuple[NDArray[Any], ...]
    output_kernel: Array
    """The output weights for each pooling, `(3·U',)`, in the order of `POOLINGS`; zero for unused poolings."""
    output_bias: np.float32

    @classmethod
    def build(
        cls,
        embedding: Array,
        weights: GRUWeights,
        pooling: Sequence[Pooling],
        dense: tuple[Array, Array],
        precision: str = "float32",
    ) -> "TimestepPredictor":
        """Combine the embedding `(V, E)` and the weights.

        `dense` is the output's kernel `(P·U, 1)`, where P is the number of poolings, and the output's bias `(1,)`.
        """
        features, units = weights.padded_features, weights.padded_units
        kernel, bias = dense
        output_kernel = np.zeros((len(POOLINGS), units), np.float32)
        for part, name in zip(kernel.reshape(len(pooling), weights.units), pooling, strict=True):
            output_kernel[POOLINGS.index(name), : weights.units] = part
        joined = weights.joined
        table = embedding @ joined[: weights.features] + weights.bias
        table, packed = PRODUCTS[precision].prepare(joined[features:, : 3 * units], table)
        return cls(precision, table, packed, output_kernel.reshape(-1), np.float32(bias[0]))

    def predict_logits(self, ids: Ids, lengths: Lengths) -> Array:
        """Return the logits `(B, T)` of the positive class after each timestep.

        The rows of `ids` are right-padded, and sorted by length with the longest review first. Logits past a review's
        end are meaningless. The function uses only the caller's thread and releases the GIL.
        """
        logits = np.zeros(ids.shape, np.float32)
        PRODUCTS[self.precision].predict(
            ids, lengths, self.table, self.weights, self.output_kernel, self.output_bias, logits
        )
        return logits
