"""The models that are compared, and their state on disk."""

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from imdb_gru.cells import CELLS
from imdb_gru.comparison.baseline import Baseline
from imdb_gru.config import Config, build_config
from imdb_gru.config.schema import AUTO
from imdb_gru.errors import ConfigError, RunError
from imdb_gru.runs.catalogue import check_writable
from imdb_gru.runs.run import Run
from imdb_gru.system.escaping import show_value
from imdb_gru.system.frames import flatten
from imdb_gru.tasks.evaluation import open_model

LINEAR = "linear"
MODELS = (*CELLS, LINEAR)
RESULT = "comparison.json"
CACHE = "predictions"
"""Name of the folder in which a comparison stores the predictions of its networks."""

SEEDED = re.compile(r"(.+?)[-_.]?(?:seed[-_.]?|s)?\d+")
"""Pattern that matches a folder name ending in a seed."""

CandidateState = Literal["new", "unfinished", "complete"]


@dataclass(frozen=True)
class Candidate:
    """A model that is trained with one seed, and its folder."""

    model: str
    """Name of the model; candidates that differ only in their seed have the same name."""
    config: Config
    result: Run | Baseline

    @property
    def path(self) -> Path:
        """Return the candidate's folder."""
        return self.result.path

    @property
    def seed(self) -> int:
        """Return the seed for the weights and for the choice of validation reviews."""
        return self.config.train.seed

    def __str__(self) -> str:
        """Return the name used for the candidate in messages and results."""
        return str(self.result)


def build_candidates(models: Mapping[str, Config], seeds: Sequence[int], folder: Path) -> list[Candidate]:
    """Build the candidates: every model with the first seed, then with the second seed, and so on."""
    candidates = []
    for seed in seeds:
        for model, config in models.items():
            path = folder / f"{model}-{seed}"
            seeded = config.model_copy(update={"train": config.train.model_copy(update={"seed": seed})})
            candidates.append(Candidate(model, seeded, Baseline(path) if model == LINEAR else Run(path)))
    return candidates


def build_models(configs: Mapping[str, Config], models: Sequence[str]) -> dict[str, Config]:
    """Return the configs of the models to be trained, keyed by model name.

    Each config is trained with each of the cells in `models`, from random weights. If `models` names no cell, each
    config is trained as it is. The linear baseline is fitted once, to the reviews that all configs share. Raises
    `ConfigError` if a config is not valid for a cell, if there are fewer than two models, or if the configs use
    different reviews.
    """
    (first, shared), *others = configs.items()
    for name, config in others:
        if changes := list(_find_changes(_list_choices(shared), _list_choices(config))):
            raise ConfigError(
                f"{first} and {name} use different reviews ({'; '.join(changes)}): choose the same reviews for both "
                "with --set"
            )
    cells = [model for model in models if model != LINEAR]
    named: dict[str, Config] = {}
    for name, config in configs.items():
        for cell in cells:
            named[cell if len(configs) == 1 else f"{name}-{cell}"] = _adapt(config, cell)
        if not cells:
            named[name] = config
    if LINEAR in models:
        named[LINEAR] = _adapt(shared, "gru", LINEAR)
    if len(named) < 2:
        raise ConfigError(
            f"a comparison needs at least two models, got {', '.join(named)}: choose from {', '.join(MODELS)} with "
            "--models, or repeat --config"
        )
    order = {name: place for place, name in enumerate(models)}
    return {name: named[name] for name in sorted(named, key=lambda name: order.get(name, 0))}


def _list_choices(config: Config) -> dict[str, Any]:
    """Return the settings, apart from the seed, that determine which reviews are used for training and validation."""
    return config.model_dump(include={"data": True, "train": {"validation_split", "validation_seed"}})


def _adapt(config: Config, cell: str, model: str | None = None) -> Config:
    values = config.model_dump()
    values["model"]["cell"] = cell
    values["model"]["pretrained"] = None
    return build_config(values, f"the config for {model or cell}")


def check_models(models: Sequence[str]) -> None:
    """Raise `ConfigError` unless all names are known and distinct."""
    for model in models:
        if model not in MODELS:
            raise ConfigError(f"unknown model '{model}': choose from {', '.join(MODELS)}")
        if list(models).count(model) > 1:
            raise ConfigError(f"{model} is given twice: list each model only once")


def check_seeds(seeds: int | Sequence[int]) -> list[int]:
    """Return the seeds as a list, given a list or a count; raise `ConfigError` if a seed or the count is invalid."""
    if isinstance(seeds, int):
        if seeds < 1:
            raise ConfigError(f"a comparison needs at least one seed, got {seeds}")
        return list(range(seeds))
    for seed in seeds:
        if not (isinstance(seed, int) and 0 <= seed < 2**32):
            raise ConfigError(f"the seed {show_value(seed)} is not an integer from 0 to {2**32 - 1}")
        if list(seeds).count(seed) > 1:
            raise ConfigError(f"the seed {seed} is given twice: list each seed only once")
    if not seeds:
        raise ConfigError("a comparison needs at least one seed, got none")
    return list(seeds)


