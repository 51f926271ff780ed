"""Configs: their keys and defaults, and the functions that load configs from YAML.

Names are imported on first use, so that prediction with the bundled model does not load the classes that check a
config.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imdb_gru.config.loading import (
        build_config,
        build_schema,
        load_any_config,
        load_config,
        parse_override,
    )
    from imdb_gru.config.names import list_names
    from imdb_gru.config.prediction import Direction, TaskName, Truncation
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
        TextConfig,
        TrainConfig,
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

_LOADING = ("build_config", "build_schema", "load_any_config", "load_config", "parse_override")
_PREDICTION = ("Direction", "TaskName", "Truncation")
_MODULES = {
    **dict.fromkeys(__all__, "schema"),
    **dict.fromkeys(_LOADING, "loading"),
    **dict.fromkeys(_PREDICTION, "prediction"),
    "list_names": "names",
}
"""The module that defines each name."""


def __getattr__(name: str) -> Any:
    """Import a name on first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
