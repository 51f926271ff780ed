"""Own the start of a classifier from a next-word run: vocabulary, embedding and recurrent weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config import Config
from imdb_gru.config.defaults import SHAPE, WORDS
from imdb_gru.errors import ConfigError
from imdb_gru.runs import BUNDLED, BundledRun, find_run
from imdb_gru.text.vocabulary import Vocabulary
from imdb_gru.weights import list_weights, load_next_word_network


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
    path = Path(name)
    if name != BUNDLED and not path.is_dir():
        raise ConfigError(
            f"model.pretrained: there is no run at {name}; make one with 'imdb-gru pretrain --run {name}'"
        )
    run = find_run(path, "next_word")
    if run.task != "next_word":
        raise ConfigError(f"model.pretrained: {name} is a classifier; name a run of 'imdb-gru pretrain'")
    if isinstance(run, BundledRun):
        run.check_complete()  # which `find_run` leaves out, so that `predict` starts fast
    own = run.load_next_word_config()
    for key in SHAPE:
        mine, theirs = getattr(config.model, key), getattr(own.model, key)
        if mine != theirs:
            raise ConfigError(
                f"model.{key} is {mine}, but {name} was pretrained with {theirs}: set model.{key}={theirs}, "
                "or model.pretrained=null to start from nothing"
            )
    for key in WORDS:
        mine, theirs = getattr(config.text, key), getattr(own.text, key)
        if mine != theirs:
            raise ConfigError(
                f"text.{key} is {mine}, but {name} was pretrained with {theirs}, and its words are taken over: set "
                f"text.{key}={theirs}"
            )
    network = load_next_word_network(run, own.model)
    return Pretrained(run.load_vocabulary(), [network.embedding, *list_weights(network.cells)])
