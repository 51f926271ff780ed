"""Keras layers computed by the engine, with the same weights and results as stock layers."""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from imdb_gru.config.prediction import Pooling
from imdb_gru.engine.arithmetic import Precision
from imdb_gru.engine.embedding import add_rows
from imdb_gru.engine.gru import GRUEngine, Hidden, Tape
from imdb_gru.engine.gru_weights import GRUWeights

OUTSTANDING = 8
"""Maximum number of forward passes whose results are kept for the backward pass; older results are discarded."""


class ChannelDropout(keras.layers.SpatialDropout1D):  # type: ignore[misc]
    """A `keras.layers.SpatialDropout1D` with the same masks, applied to all timesteps in one multiplication."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Set some channels of the inputs `(B, T, E)` to zero and scale the remaining channels."""
        if not training or not self.rate:
            return inputs
        ones = tf.ones((tf.shape(inputs)[0], 1, inputs.shape[2]))
        return inputs * keras.random.dropout(ones, self.rate, seed=self.seed_generator)


class FusedEmbedding(keras.layers.Embedding):  # type: ignore[misc]
    """A `keras.layers.Embedding` whose gradient the engine sums into a dense array."""

    def call(self, inputs: Any) -> Any:
        """Map ids `(B, T)` to `(B, T, E)`."""

        def add(ids: Any, gradient: Any) -> Any:
            return add_rows(ids.reshape(-1), gradient.reshape(-1, self.output_dim), self.input_dim)

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def look_up(table: Any) -> Any:
            def backpropagate(gradient: Any) -> Any:
                total = tf.numpy_function(add, [inputs, gradient], tf.float32)
                total.set_shape(table.shape)
                return total

            return tf.gather(table, inputs), backpropagate

        return look_up(tf.convert_to_tensor(self.embeddings))


@keras.saving.register_keras_serializable("imdb_gru")  # Bidirectional copies a layer from the layer's config
class FusedGRU(keras.layers.GRU):  # type: ignore[misc]
    """A `keras.layers.GRU` computed by the engine; it requires `reset_after`, tanh, sigmoid, float32 and no dropout.

    If `pooling` is given, the layer returns a list of pooled hidden states, each `(B, U)`: the last state, or the mean
    or maximum over the real timesteps. The operands of matrix products have the data type `precision`. Raises
    `ValueError` for options that the engine does not support.
    """

    def __init__(
        self,
        units: int,
        pooling: Sequence[Pooling] = (),
        precision: Precision = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(units, **kwargs)
        self._check_options()
        self.pooling = list(pooling)
        self.precision = precision
        self._engine = GRUEngine(
            reverse=self.go_backwards,
            states=self.return_sequences,
            peaks="max" in pooling,
            totals="mean" in pooling,
            precision=precision,
        )
        self._tapes: dict[int, Tape] = {}
        self._numbers = itertools.count()

    def _check_options(self) -> None:
        """Raise `ValueError` if an option is not supported by the engine."""
        name_activation = keras.activations.serialize
        for option, received, computed in (
            ("reset_after", self.reset_after, True),
            ("activation", name_activation(self.activation), "tanh"),
            ("recurrent_activation", name_activation(self.recurrent_activation), "sigmoid"),
            ("dropout", self.dropout, 0.0),
            ("recurrent_dropout", self.recurrent_dropout, 0.0),
            ("dtype", self.compute_dtype, "float32"),
        ):
            if received != computed:
                raise ValueError(
                    f"FusedGRU supports only {option}={computed!r}, but received {received!r}: use keras.layers.GRU"
                )

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Map an input `(B, T, E)` to a GRU's usual output, or to the pooled hidden states."""
        if not self.pooling:
            return super().call(sequences, initial_state, mask, training)
        start = ops.zeros((ops.shape(sequences)[0], self.units))
        mask = _complete_mask(sequences, mask)
        last, _, peaks, totals = self._compute(sequences, start, mask, training)
        count = ops.sum(ops.cast(mask, "float32"), axis=1, keepdims=True)
        pooled: dict[Pooling, Any] = {"last": lambda: last, "max": lambda: peaks, "mean": lambda: totals / count}
        return [pooled[pooling]() for pooling in self.pooling]

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Return the last output, all outputs and the final state; Keras calls this method instead of its own loop."""
        mask = _complete_mask(sequences, mask)
        last, states, *_ = self._compute(sequences, initial_state[0], mask, training)
        if not self.return_sequences:
            return last, last, [last]
        if self.zero_output_for_mask:
            real = ops.flip(mask, axis=1) if self.go_backwards else mask
            states = ops.where(real[:, :, None], states, 0.0)
        return last, states, [last]

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that recreate the layer."""
        return {**super().get_config(), "pooling": self.pooling, "precision": self.precision}

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the shape of the output of `call`."""
        if self.pooling:
            return [(sequences_shape[0], self.units)] * len(self.pooling)
        return super().compute_output_shape(sequences_shape, initial_state_shape)

    def compute_mask(self, inputs: Any, mask: Any) -> Any:
        """Return the mask of the output; pooled hidden states have no mask."""
        return [None] * len(self.pooling) if self.pooling else super().compute_mask(inputs, mask)

    def _compute(self, x: Any, start: Any, mask: Any, training: bool) -> Any:
        """Return `last`, `states`, `peaks` and `totals` as in `Hidden`, with the engine's gradients."""

        def forward(x: Any, mask: Any, start: Any, *weights: Any) -> Any:
            hidden, tape = self._engine.run(x, mask, start, GRUWeights(*weights), keep=training)
            number = next(self._numbers)
            if training:
                self._tapes[number] = tape
                self._tapes.pop(number - OUTSTANDING, None)
            return hidden.last, hidden.states, hidden.peaks, hidden.totals, np.int64(number)

        def backward(number: Any, *gradients: Any) -> Any:
            return self._engine.run_back(self._tapes.pop(int(number)), Hidden(*gradients))

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def compute(x: Any, mask: Any, start: Any, *weights: Any) -> Any:
            outputs = [tf.float32] * 4 + [tf.int64]
            *hidden, number = tf.numpy_function(forward, [x, mask, start, *weights], outputs)
            batch, timesteps = mask.shape
            shape = (batch, self.units)
            hidden[0].set_shape(shape)
            hidden[1].set_shape((batch, timesteps, self.units) if self.return_sequences else (0, 0, 0))
            hidden[2].set_shape(shape if "max" in self.pooling else (0, 0))
            hidden[3].set_shape(shape if "mean" in self.pooling else (0, 0))

            def backpropagate(*gradients: Any) -> Any:
                inputs = [x, start, *weights]
                results = tf.numpy_function(backward, [number, *gradients], [tf.float32] * len(inputs))
                for result, like in zip(results, inputs, strict=True):
                    result.set_shape(like.shape)
                dx, dstart, *dweights = results
                return dx, None, dstart, *dweights

            return hidden, backpropagate

        cell = self.cell
        bias = cell.bias if cell.use_bias else tf.zeros((2, 3 * self.units))
        weights = [tf.convert_to_tensor(weight) for weight in (cell.kernel, cell.recurrent_kernel, bias)]
        return compute(x, mask, tf.convert_to_tensor(start), *weights)


def _complete_mask(x: Any, mask: Any) -> Any:
    return tf.ones(tf.shape(x)[:2], tf.bool) if mask is None else tf.convert_to_tensor(mask)
