"""Own the start of a classifier from a next-word run: vocabulary, embedding and recurrent weights."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config import Config, NextWordConfig, load_config
from imdb_gru.errors import ConfigError, RunError
from imdb_gru.run import Run
from imdb_gru.text.vocabulary import Vocabulary

SHAPE = ("cell", "units", "layers", "embedding")
"""The keys of a model in which a classifier must agree with what it starts from."""


@dataclass(frozen=True)
class Pretrained:
    """What a classifier takes over."""

    vocabulary: Vocabulary
    weights: list[NDArray[np.float32]]
    """Embedding `(V, E)`, then kernel, recurrent kernel and bias of every recurrent layer, as Keras has them."""


def load_pretrained(config: Config) -> Pretrained | None:
    """Load what `model.pretrained` names, None for nothing; raises `ConfigError` where it does not fit the config."""
    name = config.model.pretrained
    if name is None:
        return None
    run = Run(Path(name).expanduser())
    if not run.path.is_dir():
        raise ConfigError(
            f"model.pretrained: there is no run at {name}; make one with 'imdb-gru pretrain --run {name}'"
        )
    run.check_complete()
    own = load_config(run.config_path, (), NextWordConfig)
    for key in SHAPE:
        mine, theirs = getattr(config.model, key), getattr(own.model, key)
        if mine != theirs:
            raise ConfigError(
                f"model.{key} is {mine}, but {name} was pretrained with {theirs}: set model.{key}={theirs}"
            )
    if config.text.tokenizer != own.text.tokenizer:
        raise ConfigError(
            f"text.tokenizer is {config.text.tokenizer}, but {name} was pretrained with {own.text.tokenizer}: "
            f"set text.tokenizer={own.text.tokenizer}"
        )
    try:
        with run.weights_path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            weights = [stored[str(number)] for number in range(1 + 3 * own.model.layers)]
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RunError(f"{run.weights_path} holds no weights ({error}): pretrain again") from error
    return Pretrained(run.load_vocabulary(), weights)
