"""Own what a sweep's YAML may say: the config that trials start from, the keys that they vary, and the budget."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from imdb_gru.config.loading import SWEEP, apply_override, build_config, read_yaml, refuse, validate
from imdb_gru.config.schema import Config, Count, Section, WholeConfig
from imdb_gru.errors import ConfigError
from imdb_gru.text.neutral import neutralise, show_value

Bounds = Annotated[list[int | float], Field(min_length=2, max_length=2)]

SETTLED = {
    "task": "a sweep is of classifiers",
    "data": "trials are judged on the same reviews: name them in base, or with --data",
    "train.seed": "it holds reviews out, the same for all trials; finalists.seeds says how many the finalists get",
    "train.validation_split": "it holds reviews out, the same for all trials",
    "train.monitor": "metric says what is best",
}
"""Keys that a sweep cannot vary, and why."""


class Dimension(Section):
    """The values that a key may take: one of the three."""

    choice: Annotated[list[Any], Field(min_length=1)] | None = None
    range: Bounds | None = None
    """The lowest and the highest value; all between are as likely. Whole numbers where both are."""
    log_range: Bounds | None = None
    """The same, but as many values between 1 and 10 as between 10 and 100."""

    @property
    def bounds(self) -> list[Any]:
        """Return the lowest and the highest value, or all choices."""
        return self.choice or self.range or self.log_range or []

    @property
    def whole(self) -> bool:
        """Tell whether a range is one of whole numbers."""
        return all(isinstance(value, int) for value in self.bounds)

    def find_mistakes(self) -> Iterator[str]:
        """Yield what is wrong with the dimension, whatever its key."""
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            yield f"give one of choice, range and log_range, got {', '.join(given) or 'none'}"
        elif self.choice is None and self.bounds[0] >= self.bounds[1]:
            yield f"{given[0]}: the first should be less than the second, got {self.bounds}"
        elif self.log_range is not None and self.bounds[0] <= 0:
            yield f"log_range: both should be more than 0, got {self.bounds}"


class AshaConfig(Section):
    """When a trial is stopped early: asynchronous successive halving (Li et al. 2020)."""

    grace: Count = 1
    """Epochs that every trial gets."""
    reduction: Annotated[int, Field(ge=2)] = 3
    """Of the trials that come so far, one in so many goes on to as many times the epochs."""


class FinalistsConfig(Section):
    """How the best trials, and the base with them, are judged once more."""

    count: Count = 3
    seeds: Count = 3
    """Trainings of each: the trial's own, and others whose seeds hold other reviews out."""


class SweepConfig(WholeConfig):
    """All that a sweep needs to know beside the reviews themselves."""

    command: ClassVar[str] = "sweep"

    task: Literal["sweep"] = "sweep"
    base: Annotated[dict[str, Any], Field(default_factory=dict)]
    """The config that every trial starts from, and that is trial 0 as it stands."""
    space: Annotated[dict[str, Dimension], Field(min_length=1)]
    """The values of each key that is searched, by its dotted path."""
    search: Literal["optuna", "random"] = "optuna"
    """optuna learns from the trials so far (TPE, Bergstra et al. 2011); random does not."""
    metric: Literal["accuracy", "loss"] = "accuracy"
    """The validation figure that is made best."""
    trials: Count | None = 20
    minutes: Annotated[float, Field(gt=0)] | None = None
    """The search ends after so many, the finalists' trainings come on top; null is no limit."""
    cpus: Count | None = None
    """Cores of a trial; null is one."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Of the search; that of the trainings is base's train.seed."""
    asha: AshaConfig | None = AshaConfig()
    """null trains all trials to their last epoch."""
    finalists: FinalistsConfig | None = FinalistsConfig()
    """null takes the best trial."""

    def build_trial(self, values: Mapping[str, Any], seed: int | None = None) -> Config:
        """Build the config of a trial of these values; raises `ConfigError` where they do not go together."""
        given = copy.deepcopy(self.base)
        for key, value in {**values, "train.monitor": self.metric}.items():
            _put(given, key, value)
        if seed is not None:
            _put(given, "train.seed", seed)
        return build_config(given, "the trial's config")

    def replace_base(self, values: Mapping[str, Any]) -> "SweepConfig":
        """Return the sweep with other values in its base."""
        base = copy.deepcopy(self.base)
        for key, value in values.items():
            _put(base, key, value)
        return self.model_copy(update={"base": base})

    def read_values(self, config: Config) -> dict[str, Any]:
        """Return the values that a trial's config has of the keys that are searched."""
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


def load_sweep(path: Path, overrides: Iterable[str] = (), budget: Mapping[str, Any] | None = None) -> SweepConfig:
    """Read a sweep and apply `section.key=value` overrides to its base; raises `ConfigError` with all errors at once.

    Every value of a choice, and both ends of a range, are tried in the base; `budget` replaces keys of the sweep.
    """
    values = {**read_yaml(path), **(budget or {})}
    if values.get("task", SWEEP) != SWEEP or "space" not in values:
        raise ConfigError(f"{path} is no sweep: it needs task: {SWEEP}, and a space of keys, as configs/sweep.yaml has")
    base = values.get("base") or {}
    if isinstance(base, str):
        base = read_yaml(Path(base).expanduser())
    if isinstance(base, dict):
        for override in overrides:
            apply_override(base, override)
    sweep = validate(lambda: SweepConfig.model_validate({**values, "base": base}), str(path), SweepConfig)
    build_config(sweep.base, f"the base of {path}")
    refuse(_find_mistakes(sweep), str(path))
    return sweep


def _find_mistakes(sweep: SweepConfig) -> Iterator[str]:
    if sweep.trials is None and sweep.minutes is None:
        yield "trials: set it, or minutes, so that the search ends"
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
        yield "is no dotted key, such as train.learning_rate"
        return
    for value in dimension.bounds:
        try:
            found = _get(sweep.build_trial({key: value}).model_dump(), key)
        except ConfigError as error:
            yield " ".join(str(error).partition("\n")[2].split()).removeprefix(f"{key}: ")
        else:
            if isinstance(found, dict):
                yield f"is a section of keys, got {show_value(value)}: search the keys in it"
