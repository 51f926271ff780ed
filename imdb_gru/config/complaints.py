"""Error messages about config keys and values that are invalid or contradict each other."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from imdb_gru.config.labels import find_label_conflict
from imdb_gru.config.schedule import can_fit_output
from imdb_gru.config.schema import (
    AUTO,
    INHERITED,
    INHERITED_OUTPUT,
    AnyConfig,
    Config,
    EncoderConfig,
    ModelConfig,
    TextConfig,
    find_fused_obstacle,
)
from imdb_gru.system.escaping import neutralise, show_value

LONGEST_KEY = 200
"""Maximum length, in characters, of a key in a message; longer keys are cut short."""
SCRATCH = "--config scratch"
"""The command-line option that selects the packaged config `scratch`, which trains from random weights."""
PACKAGED = {"bundled": EncoderConfig(), "bundled-classifier": ModelConfig()}
"""The layers of the bundled models, by their names in `model.pretrained`; both models have the default layers."""


def _iter_keys(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _iter_keys(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name


def drop_auto(details: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield pydantic's errors, leaving out duplicates.

    If a key accepts `auto` or a value of another type, pydantic reports two errors for an invalid value, one for each
    alternative. The error about `auto` is left out.
    """
    for detail in details:
        *path, alternative = detail["loc"]
        if alternative in ("constrained-int", "bool"):
            yield {**detail, "loc": path}
        elif alternative != f"literal['{AUTO}']":
            yield dict(detail)


def describe_mistake(detail: dict[str, Any], kind: type[BaseModel]) -> str:
    """Return a pydantic error as one line; for an unknown key, suggest the most similar valid key."""
    path = ".".join(neutralise(str(part)) for part in detail["loc"])
    if len(path) > LONGEST_KEY:
        path = f"{path[:LONGEST_KEY]}…"
    if detail["type"] == "extra_forbidden":
        keys = [*_iter_keys(kind), *kind.model_fields]
        last_parts = {key.rpartition(".")[2]: key for key in keys}
        nearest = difflib.get_close_matches(path, keys, n=1, cutoff=0.75) or [
            last_parts[part] for part in difflib.get_close_matches(path.rpartition(".")[2], last_parts, n=1)
        ]
        return f"{path}: there is no such key" + (f"; did you mean {nearest[0]}?" if nearest else "")
    if detail["type"] == "model_type":
        return f"{path}: must be a section of keys, got {show_value(detail['input'])}"
    message = detail["msg"][0].lower() + detail["msg"][1:]
    return f"{path}: {message}, got {show_value(detail['input'])}"


def find_misfits(config: AnyConfig, text: TextConfig, model: EncoderConfig, name: str) -> Iterator[tuple[str, str]]:
    """Yield (message, setting) for each conflict between a config and the model that training starts from.

    The setting resolves the conflict. For example, the message is "model.units is 256, but the bundled model has 512",
    and the setting is "model.units=512". `name` is what the messages call the model, such as "the bundled model".
    """
    sections = {"text": (config.text, text), "model": (config.model, model)}
    if isinstance(config, Config) and config.model.bidirectional and not isinstance(model, ModelConfig):
        yield f"model.bidirectional is true, but {name} is unidirectional", "model.bidirectional=false"
    for section, keys in INHERITED.items():
        both = isinstance(config, Config) and isinstance(model, ModelConfig)
        output = INHERITED_OUTPUT if section == "model" and both else ()
        for key in (*keys, *output):
            mine, theirs = (getattr(values, key) for values in sections[section])
            if mine != theirs:
                yield (
                    f"{section}.{key} is {_write(mine)}, but {name} has {_write(theirs)}",
                    f"{section}.{key}={_write(theirs)}",
                )


def _write(value: object) -> str:
    return "null" if value is None else str(value)


def find_conflicts(config: AnyConfig, *, trained: bool = False) -> Iterator[str]:
    """Yield an error message for each contradiction between keys whose values are valid on their own.

    Pass `trained=True` for the config of an existing model. Such a config is not compared with the bundled model,
    because training may have started from an older version of the bundled model.
    """
    text, train = config.text, config.train
    if conflict := find_label_conflict(config.data.positive, config.data.negative):
        yield conflict
    if text.vocabulary == "keras" and text.tokenizer != "keras":
        yield f"text.vocabulary: keras needs text.tokenizer keras, got {text.tokenizer}; set text.tokenizer to keras"
    if text.vocabulary == "keras" and text.min_count > 1:
        yield f"text.min_count: Keras's word index has no word counts, got {text.min_count}; set it to 1"
    if train.engine == "fused" and (obstacle := find_fused_obstacle(config.model)):
        yield f"train.engine: {obstacle}; set it to auto or keras"
    if train.precision == "bfloat16":
        if train.engine == "keras":
            yield "train.precision: bfloat16 needs train.engine fused, got keras; set it to float32"
        elif train.engine == "auto" and (obstacle := find_fused_obstacle(config.model)):
            yield f"train.precision: bfloat16 needs train.engine fused, but {obstacle}; set it to float32"
    if (bundled := PACKAGED.get(config.model.pretrained or "")) and not trained:
        remedy = f"use {f'{SCRATCH}, or ' if isinstance(config, Config) else ''}--set model.pretrained=null"
        for misfit, _ in find_misfits(config, TextConfig(), bundled, "the bundled model"):
            yield f"{misfit}: {remedy}"
    if isinstance(config, Config):
        yield from _find_conflicts_of_classifier(config)
        return
    if config.model.pretrained == "bundled-classifier":
        yield "model.pretrained: a next-word model cannot start from a classifier, got bundled-classifier; use bundled"
    if config.data.test_split:
        yield (
            "data.test_split: reserving a test part requires labels, which a next-word model does not use, got "
            f"{config.data.test_split:g}; set it to 0, and mark test reviews in a column 'split' with the value test"
        )


def _find_conflicts_of_classifier(config: Config) -> Iterator[str]:
    model, train = config.model, config.train
    if len(set(model.pooling)) < len(model.pooling):
        yield f"model.pooling: must not contain a method twice, got {model.pooling}"
    if model.bidirectional and train.objective != "last":
        yield f"train.objective: a bidirectional model predicts only at the last word, got {train.objective}; use last"
    if model.bidirectional and config.text.direction == "backward":
        yield "text.direction: a bidirectional model reads in both directions, got backward; set it to forward"
    if train.adversarial and train.virtual:
        yield "train.virtual: cannot be used together with train.adversarial; set one of them to null"
    if train.output_first is True and not can_fit_output(config):
        yield (
            "train.output_first: needs model.pretrained, no model.dense and train.objective last; set it to auto or "
            "false"
        )
    if len(set(train.teachers)) < len(train.teachers):
        yield f"train.teachers: must not contain a teacher twice, got {train.teachers}; use train.teacher_weights"
    if train.crops and not train.teachers:
        yield f"train.crops: requires train.teachers, because crops have no labels, got {train.crops} without teachers"
    if train.teacher_weights is not None and len(train.teacher_weights) != len(train.teachers):
        yield (
            f"train.teacher_weights: needs one weight for each of the {len(train.teachers)} train.teachers, got "
            f"{len(train.teacher_weights)}; set it to null for equal weights"
        )
    if train.patience is not None and train.monitor == "last":
        yield "train.patience: needs train.monitor accuracy or loss, got last"
    if train.patience is not None and not train.validation_split:
        yield f"train.patience: needs validation reviews, but train.validation_split is {train.validation_split}"
