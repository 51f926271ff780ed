"""Own what a config's keys are where they are not set: it depends on what the training starts from."""

from typing import Any

from imdb_gru.config.schema import Config, DropoutConfig, ModelConfig, NextWordConfig, TrainConfig

SCRATCH = Config(
    model=ModelConfig(
        embedding=64,
        units=128,
        dropout=DropoutConfig(word=0.2, embedding=0.4, output=0.5),
        pooling=["last", "max"],
        pretrained=None,
    ),
    train=TrainConfig(learning_rate=0.002, epochs=4, precision="float32", objective=None, adversarial=None),
)
"""The defaults of a classifier that starts from nothing."""

WORDS = ("tokenizer", "vocabulary", "max_words", "min_count")
"""The keys of a text in which a classifier must agree with what it starts from."""
SHAPE = ("cell", "units", "layers", "embedding")
"""Those of a model."""
FIXED = {"text": WORDS, "model": (*SHAPE, "bidirectional")}
"""The keys that the model in the package settles: a classifier that sets one of them otherwise cannot start from it."""


def choose_defaults(values: dict[str, Any], kind: type[Config] | type[NextWordConfig]) -> dict[str, Any]:
    """Return the value of every key where the given, still unchecked `values` do not set it."""
    defaults = kind().model_dump()
    if kind is NextWordConfig:
        return defaults
    pretrained = _get(
        values, "model", "pretrained", None if find_departures(values) else defaults["model"]["pretrained"]
    )
    return defaults if pretrained is not None else SCRATCH.model_dump()


def find_departures(values: dict[str, Any]) -> list[str]:
    """Return the dotted paths of the keys that are set otherwise than in the model in the package."""
    packaged = Config().model_dump()
    return [
        f"{section}.{key}"
        for section, keys in FIXED.items()
        for key in keys
        if _get(values, section, key, packaged[section][key]) != packaged[section][key]
    ]


def _get(values: dict[str, Any], section: str, key: str, default: Any) -> Any:
    inner = values.get(section)
    return inner.get(key, default) if isinstance(inner, dict) else default
