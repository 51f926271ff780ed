"""Own the Keras model: stock layers, so that the saved file opens without any code of ours."""

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from imdb_gru.config import Config, ModelConfig, TrainConfig, find_fused_obstacle
from imdb_gru.text.vocabulary import PAD
from imdb_gru.training.fused import FusedGRU

CELL_LAYERS = {"gru": layers.GRU, "lstm": layers.LSTM, "simple_rnn": layers.SimpleRNN}
OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}


def choose_engine(config: Config) -> tuple[str, str]:
    """Choose what computes the recurrent layers, keras or fused; return it and the reason."""
    if config.train.engine != "auto":
        return config.train.engine, "as train.engine says"
    if obstacle := find_fused_obstacle(config.model):
        return "keras", obstacle
    if tf.config.list_physical_devices("GPU"):
        return "keras", "there is a GPU"
    return "fused", "a GRU on a CPU"


def build_model(config: ModelConfig, vocabulary_size: int, *, fused: bool = False) -> keras.Model:
    """Build ids `(B, T)` int32 → embedding → recurrent layers → pooling → dense → probability `(B, 1)`.

    Where `fused`, the engine computes the GRUs; weights and their order are the same.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(vocabulary_size, config.embedding, mask_zero=True, name="embedding")(ids)
    if config.dropout.embedding:
        x = layers.SpatialDropout1D(config.dropout.embedding, name="embedding_dropout")(x)
    for number in range(1, config.layers):
        x = _recurrent(config, number, fused, return_sequences=True)(x)
    pooled = _pool(config, ids, x, fused)
    x = pooled[0] if len(pooled) == 1 else layers.Concatenate(name="pooled")(pooled)
    for number, units in enumerate(config.dense, 1):
        x = layers.Dense(units, activation="relu", name=f"dense_{number}")(_output_dropout(config, x))
    probability = layers.Dense(1, activation="sigmoid", name="probability")(_output_dropout(config, x))
    return keras.Model(ids, probability, name="imdb_gru")


def _recurrent(config: ModelConfig, number: int, fused: bool, **returned: Any) -> keras.Layer:
    layer = (FusedGRU if fused else CELL_LAYERS[config.cell])(
        config.units, recurrent_dropout=config.dropout.recurrent, name=f"{config.cell}_{number}", **returned
    )
    return layers.Bidirectional(layer, name=f"bidirectional_{number}") if config.bidirectional else layer


def _pool(config: ModelConfig, ids: Any, x: Any, fused: bool) -> list[Any]:
    """Run the last recurrent layer and pool its hidden states; each pooled `(B, U)`, or `(B, 2U)` both ways."""
    if config.pooling == ["last"]:
        return [_recurrent(config, config.layers, fused)(x)]
    if fused and not config.bidirectional:
        return list(_recurrent(config, config.layers, fused, pooling=config.pooling)(x))
    states, *ends = _recurrent(config, config.layers, fused, return_sequences=True, return_state=True)(x)
    real = ops.expand_dims(ops.not_equal(ids, PAD), -1)  # (B, T, 1)
    ends = ends[:: 2 if config.cell == "lstm" else 1]  # an LSTM returns its memory after each hidden state
    pooled = {
        "last": lambda: ends[0] if len(ends) == 1 else layers.Concatenate(name="last")(ends),
        "mean": lambda: layers.GlobalAveragePooling1D(name="mean")(states),
        "max": lambda: ops.max(ops.where(real, states, -1e9), axis=1),
    }
    return [pooled[pooling]() for pooling in config.pooling]


def _output_dropout(config: ModelConfig, x: Any) -> Any:
    return layers.Dropout(config.dropout.output)(x) if config.dropout.output else x


@keras.saving.register_keras_serializable("imdb_gru")
class WarmupSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Raise the learning rate from zero over the first steps, then let it fall to zero over the rest.

    The cosine is that of Loshchilov and Hutter 2017, equation 5, without restarts.
    """

    def __init__(self, learning_rate: float, schedule: str, steps: int, warmup_steps: int) -> None:
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.steps = steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of a step, counted from 0."""
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


def build_optimizer(config: TrainConfig, steps: int) -> keras.Optimizer:
    """Build the optimizer for a training of `steps` batches in all."""
    averaging: dict[str, Any] = {}
    if config.averaging is not None:
        averaging = {"use_ema": True, "ema_momentum": config.averaging}
    return OPTIMIZERS[config.optimizer](
        WarmupSchedule(config.learning_rate, config.schedule, steps, round(config.warmup * steps)),
        global_clipnorm=config.clip_norm,
        **averaging,
    )