def open_candidates(runs: Sequence[str | Path | Run], *, same_data: bool) -> list[Candidate]:
    """Open complete runs as candidates; runs that differ only in their seed form one model, named after the folders.

    Runs on different engines are different models, because their costs differ. If two runs of a model have the same
    seed, the second one counts as a separate model. Raises `RunError` if only one run is given, if a run is incomplete
    or given twice, or if `same_data` is true and the runs were trained on different data.
    """
    opened = [open_model(run) for run in runs]
    if len(opened) < 2:
        raise RunError(
            f"{opened[0]} is the only run given: a comparison needs at least two; to train models instead, give no runs"
        )
    for run, twin in itertools.combinations(opened, 2):
        if run.path.resolve() == twin.path.resolve():
            raise RunError(f"{run} and {twin} are the same run: give different runs")
    configs = [run.load_config() for run in opened]
    for run, config in zip(opened, configs, strict=True):
        if same_data and config.data != configs[0].data:
            changes = "; ".join(_find_changes(configs[0].data.model_dump(), config.data.model_dump(), "data."))
            raise RunError(
                f"{opened[0]} and {run} use different reviews ({changes}): choose the same reviews for both with --data"
            )
    groups = _group_runs(opened, configs)
    names = _name_groups(groups)
    return [
        Candidate(name, config, run)
        for run, config in zip(opened, configs, strict=True)
        for name, group in zip(names, groups, strict=True)
        if run in group
    ]


def _group_runs(runs: Sequence[Run], configs: Sequence[Config]) -> list[list[Run]]:
    """Group runs with the same engine and the same config, apart from the seed; within a group, all seeds differ."""
    groups: list[tuple[Any, set[int], list[Run]]] = []
    for run, config in zip(runs, configs, strict=True):
        seed = config.train.seed
        environment = run.load_metrics().environment
        unseeded = config.model_copy(update={"train": config.train.model_copy(update={"seed": 0})})
        kind = unseeded, environment.get("engine"), environment.get("precision")
        for other, seeds, group in groups:
            if other == kind and seed not in seeds:
                seeds.add(seed)
                group.append(run)
                break
        else:
            groups.append((kind, {seed}, [run]))
    return [group for _, _, group in groups]


def _name_groups(groups: Sequence[Sequence[Run]]) -> list[str]:
    """Name each group by the folder name that its runs share apart from the seed, or else after its first run."""
    names: list[str] = []
    for group in groups:
        folders = [Path(str(run)).resolve().name for run in group]
        stems = {found[1] if (found := SEEDED.fullmatch(folder)) else folder for folder in folders}
        name = stems.pop() if len(group) > 1 and len(stems) == 1 else folders[0]
        names.append(str(group[0].path.resolve()) if name in names or name == LINEAR else name)
    return names


def check_folder(folder: Path, models: Collection[str] = ()) -> None:
    """Raise `RunError` if a comparison of these models cannot be written to a folder."""
    check_writable(folder, "hold a comparison", "choose another folder with --into")
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise RunError(f"{existing} is a file, not a folder: choose a folder with --into")
    if existing != folder:
        return
    names = {path.name for path in folder.iterdir()}
    ours = any(name in (RESULT, CACHE) or name.rpartition("-")[0] in (*MODELS, *models) for name in names)
    if "config.yaml" in names or (names and not ours):
        reason = "is a run" if "config.yaml" in names else "holds files that do not belong to a comparison"
        raise RunError(f"{folder} {reason}: choose another folder with --into")


def find_state(candidate: Candidate) -> CandidateState:
    """Return whether a candidate is new, unfinished or complete, or raise `RunError` if its folder cannot be used."""
    path, result = candidate.path, candidate.result
    if not path.exists():
        return "new"
    if not path.is_dir():
        raise RunError(f"{path} is a file: choose another folder with --into, or remove the file")
    if not any(path.iterdir()) or (isinstance(result, Baseline) and not result.exists()):
        return "new"
    remedy = f"choose another folder with --into, or remove {path}"
    if isinstance(result, Run) and not result.config_path.is_file():
        raise RunError(f"{path} holds files that do not belong to a run: {remedy}")
    if changes := list(_find_changes(result.load_config().model_dump(), candidate.config.model_dump())):
        raise RunError(f"{path} was trained with another config ({'; '.join(changes)}): {remedy}")
    if isinstance(result, Run) and not result.metrics_path.exists():
        return "unfinished"
    if damage := result.find_damage():
        raise RunError(f"{path} is damaged: {damage}; remove the folder to repeat the training")
    return "unfinished" if isinstance(result, Run) and result.load_metrics().interrupted else "complete"


def _find_changes(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> Iterator[str]:
    before = dict(flatten(old, prefix))
    for key, value in flatten(new, prefix):
        if value not in (before[key], AUTO):  # a run stores the value that was chosen for auto
            yield f"{key} is {before[key]}, not {value}"


def pair_candidates(candidates: Sequence[Candidate]) -> list[tuple[Candidate, Candidate]]:
    """Pair candidates of different models if they have the same seed, or if each is its model's only candidate."""
    models: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        models.setdefault(candidate.model, []).append(candidate)
    return [
        (one, other)
        for first, second in itertools.combinations(models.values(), 2)
        for one, other in itertools.product(first, second)
        if one.seed == other.seed or len(first) == len(second) == 1
    ]


def check_training_reviews(candidates: Sequence[Candidate]) -> None:
    """Raise `RunError` if candidates that form a pair have different training or validation reviews."""
    hashes = {candidate.path: candidate.result.load_metrics().data.hash for candidate in candidates}
    for one, other in pair_candidates(candidates):
        if hashes[one.path] != hashes[other.path]:
            raise RunError(
                f"{one} and {other} have different training or validation reviews: retrain "
                "one of them, or compare complete runs on the test split"
            )
