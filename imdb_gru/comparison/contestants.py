"""Own who takes part in a comparison, and what of each is there already."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from imdb_gru.cells import CELLS
from imdb_gru.comparison.baseline import Baseline
from imdb_gru.config import Config, build_config
from imdb_gru.errors import RunError
from imdb_gru.run import Run
from imdb_gru.runs import check_writable, find_run, locate_run

LINEAR = "linear"
MODELS = (*CELLS, LINEAR)
RESULT = "comparison.json"
CACHE = "judged"

State = Literal["new", "unfinished", "complete"]


@dataclass(frozen=True)
class Contestant:
    """A model of one seed, and where it stands on disk."""

    model: str
    config: Config
    path: Path

    @property
    def seed(self) -> int:
        """Return the seed of its weights and of its held-out reviews."""
        return self.config.train.seed

    @property
    def result(self) -> Run | Baseline:
        """Return the run, or the linear baseline, that it is on disk."""
        return Baseline(self.path) if self.model == LINEAR else locate_run(self.path)


def build_contestants(config: Config, models: Sequence[str], seeds: int, folder: Path) -> list[Contestant]:
    """Give every model the same config but for the cell, and the seeds from 0; one seed after the other."""
    return [
        Contestant(model, _adapt(config, model, seed), folder / f"{model}-{seed}")
        for seed in range(seeds)
        for model in models
    ]


def _adapt(config: Config, model: str, seed: int) -> Config:
    values = config.model_dump()
    values["model"]["cell"] = "gru" if model == LINEAR else model
    values["train"]["seed"] = seed
    return build_config(values, f"the config for {model}")


def open_runs(paths: Sequence[Path], *, same_data: bool) -> list[Contestant]:
    """Open finished runs as contestants, each a model of its own, named after its folder.

    Raises `RunError` where one is not complete or stands twice, or where `same_data` is asked for and not the case.
    """
    for path, twin in itertools.combinations(paths, 2):
        if path.resolve() == twin.resolve():
            raise RunError(f"{path} and {twin} are the same run: name two different ones")
    names = [path.resolve().name for path in paths]
    contestants: list[Contestant] = []
    for path, name in zip(paths, names, strict=True):
        model = str(path.resolve()) if name in names[: len(contestants)] or name == LINEAR else name
        contestants.append(Contestant(model, find_run(path).load_config(), path))
        first, data = contestants[0], contestants[-1].config.data
        if same_data and data != first.config.data:
            changes = "; ".join(_find_changes(first.config.data.model_dump(), data.model_dump(), "data."))
            raise RunError(
                f"{first.path} and {path} have different reviews ({changes}): name those of both with --data"
            )
    return contestants


def check_folder(folder: Path) -> None:
    """Raise `RunError` where a comparison may not be written."""
    check_writable(folder, "hold a comparison", "choose another folder with --into")
    standing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not standing.is_dir():
        raise RunError(f"{standing} is a file: name a folder with --into")
    if standing != folder:
        return
    names = {path.name for path in folder.iterdir()}
    ours = any(name in (RESULT, CACHE) or name.rpartition("-")[0] in MODELS for name in names)
    if "config.yaml" in names or (names and not ours):
        kind = "is a run" if "config.yaml" in names else "holds other files than a comparison's"
        raise RunError(f"{folder} {kind}: name another folder with --into")


def find_state(contestant: Contestant) -> State:
    """Tell what of a contestant is there; raises `RunError` where something else stands in its place."""
    path, result = contestant.path, contestant.result
    if not path.exists():
        return "new"
    if not path.is_dir():
        raise RunError(f"{path} is a file: name another folder with --into, or remove it")
    if not any(path.iterdir()) or (isinstance(result, Baseline) and not result.exists()):
        return "new"
    remedy = f"name another folder with --into, or remove {path}"
    if isinstance(result, Run) and not result.config_path.is_file():
        raise RunError(f"{path} holds other files than a run's: {remedy}")
    if changes := list(_find_changes(result.load_config().model_dump(), contestant.config.model_dump())):
        raise RunError(f"{path} was trained with another config ({'; '.join(changes)}): {remedy}")
    if isinstance(result, Run) and not result.metrics_path.exists():
        return "unfinished"
    if damage := result.find_damage():
        raise RunError(f"{path} is damaged: {damage}; remove it, and it is trained again")
    return "unfinished" if isinstance(result, Run) and result.load_metrics()["interrupted"] else "complete"


def _find_changes(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in new.items():
        if isinstance(value, dict):
            yield from _find_changes(old[key], value, f"{prefix}{key}.")
        elif old[key] != value:
            yield f"{prefix}{key} {old[key]}, not {value}"


def pair_contestants(contestants: Sequence[Contestant]) -> list[tuple[Contestant, Contestant]]:
    """Pair contestants of different models: those of one seed, or the two of models that have one seed each."""
    models: dict[str, list[Contestant]] = {}
    for contestant in contestants:
        models.setdefault(contestant.model, []).append(contestant)
    return [
        (one, other)
        for first, second in itertools.combinations(models.values(), 2)
        for one, other in itertools.product(first, second)
        if one.seed == other.seed or len(first) == len(second) == 1
    ]


def check_training_reviews(contestants: Sequence[Contestant]) -> None:
    """Raise `RunError` where two that are to be paired were trained on other reviews, or held others out."""
    hashes = {contestant.path: contestant.result.load_metrics()["data"]["hash"] for contestant in contestants}
    for one, other in pair_contestants(contestants):
        if hashes[one.path] != hashes[other.path]:
            raise RunError(
                f"{one.path} and {other.path} were trained on different reviews, or held different ones out: train one "
                "of them again, or judge finished runs on the test split"
            )
