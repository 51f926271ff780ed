"""Own the training of the belief after every timestep, not of the last one alone."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from imdb_gru.engine.pooling import find_running_peaks, find_running_peaks_back
from imdb_gru.text.vocabulary import PAD


class RunningPooling(keras.layers.Layer):  # type: ignore[misc]
    """Pool hidden states up to each timestep: `(B, T, U)` to `(B, T, P·U)`; right-padded, past the end meaningless."""

    def __init__(self, pooling: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pooling = list(pooling)
        self.supports_masking = True

    def call(self, states: Any) -> Any:
        """Put the poolings side by side."""
        count = ops.cast(ops.arange(1, ops.shape(states)[1] + 1), "float32")[:, None]
        pooled = {
            "last": lambda: states,
            "mean": lambda: ops.cumsum(states, axis=1) / count,
            "max": lambda: _find_running_peaks(states),
        }
        return ops.concatenate([pooled[pooling]() for pooling in self.pooling], axis=-1)

    def compute_mask(self, inputs: Any, mask: Any) -> None:
        """Return none: the loss knows itself which timesteps are real."""


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _find_running_peaks(states: Any) -> Any:
    peaks = tf.numpy_function(find_running_peaks, [states], tf.float32)
    peaks.set_shape(states.shape)

    def backpropagate(gradient: Any) -> Any:
        into = tf.numpy_function(find_running_peaks_back, [states, peaks, gradient], tf.float32)
        into.set_shape(states.shape)
        return into

    return peaks, backpropagate


class ReadingModel(keras.Model):  # type: ignore[misc]
    """Ids `(B, T)` to the belief after every timestep `(B, T, 1)`, trained on all of them and judged by the last.

    A review's loss is the mean of its timesteps' losses: with equal weights (`every`), or with weights that grow in
    proportion to the timestep (`linear`, the linear gain of Dai and Le 2015).
    """

    def __init__(self, ids: Any, belief: Any, objective: str, name: str) -> None:
        super().__init__(ids, belief, name=name)
        self.objective = objective

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the loss of every timestep in training, of the last one in judging."""
        if not training:
            return super().compute_loss(x, y, _take_last(x, y_pred), sample_weight, training)
        weights = ops.cast(ops.not_equal(x, PAD), "float32")
        if self.objective == "linear":
            weights *= ops.cast(ops.arange(1, ops.shape(x)[1] + 1), "float32")
        weights /= ops.sum(weights, axis=1, keepdims=True)
        belief = y_pred[:, :, 0]
        losses = ops.binary_crossentropy(ops.broadcast_to(y, ops.shape(belief)), belief)
        return ops.mean(ops.sum(weights * losses, axis=1))

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the figures of the last timestep."""
        return super().compute_metrics(x, y, _take_last(x, y_pred), sample_weight)


def _take_last(ids: Any, belief: Any) -> Any:
    """Return each review's belief after its last token, `(B, 1)`."""
    last = ops.sum(ops.cast(ops.not_equal(ids, PAD), "int32"), axis=1, keepdims=True) - 1
    return ops.take_along_axis(belief[:, :, 0], last, axis=1)
