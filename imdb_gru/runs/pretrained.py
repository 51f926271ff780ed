"""The vocabulary and weights that a classifier takes from a next-word model."""

from dataclasses import dataclass
from pathlib import Path

from imdb_gru.config import Config
from imdb_gru.config.complaints import find_misfits
from imdb_gru.config.loading import refuse
from imdb_gru.errors import ConfigError
from imdb_gru.runs.catalogue import BUNDLED, BundledRun, find_run
from imdb_gru.runs.weights import list_weights, load_next_word_network
from imdb_gru.system.arrays import Array
from imdb_gru.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class PretrainedWeights:
    """The vocabulary and weights of the next-word model that a classifier starts from."""

    vocabulary: Vocabulary
    weights: list[Array]
    """Embedding `(V, E)`, then kernel, recurrent kernel and bias of each recurrent layer, as in Keras."""


def load_pretrained(config: Config) -> PretrainedWeights | None:
    """Load the next-word model that `model.pretrained` names, or return None if it names none.

    Raises a `ConfigError` that lists all differences between the config and the next-word model.
    """
    name = config.model.pretrained
    if name is None:
        return None
    path = Path(name)
    if name != BUNDLED and not path.is_dir():
        raise ConfigError(
            f"model.pretrained: there is no run at {name}; train one with 'imdb-gru pretrain --run {name}'"
        )
    run = find_run(path, "next_word")
    if run.task != "next_word":
        raise ConfigError(f"model.pretrained: {name} is a classifier; choose a run of 'imdb-gru pretrain'")
    if isinstance(run, BundledRun):
        run.check_complete()  # `find_run` skips this check so that `predict` starts fast
    own = run.load_next_word_config()
    refuse(
        (
            f"{misfit}: set {setting}, or model.pretrained=null"
            for misfit, setting in find_misfits(config, own.text, own.model, name)
        ),
        "the config",
    )
    network = load_next_word_network(run, own.model)
    return PretrainedWeights(run.load_vocabulary(), [network.embedding, *list_weights(network.cells)])
