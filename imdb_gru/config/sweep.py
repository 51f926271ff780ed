"""The config of a sweep: the base config of its trials, the keys to search, the values to try, and the budget."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, WithJsonSchema

from imdb_gru.config.complaints import SCRATCH
from imdb_gru.config.loading import (
    SWEEP,
    apply_overrides,
    build_any_config,
    build_config,
    describe_source,
    read_values,
    refuse,
    validate,
)
from imdb_gru.config.schedule import FITTED, fit_schedule
from imdb_gru.config.schema import NGRAMS, AnyConfig, Config, Count, Section, WholeConfig
from imdb_gru.errors import ConfigError
from imdb_gru.system.escaping import neutralise, show_value

Bounds = Annotated[list[int | float], Field(min_length=2, max_length=2)]

SETTLED = {
    "task": "a sweep trains classifiers only",
    "data": "all trials are evaluated on the same reviews; choose them in base or with --data",
    "train.seed": "it chooses the validation reviews, which all trials share; finalists are trained with several seeds",
    "train.validation_seed": "the validation reviews are the same for all trials",
    "train.validation_split": "the validation reviews are the same for all trials",
    "train.monitor": "the key 'metric' decides which trial is best",
}
"""The keys that a sweep cannot search, and the reason for each."""


class Dimension(Section):
    """The values to try for a key, given as 'choice', 'range' or 'log_range'."""

    choice: Annotated[list[Any], Field(min_length=1)] | None = None
    range: Bounds | None = None
    """The lowest and highest values; all values from one to the other are equally likely.

    If both are integers, only integers are tried.
    """
    log_range: Bounds | None = None
    """The lowest and highest values on a log scale: a value from 1 to 10 is as likely as one from 10 to 100."""

    @property
    def bounds(self) -> list[Any]:
        """Return the lowest and highest values of a range, or all values of a choice."""
        return self.choice or self.range or self.log_range or []

    @property
    def whole(self) -> bool:
        """Return whether all values in `bounds` are integers."""
        return all(isinstance(value, int) for value in self.bounds)

    def find_mistakes(self) -> Iterator[str]:
        """Yield an error message for each mistake that can be found without knowing which key the values are for."""
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            yield f"give exactly one of choice, range and log_range, got {', '.join(given) or 'none'}"
        elif self.choice is None and self.bounds[0] >= self.bounds[1]:
            yield f"{given[0]}: the first value must be less than the second, got {self.bounds}"
        elif self.log_range is not None and self.bounds[0] <= 0:
            yield f"log_range: both values must be greater than 0, got {self.bounds}"


class AshaConfig(Section):
    """How unpromising trials are stopped early: asynchronous successive halving (Li et al. 2020)."""

    grace: Count = 1
    """The number of epochs for which every trial is trained before it can be stopped."""
    reduction: Annotated[int, Field(ge=2)] = 3
    """The reduction factor n.

    After each stage, only the best 1/n of the trials are trained further, until they have completed n times as many
    epochs.
    """


class FinalistsConfig(Section):
    """How the best trials and the base are evaluated again, with several seeds."""

    count: Count = 3
    """How many of the best trials become finalists, which are evaluated again."""
    seeds: Count = 3
    """The number of seeds with which each finalist is trained.

    Each seed selects different validation reviews, unless train.validation_seed is set in base.
    """


class SweepConfig(WholeConfig):
    """All settings of a sweep."""

    command: ClassVar[str] = "sweep"

    task: Literal["sweep"] = "sweep"
    """The task; 'sweep' means searching for the best config of a classifier."""
    base: Annotated[
        dict[str, Any], Field(default_factory=dict), WithJsonSchema({"type": ["object", "string"], "default": {}})
    ]
    """The config of trial 0, which all other trials modify: a section of keys, or the path or name of a config."""
    space: Annotated[dict[str, Dimension], Field(min_length=1)]
    """The values to try for each dotted key."""
    search: Literal["optuna", "random"] = "optuna"
    """The search method: 'optuna' learns from earlier trials (TPE, Bergstra et al. 2011); 'random' does not."""
    metric: Literal["accuracy", "loss"] = "accuracy"
    """The validation metric to improve."""
    trials: Count | None = 20
    """The maximum number of trials; null means no limit."""
    minutes: Annotated[float, Field(gt=0)] | None = None
    """The maximum search time in minutes, not counting the training of the finalists; null means no limit."""
    cpus: Count | None = None
    """The number of cores per trial; null means one."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """The seed of the search; the trials themselves use train.seed from base."""
    asha: AshaConfig | None = AshaConfig()
    """How unpromising trials are stopped early; null means that all trials are trained to the last epoch."""
    finalists: FinalistsConfig | None = FinalistsConfig()
    """How the best trials are evaluated again; null means that they are not evaluated again."""

    def build_trial(self, values: Mapping[str, Any], seed: int | None = None) -> Config:
        """Build the config of a trial with these values, or raise `ConfigError` if it is invalid."""
        given = copy.deepcopy(self.base)
        for key, value in {**values, "train.monitor": self.metric}.items():
            _put(given, key, value)
        if seed is not None:
            _put(given, "train.seed", seed)
        return _build_config(given, "the trial's config")

    def resolve(self) -> "SweepConfig":
        """Return a copy of the sweep whose base is a complete config, with defaults for all missing keys."""
        return self.model_copy(update={"base": self.build_trial({}).model_dump(mode="json")})

    def replace_base(self, values: Mapping[str, Any]) -> "SweepConfig":
        """Return a copy of the sweep with new values for dotted keys of its base."""
        base = copy.deepcopy(self.base)
        for key, value in values.items():
            _put(base, key, value)
        return self.model_copy(update={"base": base})

    def fit(self, reviews: int, validation: int) -> "SweepConfig":
        """Return a copy of the sweep whose base has a schedule for this many training and validation reviews."""
        train = fit_schedule(self.build_trial({}), reviews, validation).train
        return self.replace_base({f"train.{key}": getattr(train, key) for key in FITTED})

    def read_values(self, config: Config) -> dict[str, Any]:
        """Return the values that a trial's config has for the keys to search."""
        return {key: _get(config.model_dump(), key) for key in self.space}


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    *sections, last = key.split(".")
    for section in sections:
        inner = values.get(section)
        if not isinstance(inner, dict):
            inner = values[section] = {}
        values = inner
    values[last] = value


