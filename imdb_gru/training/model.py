"""The classifier as a Keras model, saved with stock layers so that Keras can open the file without this package."""

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from imdb_gru.cells import CELLS
from imdb_gru.config import AnyConfig, EncoderConfig, ModelConfig, TrainConfig, find_fused_obstacle
from imdb_gru.config.prediction import Pooling
from imdb_gru.engine.arithmetic import Precision
from imdb_gru.engine.bfloat16.unit import find_bfloat16_obstacle
from imdb_gru.errors import ConfigError
from imdb_gru.text.vocabulary import PAD
from imdb_gru.training.classifier.adversarial import Perturbation
from imdb_gru.training.classifier.train_step import ReviewModel, RunningPooling
from imdb_gru.training.layers import ChannelDropout, FusedEmbedding, FusedGRU


def choose_engine(config: AnyConfig) -> tuple[str, str]:
    """Choose the engine (keras or fused) that computes the recurrent layers; return the engine and the reason."""
    if config.train.engine != "auto":
        return config.train.engine, "set by train.engine"
    if obstacle := find_fused_obstacle(config.model):
        return "keras", obstacle
    if tf.config.list_physical_devices("GPU"):
        return "keras", "there is a GPU"
    return "fused", "a GRU on a CPU"


def choose_precision(config: AnyConfig, engine: str) -> Precision:
    """Choose float32 or bfloat16 for matrix products. Raises `ConfigError` if the config's choice is unavailable."""
    precision = config.train.precision
    if precision == "float32":
        return precision
    obstacle = find_bfloat16_obstacle() if engine == "fused" else "only the fused engine computes bfloat16 products"
    if obstacle and precision == "bfloat16":
        raise ConfigError(f"train.precision: {obstacle}; set it to auto or float32")
    return "float32" if obstacle else "bfloat16"


def build_model(
    config: ModelConfig,
    vocabulary_size: int,
    *,
    fused: bool = False,
    precision: Precision = "float32",
    objective: str = "last",
    train: TrainConfig | None = None,
) -> keras.Model:
    """Build the model: ids `(B, T)` int32 → embedding → recurrent layers → pooling → dense → probability `(B, 1)`.

    If `fused` is true, the engine computes the GRUs in `precision`. If `objective` is not "last", the model returns the
    probability at every timestep and learns from all timesteps. If `train` is given, the model can be trained with this
    config; otherwise, it is a stock model. The weights and their order are always the same.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    embedding = FusedEmbedding if fused else layers.Embedding
    x = embedding(vocabulary_size, config.embedding, mask_zero=True, name="embedding")(ids)
    if config.dropout.embedding:
        dropout = ChannelDropout if fused else layers.SpatialDropout1D
        x = dropout(config.dropout.embedding, name="embedding_dropout")(x)
    if train and (train.adversarial or train.virtual):
        x = Perturbation(name="perturbation")(x)
    for number in range(1, config.layers):
        x = _recurrent(config, number, fused, precision, return_sequences=True)(x)
    if objective == "last":
        pooled = _pool(config, ids, x, fused, precision)
        x = pooled[0] if len(pooled) == 1 else layers.Concatenate(name="pooled")(pooled)
        probability = _predict(config, x, layers.Dropout)
    else:
        states = _recurrent(config, config.layers, fused, precision, return_sequences=True)(x)
        probability = _predict(config, RunningPooling(config.pooling, name="pooled")(states), layers.SpatialDropout1D)
    if train is None:
        return keras.Model(ids, probability, name="imdb_gru")
    return ReviewModel(ids, probability, objective, train, name="imdb_gru")


def build_recurrent(
    config: EncoderConfig, number: int, fused: bool, precision: Precision = "float32", **returned: Any
) -> keras.Layer:
    """Build a forward recurrent layer; its `number` is counted from 1, and `returned` says what the layer outputs."""
    name = f"{config.cell}_{number}"
    if fused:
        return FusedGRU(config.units, precision=precision, name=name, **returned)
    layer = getattr(layers, CELLS[config.cell].keras_layer)
    return layer(config.units, recurrent_dropout=config.dropout.recurrent, name=name, **returned)


def _recurrent(config: ModelConfig, number: int, fused: bool, precision: Precision, **returned: Any) -> keras.Layer:
    layer = build_recurrent(config, number, fused, precision, **returned)
    return layers.Bidirectional(layer, name=f"bidirectional_{number}") if config.bidirectional else layer


def _pool(config: ModelConfig, ids: Any, x: Any, fused: bool, precision: Precision) -> list[Any]:
    """Run the last recurrent layer and pool its hidden states, each `(B, U)`, or `(B, 2U)` if bidirectional."""
    if config.pooling == ["last"]:
        return [_recurrent(config, config.layers, fused, precision)(x)]
    if fused and not config.bidirectional:
        return list(_recurrent(config, config.layers, fused, precision, pooling=config.pooling)(x))
    returned = {"return_sequences": True, "return_state": True}
    states, *ends = _recurrent(config, config.layers, fused, precision, **returned)(x)
    real = ops.expand_dims(ops.not_equal(ids, PAD), -1)  # (B, T, 1)
    ends = ends[:: CELLS[config.cell].state_parts]  # an LSTM returns its memory after each hidden state
    pooled: dict[Pooling, Any] = {
        "last": lambda: ends[0] if len(ends) == 1 else layers.Concatenate(name="last")(ends),
        "mean": lambda: layers.GlobalAveragePooling1D(name="mean")(states),
        "max": lambda: ops.max(ops.where(real, states, -1e9), axis=1),
    }
    return [pooled[pooling]() for pooling in config.pooling]


def _predict(config: ModelConfig, x: Any, dropout: type[keras.Layer]) -> Any:
    """Compute the probability from pooled hidden states with the dense layers."""

    def drop(x: Any) -> Any:
        return dropout(config.dropout.output)(x) if config.dropout.output else x

    for number, units in enumerate(config.dense, 1):
        x = layers.Dense(units, activation="relu", name=f"dense_{number}")(drop(x))
    return layers.Dense(1, activation="sigmoid", name="probability")(drop(x))
