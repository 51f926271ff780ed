"""Preparing configs for training: using the caller's data and making paths absolute."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from imdb_gru.config import AnyConfig, Config, DataConfig, load_config
from imdb_gru.config.schema import NGRAMS
from imdb_gru.errors import MissingExtraError
from imdb_gru.runs.catalogue import BUNDLED, BUNDLED_CLASSIFIER
from imdb_gru.sources import SAMPLE
from imdb_gru.sources.review import Source
from imdb_gru.system.escaping import show_value
from imdb_gru.system.paths import make_absolute

OneConfig = TypeVar("OneConfig", bound=AnyConfig)
Data = str | Path | DataConfig | Source
"""Reviews, given as a `DataConfig`, a `Source`, or any value that `--data` accepts."""


def prepare_config(
    kind: type[OneConfig],
    config: str | Path | Mapping[str, Any] | AnyConfig,
    data: Data | None,
    overrides: Mapping[str, Any] | None,
) -> OneConfig:
    """Load a config, apply overrides and data, and make its paths absolute so that they work from any folder."""
    if not isinstance(overrides, Mapping | None):
        raise TypeError(f"overrides={show_value(overrides)}: give a mapping, such as {{'train.epochs': 2}}")
    if data is not None and not (isinstance(data, str | Path | DataConfig) or hasattr(data, "iter_reviews")):
        raise TypeError(f"data={show_value(data)}: give a path, a DataConfig, or a source of reviews")
    described = data if isinstance(data, str | Path | DataConfig) else None
    complete = load_config(config, merge_data(overrides, described), kind)
    changes: dict[str, Any] = {}
    if complete.data.path not in (None, SAMPLE):
        changes["data.path"] = make_absolute(complete.data.path)
    pretrained = complete.model.pretrained
    if pretrained not in (None, BUNDLED, BUNDLED_CLASSIFIER):
        changes["model.pretrained"] = make_absolute(pretrained)
    if isinstance(complete, Config) and complete.train.teachers:
        changes["train.teachers"] = [
            name if name in (NGRAMS, BUNDLED_CLASSIFIER) else make_absolute(name) for name in complete.train.teachers
        ]
    if changes:
        complete = load_config(complete, changes, kind)
    _check_extras(complete)
    return complete


def merge_data(overrides: Mapping[str, Any] | None, data: str | Path | DataConfig | None) -> dict[str, Any]:
    """Return the given overrides, plus the overrides that make the config use `data`."""
    if data is not None and not isinstance(data, DataConfig):
        data = DataConfig(path=str(data))
    chosen = data.model_dump(exclude_unset=True) if data else {}
    return {**(overrides or {}), **{f"data.{key}": value for key, value in chosen.items()}}


def _check_extras(config: AnyConfig) -> None:
    """Raise `MissingExtraError` if the config needs a package that is not installed."""
    if config.train.tensorboard:
        try:
            import tensorboard  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("train.tensorboard", "tensorboard") from error
    if config.train.track:
        try:
            import_module(config.train.track)
        except ImportError as error:
            raise MissingExtraError(f"train.track={config.train.track}", config.train.track) from error
    if isinstance(config, Config) and NGRAMS in config.train.teachers:
        try:
            import sklearn  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("the teacher ngrams", "sklearn") from error
