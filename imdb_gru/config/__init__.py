"""Configs: their keys and defaults, and the functions that load them from YAML."""

from imdb_gru.config.loading import (
    build_config,
    build_schema,
    load_any_config,
    load_config,
    parse_override,
)
from imdb_gru.config.names import list_names
from imdb_gru.config.schema import (
    KINDS,
    AnyConfig,
    Config,
    DataConfig,
    Direction,
    EncoderConfig,
    FitConfig,
    ModelConfig,
    NextWordConfig,
    PretrainConfig,
    TaskName,
    TextConfig,
    TrainConfig,
    Truncation,
    find_fused_obstacle,
)

__all__ = [
    "KINDS",
    "AnyConfig",
    "Config",
    "DataConfig",
    "Direction",
    "EncoderConfig",
    "FitConfig",
    "ModelConfig",
    "NextWordConfig",
    "PretrainConfig",
    "TaskName",
    "TextConfig",
    "TrainConfig",
    "Truncation",
    "build_config",
    "build_schema",
    "find_fused_obstacle",
    "list_names",
    "load_any_config",
    "load_config",
    "parse_override",
]
