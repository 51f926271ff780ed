"""The models that are compared, and their state on disk."""

import itertools
from collections.abc import Iterator, Sequence
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
from imdb_gru.tasks.evaluation import open_model

LINEAR = "linear"
MODELS = (*CELLS, LINEAR)
RESULT = "comparison.json"
CACHE = "predictions"
"""Name of the folder in which a comparison stores the predictions of its networks."""

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


def build_candidates(config: Config, models: Sequence[str], seeds: int, folder: Path) -> list[Candidate]:
    """Build the candidates: every model with seed 0, then with seed 1, and so on; only cell and seed differ."""
    candidates = []
    for seed in range(seeds):
        for model in models:
            path = folder / f"{model}-{seed}"
            result = Baseline(path) if model == LINEAR else Run(path)
            candidates.append(Candidate(model, _adapt(config, model, seed), result))
    return candidates


def _adapt(config: Config, model: str, seed: int) -> Config:
    values = config.model_dump()
    values["model"]["cell"] = "gru" if model == LINEAR else model
    values["train"]["seed"] = seed
    return build_config(values, f"the config for {model}")


def check_models(models: Sequence[str]) -> None:
    """Raise `ConfigError` unless `models` names at least two different models that can be trained."""
    for model in models:
        if model not in MODELS:
            raise ConfigError(f"unknown model '{model}': choose from {', '.join(MODELS)}")
        if list(models).count(model) > 1:
            raise ConfigError(f"{model} is given twice: choose each model once")
    if len(models) < 2:
        given = models[0] if models else "no model"
        raise ConfigError(f"a comparison needs at least two models, got {given}: choose from {', '.join(MODELS)}")


def open_candidates(runs: Sequence[str | Path | Run], *, same_data: bool) -> list[Candidate]:
    """Open complete runs as candidates; each is a separate model, named after its folder.

    Raises `RunError` if only one run is given, if a run is incomplete or given twice, or, with `same_data`, if the
    runs were trained on different data.
    """
    opened = [open_model(run) for run in runs]
    if len(opened) < 2:
        raise RunError(f"{opened[0]} is only one run: give at least two runs to compare, or none to train models")
    for run, twin in itertools.combinations(opened, 2):
        if run.path.resolve() == twin.path.resolve():
            raise RunError(f"{run} and {twin} are the same run: give different runs")
    candidates: list[Candidate] = []
    names: list[str] = []
    for run in opened:
        name = Path(str(run)).resolve().name
        model = str(run.path.resolve()) if name in names or name == LINEAR else name
        names.append(name)
        candidates.append(Candidate(model, run.load_config(), run))
        first, data = candidates[0], candidates[-1].config.data
        if same_data and data != first.config.data:
            changes = "; ".join(_find_changes(first.config.data.model_dump(), data.model_dump(), "data."))
            raise RunError(
                f"{first} and {run} use different reviews ({changes}): choose the same reviews for both with --data"
            )
    return candidates


def check_folder(folder: Path) -> None:
    """Raise `RunError` if a comparison cannot be written to a folder."""
    check_writable(folder, "hold a comparison", "choose another folder with --into")
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise RunError(f"{existing} is a file, not a folder: choose a folder with --into")
    if existing != folder:
        return
    names = {path.name for path in folder.iterdir()}
    ours = any(name in (RESULT, CACHE) or name.rpartition("-")[0] in MODELS for name in names)
    if "config.yaml" in names or (names and not ours):
        reason = "is a run" if "config.yaml" in names else "holds files that do not belong to a comparison"
        raise RunError(f"{folder} {reason}: choose another folder with --into")


def find_state(candidate: Candidate) -> CandidateState:
    """Return whether a candidate is new, unfinished or complete, or raise `RunError` if its folder cannot be used."""
    path, result = candidate.path, candidate.result
    if not path.exists():
        return "new"
    if not path.is_dir():
        raise RunError(f"{path} is a file: choose another folder with --into, or remove it")
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
        raise RunError(f"{path} is damaged: {damage}; remove it to train it again")
    return "unfinished" if isinstance(result, Run) and result.load_metrics().interrupted else "complete"


def _find_changes(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in new.items():
        if isinstance(value, dict):
            yield from _find_changes(old[key], value, f"{prefix}{key}.")
        elif value not in (old[key], AUTO):  # a run stores the value that was chosen for auto
            yield f"{prefix}{key} is {old[key]}, not {value}"


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
    """Raise `RunError` if the two candidates of a pair have different training or validation reviews."""
    hashes = {candidate.path: candidate.result.load_metrics().data.hash for candidate in candidates}
    for one, other in pair_candidates(candidates):
        if hashes[one.path] != hashes[other.path]:
            raise RunError(
                f"{one} and {other} have different training or validation reviews: train one "
                "of them again, or compare complete runs on the test split"
            )
