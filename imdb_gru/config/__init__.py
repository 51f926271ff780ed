"""The YAML configs: what they may say, and how they are read."""

from imdb_gru.config.defaults import find_departures
from imdb_gru.config.loading import build_config, build_schema, load_any_config, load_config
from imdb_gru.config.schema import (
    KINDS,
    AnyConfig,
    Config,
    DataConfig,
    EncoderConfig,
    FitConfig,
    ModelConfig,
    NextWordConfig,
    PretrainConfig,
    Task,
    TextConfig,
    TrainConfig,
    Truncation,
    choose_objective,
    find_fused_obstacle,
)

__all__ = [
    "KINDS",
    "AnyConfig",
    "Config",
    "DataConfig",
    "EncoderConfig",
    "FitConfig",
    "ModelConfig",
    "NextWordConfig",
    "PretrainConfig",
    "Task",
    "TextConfig",
    "TrainConfig",
    "Truncation",
    "build_config",
    "build_schema",
    "choose_objective",
    "find_departures",
    "find_fused_obstacle",
    "load_any_config",
    "load_config",
]
