"""The optimizer, Adam, and the learning rate schedule."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from imdb_gru.config import FitConfig


class FusedAdam(keras.optimizers.Adam):  # type: ignore[misc]
    """A `keras.optimizers.Adam` that updates each weight in one pass instead of ten, with the same result and state."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update a weight and its two moments with its gradient."""
        index = self._get_variable_index(variable)
        step = ops.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=_get_handle(variable),
            m=_get_handle(self._momentums[index]),
            v=_get_handle(self._velocities[index]),
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),
        )

    def update_rows(self, variable: Any, rows: Any, gradient: Any) -> None:
        """Update some rows of a weight and its moments; the rows of words that did not occur stay unchanged.

        Call this before `apply`, which increments the step count.
        """
        index = self._get_variable_index(variable)
        m, v = _get_handle(self._momentums[index]), _get_handle(self._velocities[index])
        step = ops.cast(self.iterations + 1, "float32")
        rate = self.learning_rate * ops.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)

        def move(moment: Any, share: float, towards: Any) -> Any:
            before = tf.raw_ops.ResourceGather(resource=moment, indices=rows, dtype=tf.float32)
            after = before + (1 - share) * (towards - before)
            tf.raw_ops.ResourceScatterUpdate(resource=moment, indices=rows, updates=after)
            return after

        change = rate * move(m, self.beta_1, gradient) / (tf.sqrt(move(v, self.beta_2, gradient**2)) + self.epsilon)
        tf.raw_ops.ResourceScatterSub(resource=_get_handle(variable), indices=rows, updates=change)


def _get_handle(variable: Any) -> Any:
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle


class EarlyAverage:
    """An optimizer mixin whose weight averages adapt quickly at first, and use `ema_momentum` only later.

    Otherwise, the averages would stay near the initial weights in a short training run. After t steps, the momentum is
    at most (1 + t) / (10 + t), as in TensorFlow's `ExponentialMovingAverage`.
    """

    def _update_model_variables_moving_average(self, trainable_variables: Any) -> None:
        """Move the averages towards the weights; the first step copies the weights, as Keras does."""
        done = ops.cast(self.iterations, "float32")  # type: ignore[attr-defined]
        momentum = ops.minimum(self.ema_momentum, (1 + done) / (10 + done))  # type: ignore[attr-defined]
        share = ops.where(done == 0, 1.0, 1.0 - momentum)
        averages = self._model_variables_moving_average  # type: ignore[attr-defined]
        for variable, average in zip(trainable_variables, averages, strict=True):
            tf.raw_ops.ResourceApplyGradientDescent(var=_get_handle(average), alpha=share, delta=average - variable)


class Discriminative:
    """An optimizer mixin with a lower learning rate for some weights.

    This is discriminative fine-tuning (Howard and Ruder 2018, section 3.2) with two groups.
    """

    slow: Sequence[keras.Variable] = ()
    rate: float = 1.0
    """Ratio of the slow weights' learning rate to the other weights' learning rate."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update a weight with its gradient, at the learning rate of its group."""
        super().update_step(gradient, variable, learning_rate * self._find_share(variable))  # type: ignore[misc]

    def _find_share(self, variable: Any) -> float:
        """Return the learning rate factor for a weight, given as a Keras or a TensorFlow variable."""
        handle = _get_handle(variable)
        return self.rate if any(_get_handle(weight) is handle for weight in self.slow) else 1.0


class TrainingAdam(EarlyAverage, Discriminative, FusedAdam):
    """The optimizer used in every training run."""


@keras.saving.register_keras_serializable("imdb_gru")
class WarmupSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A learning rate that rises over the first steps, and then stays constant or falls to zero.

    The cosine decay follows Loshchilov and Hutter 2017, equation 5, without restarts.
    """

    def __init__(self, learning_rate: float, schedule: str, steps: int, warmup_steps: int) -> None:
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.steps = steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:
        """Return the learning rate at a step, counted from 0."""
        done = ops.cast(step, "float32")
        factor = ops.minimum(1.0, (done + 1) / max(1, self.warmup_steps))
        if self.schedule != "constant":
            progress = ops.clip((done - self.warmup_steps) / max(1, self.steps - self.warmup_steps), 0.0, 1.0)
            fall = 1 - progress if self.schedule == "linear" else 0.5 * (1 + ops.cos(progress * 3.141592653589793))
            factor = factor * fall
        return self.learning_rate * factor

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(vars(self))


def build_optimizer(
    config: FitConfig, steps: int, *, averaging: float | None = None, clipped: bool = True
) -> keras.Optimizer:
    """Build the optimizer for training on `steps` batches; `averaging` is the momentum of the weight averages.

    Unless `clipped` is False, the optimizer clips gradients as the config specifies.
    """
    options: dict[str, Any] = {} if averaging is None else {"use_ema": True, "ema_momentum": averaging}
    return TrainingAdam(
        WarmupSchedule(config.learning_rate, config.schedule, steps, round(config.warmup * steps)),
        global_clipnorm=config.clip_norm if clipped else None,
        **options,
    )
