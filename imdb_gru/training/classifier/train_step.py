"""The training step for all classifiers: losses at the last timestep or at every timestep, and adversarial losses."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from imdb_gru.config import TrainConfig
from imdb_gru.config.prediction import Pooling
from imdb_gru.engine import compiling
from imdb_gru.engine.pooling import find_running_peaks, find_running_peaks_back
from imdb_gru.text.vocabulary import PAD
from imdb_gru.training.classifier.adversarial import PROBE, draw_direction, scale
from imdb_gru.training.shares import WholeShare


class RunningPooling(keras.layers.Layer):  # type: ignore[misc]
    """A layer that applies P poolings to the hidden states `(B, T, U)` up to each timestep, giving `(B, T, P·U)`.

    Results at padded timesteps are meaningless.
    """

    def __init__(self, pooling: Sequence[Pooling], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pooling = list(pooling)
        self.supports_masking = True

    def call(self, states: Any) -> Any:
        """Return the concatenated results of the poolings."""
        count = ops.cast(ops.arange(1, ops.shape(states)[1] + 1), "float32")[:, None]
        pooled: dict[Pooling, Any] = {
            "last": lambda: states,
            "mean": lambda: ops.cumsum(states, axis=1) / count,
            "max": lambda: _find_running_peaks(states),
        }
        return ops.concatenate([pooled[pooling]() for pooling in self.pooling], axis=-1)

    def compute_mask(self, inputs: Any, mask: Any) -> None:
        """Return no mask, because the loss identifies the real timesteps itself."""


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _find_running_peaks(states: Any) -> Any:
    peaks = tf.numpy_function(find_running_peaks, [states], tf.float32)
    peaks.set_shape(states.shape)

    def backpropagate(gradient: Any) -> Any:
        into = tf.numpy_function(find_running_peaks_back, [states, peaks, gradient], tf.float32)
        into.set_shape(states.shape)
        return into

    return peaks, backpropagate


class ReviewModel(keras.Model):  # type: ignore[misc]
    """A model that maps ids `(B, T)` to the probability at the end `(B, 1)` or after every timestep `(B, T, 1)`.

    A review's loss is the loss of its last timestep (`last`), or the mean of its timesteps' losses with equal weights
    (`every`) or with weights proportional to the timestep (`linear`, the linear gain of Dai and Le 2015). Metrics are
    computed at the last timestep. An unlabelled review (label −1) counts only in the virtual adversarial loss.

    If there are teachers, each review has a label and a target, `(B, 2)`. A target is a weighted mean of the label and
    the teachers' probability, and a review's loss is its cross-entropy with the target (Hinton, Vinyals and Dean 2015).
    The accuracy is still measured with the labels.

    Adversarial training (Miyato, Dai and Goodfellow 2017, equation 5) adds the loss of the same reviews with their
    embeddings x moved by r = ε ‖x‖ g / ‖g‖, where g is the gradient of the loss with respect to x. Virtual adversarial
    training (equation 7) needs no label: it adds a measure of how much a move by r changes the probability, where g is
    the gradient of that measure. In the paper, the embeddings are normalised and ε is the norm of r. Here, ε is a
    fraction of the embeddings' norm, so that the model cannot evade the perturbation by making the embeddings larger.
    """

    def __init__(self, ids: Any, probability: Any, objective: str, config: TrainConfig, name: str) -> None:
        super().__init__(ids, probability, name=name)
        self.objective = objective
        self.settings = config
        self.shares = WholeShare()
        """This worker's share of every batch."""

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the mean loss of the reviews with a target; in evaluation, only the last timestep counts."""
        if not training:
            return super().compute_loss(x, y[:, :1], _take_last(x, y_pred), sample_weight, training)
        targets = y[:, -1:]
        taught = ops.cast(targets[:, 0] >= 0, "float32")
        losses = self._measure(x, ops.maximum(targets, 0.0), y_pred)
        return ops.sum(taught * losses) / ops.maximum(ops.sum(taught), 1.0)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the metrics on the labelled reviews, computed at the last timestep."""
        last, labelled = _take_last(x, y_pred), y[:, 0] >= 0
        labels, predicted = (tf.boolean_mask(values, labelled) for values in (y[:, :1], last))
        return super().compute_metrics(x, labels, predicted, sample_weight)

    @compiling.count_as_compilation()  # TensorFlow calls it only to build the graph
    def train_step(self, data: Any) -> Any:
        """Update the weights with the gradients of all losses, but report only the loss without perturbations."""
        ids, labels, share = keras.utils.unpack_x_y_sample_weight(data)
        taught, of_all = self.shares.weigh_losses(share)
        config = self.settings
        weights = self.trainable_variables
        values = [weight.value for weight in weights]
        with tf.GradientTape(persistent=True) as tape:
            probability = self(ids, training=True)
            loss = self.compute_loss(x=ids, y=labels, y_pred=probability, training=True)
            counted = taught * loss
            if config.adversarial or config.virtual:
                x = self.get_layer("perturbation").seen
            if config.adversarial:
                with tape.stop_recording():
                    gradient, *gradients = tape.gradient(counted, [x, *values])
                moved = self._predict_with(ids, x + scale(gradient, x, config.adversarial))
                other = taught * self.compute_loss(x=ids, y=labels, y_pred=moved, training=True)
            elif config.virtual:
                goal = tf.stop_gradient(probability)
                with tape.stop_recording():
                    gradients = tape.gradient(counted, values)
                    step = tf.cast(self.optimizer.iterations.value, tf.int32)
                    probe = x + scale(draw_direction(x, ids != PAD, step, self._draw_seed), x, PROBE)
                    with tf.GradientTape() as inner:
                        inner.watch(probe)
                        distance = ops.sum(self._measure(ids, goal, self._predict_with(ids, probe)))
                    gradient = inner.gradient(distance, probe)
                moved = self._predict_with(ids, x + scale(gradient, x, config.virtual))
                other = of_all * ops.mean(self._measure(ids, goal, moved) - self._measure(ids, goal, goal))
        if config.adversarial or config.virtual:
            gradients = [tf.add_n(pair) for pair in zip(gradients, tape.gradient(other, values), strict=True)]
        else:
            gradients = tape.gradient(counted, values)
        table = self.get_layer("embedding").embeddings
        place = next(place for place, weight in enumerate(weights) if weight is table)
        gradients = self.shares.add_up_gradients(gradients, place, share)
        self.optimizer.apply(gradients, weights)
        self._loss_tracker.update_state(loss, sample_weight=tf.reduce_sum(tf.cast(labels[:, -1] >= 0, tf.float32)))
        return self.compute_metrics(ids, labels, probability)

    @compiling.count_as_compilation()
    def test_step(self, data: Any) -> Any:
        """Compute the metrics of a batch in evaluation."""
        return super().test_step(data)

    @property
    def _draw_seed(self) -> int:
        return self.settings.seed + self.shares.rank

    def _predict_with(self, ids: Any, x: Any) -> Any:
        """Return the probability after the words' embeddings are replaced with `x`."""
        perturbation = self.get_layer("perturbation")
        perturbation.replacement = x
        probability = self(ids, training=True)
        perturbation.replacement = None
        return probability

    def _measure(self, ids: Any, targets: Any, probability: Any) -> Any:
        """Return each review's cross-entropy, `(B,)`, given targets and probabilities, each `(B, 1)` or `(B, T, 1)`."""
        if self.objective == "last":
            return ops.binary_crossentropy(targets, probability)[:, 0]
        probability = probability[:, :, 0]
        targets = ops.broadcast_to(ops.reshape(targets, (ops.shape(probability)[0], -1)), ops.shape(probability))
        weights = ops.cast(ops.not_equal(ids, PAD), "float32")
        if self.objective == "linear":
            weights *= ops.cast(ops.arange(1, ops.shape(ids)[1] + 1), "float32")
        weights /= ops.sum(weights, axis=1, keepdims=True)
        return ops.sum(weights * ops.binary_crossentropy(targets, probability), axis=1)


def _take_last(ids: Any, probability: Any) -> Any:
    """Return each review's probability after its last token, `(B, 1)`."""
    if len(probability.shape) == 2:
        return probability
    last = ops.sum(ops.cast(ops.not_equal(ids, PAD), "int32"), axis=1, keepdims=True) - 1
    return ops.take_along_axis(probability[:, :, 0], last, axis=1)
