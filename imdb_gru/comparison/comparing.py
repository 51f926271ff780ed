"""The comparison of complete runs, or of models that are trained with one config in order to be compared."""

import contextlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from imdb_gru.comparison.candidates import (
    CACHE,
    MODELS,
    RESULT,
    Candidate,
    build_candidates,
    check_folder,
    check_models,
    check_training_reviews,
    find_state,
    open_candidates,
)
from imdb_gru.comparison.evaluating import evaluate_candidates
from imdb_gru.comparison.events import CandidateChosen, ComparisonStopped
from imdb_gru.comparison.outcome import build_comparison
from imdb_gru.comparison.processes import train_candidate
from imdb_gru.comparison.results import Comparison
from imdb_gru.config import Config, DataConfig
from imdb_gru.errors import ConfigError, MissingExtraError, RunError
from imdb_gru.events import Notice, Observer, ignore
from imdb_gru.runs.run import Run
from imdb_gru.sources.review import Review
from imdb_gru.system.lock import claim
from imdb_gru.tasks.configs import prepare_config
from imdb_gru.tasks.evaluation import choose_reviews

CONFIG = "scratch"
SEEDS = 3
FOLDER = Path("runs/compare")
SETTLED = {
    "model.cell": "the models to compare determine the cells",
    "model.pretrained": "all models start from random weights; to compare pretrained models, give complete runs",
    "train.seed": "the comparison uses as many seeds as you choose, starting from 0",
}
"""Keys that the user cannot set for a comparison, with the reasons."""


def compare(
    runs: Sequence[str | Path | Run] = (),
    *,
    config: str | Path | Config = CONFIG,
    models: Sequence[str] = MODELS,
    seeds: int = SEEDS,
    data: str | Path | DataConfig | None = None,
    overrides: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    split: str | None = None,
    observer: Observer | None = None,
) -> Comparison:
    """Compare complete runs, or train and compare models, on the same reviews; return all metrics.

    If `runs` is not given, train every model from random weights, with one config and the seeds 0 to `seeds` - 1, and
    save the models in `folder` (default `runs/compare`). Complete models in the folder are used as they are, and
    unfinished ones are resumed. Each model is trained in a separate process, so a script must call this function inside
    `if __name__ == "__main__":`. If `runs` is given, `folder` is optional and receives only comparison.json.

    `data` takes the same values as `--data`. `split` defaults to the test split, or to the validation reviews if the
    data has no test split. `observer` is called with each event. Raises `ConfigError`, `DataError`, `RunError` or
    `MissingExtraError`, and `KeyboardInterrupt` if the comparison is stopped; the same call resumes it.
    """
    if isinstance(runs, str | Path | Run):
        raise TypeError(f"compare takes several runs, got {str(runs)!r}: give a list of runs")
    _check_extra()
    observer = observer or ignore
    if runs:
        if (config, tuple(models), seeds, overrides or None) != (CONFIG, MODELS, SEEDS, None):
            raise ConfigError("runs are compared as they are: leave out config, models, seeds and overrides")
        place = None if folder is None else Path(folder).expanduser()
        candidates = open_candidates(runs, same_data=data is None)
    else:
        place = FOLDER if folder is None else Path(folder).expanduser()
        candidates = _plan(config, models, seeds, data, overrides, place)
        data = None  # the candidates' configs already contain it
    if place:
        check_folder(place)
    with claim(place) if place else contextlib.nullcontext():
        if not runs:
            _train(candidates, observer)

        def load(run: Run, split: str | None) -> tuple[str, Sequence[Review]]:
            chosen = choose_reviews(run, data=data, split=split, observer=observer)
            return chosen.split, chosen.reviews

        name, evaluated = evaluate_candidates(candidates, split, load, place / CACHE if place else None)
        comparison = build_comparison(name, evaluated)
        if place:
            _write(comparison, place, observer)
    return comparison


def _check_extra() -> None:
    if not all(importlib.util.find_spec(package) for package in ("sklearn", "scipy")):
        raise MissingExtraError("Comparing models", "compare")


def _plan(
    config: str | Path | Config,
    models: Sequence[str],
    seeds: int,
    data: str | Path | DataConfig | None,
    overrides: Mapping[str, Any] | None,
    folder: Path,
) -> list[Candidate]:
    """Return the candidates to train, or raise `ConfigError` if an argument is not valid for a comparison."""
    check_models(models)
    if seeds < 1:
        raise ConfigError(f"a comparison needs at least one seed, got {seeds}")
    for key in overrides or {}:
        if key in SETTLED:
            raise ConfigError(f"{key} cannot be set for a comparison: {SETTLED[key]}")
    settings = {**(overrides or {}), "model.pretrained": None}
    return build_candidates(prepare_config(Config, config, data, settings), models, seeds, folder)


def _train(candidates: Sequence[Candidate], observer: Observer) -> None:
    """Train the candidates that are not yet complete, one after another."""
    states = [find_state(candidate) for candidate in candidates]
    for number, (candidate, state) in enumerate(zip(candidates, states, strict=True), 1):
        observer(CandidateChosen(number, len(candidates), str(candidate), state))
        if state == "complete":
            continue
        try:
            train_candidate(candidate, state, observer)
        except KeyboardInterrupt:
            observer(ComparisonStopped())
            raise
    check_training_reviews(candidates)


def _write(comparison: Comparison, folder: Path, observer: Observer) -> None:
    path = folder / RESULT
    try:
        folder.mkdir(parents=True, exist_ok=True)
        Run.write_text(path, json.dumps(comparison.to_dict(), indent=2) + "\n")
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror}") from error
    observer(Notice(f"wrote {path}"))
