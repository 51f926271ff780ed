"""The vocabulary and weights that training takes from a finished run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from imdb_gru.config import AnyConfig, Config, TaskName
from imdb_gru.config.complaints import find_misfits
from imdb_gru.config.loading import refuse
from imdb_gru.errors import ConfigError
from imdb_gru.runs.catalogue import BUNDLED, BUNDLED_CLASSIFIER, BundledRun, find_run
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import load_weights
from imdb_gru.system.arrays import Array
from imdb_gru.text.vocabulary import Vocabulary

OUTPUT = 3
"""Number of arrays in the output layers of a next-word model; a classifier does not use these arrays."""


@dataclass(frozen=True)
class PretrainedWeights:
    """The vocabulary and weights that training starts from."""

    vocabulary: Vocabulary
    weights: list[Array]
    """The weights of the new model's first layers, in the order of its `weights.npz`.

    If a classifier starts from a next-word model, these are the weights of the embedding and recurrent layers;
    otherwise, they are the weights of all layers.
    """
    run: Run
    """The run that the weights come from."""

    @property
    def has_output(self) -> bool:
        """Return whether the weights include those of a classifier's output layer."""
        return self.run.task == "sentiment"


def load_pretrained(config: AnyConfig) -> PretrainedWeights | None:
    """Load the vocabulary and weights of the run that `model.pretrained` names, or return None if the key is null.

    Raises a `ConfigError` that lists all differences between the config and the config of that run.
    """
    run, name = find_pretrained(config), config.model.pretrained
    if run is None or name is None:
        return None
    own = run.load_any_config()
    if isinstance(own, Config) and not isinstance(config, Config):
        raise ConfigError(
            f"model.pretrained: {name} is a classifier, but a next-word model can only start from a next-word model; "
            "choose a different run, or use 'bundled' or null"
        )
    refuse(
        (
            f"{misfit}: set {setting}, or model.pretrained=null"
            for misfit, setting in find_misfits(config, own.text, own.model, name)
        ),
        "the config",
    )
    weights = load_weights(run, own.model)
    return PretrainedWeights(run.load_vocabulary(), weights if own.task == config.task else weights[:-OUTPUT], run)


def find_pretrained(config: AnyConfig) -> Run | None:
    """Open the run that `model.pretrained` names, or return None if the key is null.

    Raises `ConfigError` if the run does not exist, or `RunError` if it is damaged.
    """
    name = config.model.pretrained
    if name is None:
        return None
    bundled: dict[str, TaskName] = {BUNDLED: "next_word"}
    if isinstance(config, Config):
        bundled[BUNDLED_CLASSIFIER] = "sentiment"
    return find_named_run("model.pretrained", name, bundled, f"pretrain --run {name}", "null")


def find_named_run(key: str, name: str, bundled: Mapping[str, TaskName], command: str, other: str) -> Run:
    """Open the run that a config key names; `bundled` maps the names of bundled models to their tasks.

    Raises `RunError` if the run is damaged or incomplete, and `ConfigError` if it does not exist. The `ConfigError`
    suggests starting a run with `command`, or setting the key to `other` or to a name in `bundled`.
    """
    if Path(name).is_dir():
        return find_run(Path(name))
    if name not in bundled:
        raise ConfigError(
            f"{key}: there is no run at {name}; start one with 'imdb-gru {command}', or choose {', '.join(bundled)} or "
            f"{other}"
        )
    run = BundledRun(bundled[name])
    run.check_complete()
    return run