def _get(values: dict[str, Any], key: str) -> Any:
    for part in key.split("."):
        values = values[part]
    return values


def load_sweep(
    source: str | Path,
    overrides: Mapping[str, Any] | None = None,
    budget: Mapping[str, Any] | None = None,
) -> SweepConfig:
    """Load a sweep and override keys of its base, or raise a `ConfigError` that lists all errors.

    `source` is the path to a YAML file or the name of a sweep that comes with the package; `overrides` maps dotted
    keys in the base to values, such as `{"train.epochs": 2}`; `budget` replaces keys of the sweep itself, such as
    `trials`. To check the space, each value of a choice and both ends of each range are set in the base, one at a time.
    """
    return _build_sweep({**read_values(source), **(budget or {})}, describe_source(source), overrides or {})


def load_config_or_sweep(
    source: str | Path | None = None, overrides: Mapping[str, Any] | None = None
) -> AnyConfig | SweepConfig:
    """Load a sweep or a config for any task; `overrides` sets keys of the config or of the sweep's base."""
    values, name = read_values(source), describe_source(source)
    if values.get("task") == SWEEP or ("task" not in values and "space" in values):
        return _build_sweep(values, name, overrides or {})
    apply_overrides(values, overrides or {})
    return build_any_config(values, name)


def _build_sweep(values: dict[str, Any], name: str, overrides: Mapping[str, Any]) -> SweepConfig:
    if values.get("task", SWEEP) != SWEEP or "space" not in values:
        raise ConfigError(
            f"{name} is not a sweep: it needs 'task: {SWEEP}' and a 'space' section, as in the config 'sweep'"
        )
    base = values.get("base") or {}
    if isinstance(base, str):
        base = read_values(base)
    if isinstance(base, dict):
        apply_overrides(base, overrides)
    sweep = validate(lambda: SweepConfig.model_validate({**values, "base": base}), name, SweepConfig)
    _build_config(sweep.base, f"the base of {name}")
    refuse(_find_mistakes(sweep), name)
    return sweep


def _build_config(values: dict[str, Any], origin: str) -> Config:
    """Build a config from a base; error messages suggest changes to the sweep instead of command-line options."""
    try:
        return build_config(values, origin)
    except ConfigError as error:
        raise ConfigError(str(error).replace(f"use {SCRATCH}", "use base: scratch")) from error


def _find_mistakes(sweep: SweepConfig) -> Iterator[str]:
    if sweep.trials is None and sweep.minutes is None:
        yield "trials: must be set if 'minutes' is not set; otherwise, the search would never end"
    train, seeds = sweep.build_trial({}).train, sweep.finalists.seeds if sweep.finalists else 1
    if set(train.teachers) - {NGRAMS} and seeds > 1 and train.validation_seed is None:
        yield (
            "base: with train.teachers, all seeds of a finalist must use the same validation reviews; set "
            f"train.validation_seed to the teachers' value, such as {train.seed}, or finalists.seeds to 1"
        )
    for key, dimension in sweep.space.items():
        name = f"space.{neutralise(key)}"
        reason = next((why for settled, why in SETTLED.items() if f"{key}.".startswith(f"{settled}.")), None)
        if reason:
            yield f"{name}: cannot be searched: {reason}"
            continue
        mistakes = list(dimension.find_mistakes()) or dict.fromkeys(_try_values(sweep, key, dimension))
        yield from (f"{name}: {mistake}" for mistake in mistakes)


def _try_values(sweep: SweepConfig, key: str, dimension: Dimension) -> Iterator[str]:
    if not all(key.split(".")):
        yield "is not a dotted key, such as train.learning_rate"
        return
    for value in dimension.bounds:
        try:
            found = _get(sweep.build_trial({key: value}).model_dump(), key)
        except ConfigError as error:
            for complaint in str(error).splitlines()[1:] or [str(error)]:
                yield complaint.strip().removeprefix(f"{key}: ")
        else:
            if isinstance(found, dict):
                yield f"is a section of keys, got {show_value(value)}: search the keys in it"
