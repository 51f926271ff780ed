"""The comparison of complete runs, or of models that are trained in order to be compared."""

import contextlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from imdb_gru.comparison.candidates import (
    CACHE,
    LINEAR,
    MODELS,
    RESULT,
    Candidate,
    build_candidates,
    build_models,
    check_folder,
    check_models,
    check_seeds,
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
from imdb_gru.sources import open_source
from imdb_gru.sources.review import Review
from imdb_gru.system.escaping import show_value
from imdb_gru.system.lock import claim
from imdb_gru.tasks.configs import prepare_config
from imdb_gru.tasks.evaluation import choose_reviews

CONFIG = "scratch"
SEEDS = 3
FOLDER = Path("runs/compare")
SETTLED = {
    "model.cell": "the models to compare determine the cells",
    "model.pretrained": "all cells start from random weights; to compare pretrained models, give several configs, or "
    "complete runs",
}
"""Keys that the user cannot set for a comparison of cells, each with the reason."""

OneConfig = str | Path | Config
Configs = OneConfig | Sequence[str | Path] | Mapping[str, OneConfig]


def compare(
    runs: Sequence[str | Path | Run] = (),
    *,
    config: Configs = CONFIG,
    models: Sequence[str] | None = None,
    seeds: int | Sequence[int] = SEEDS,
    engine: str | None = None,
    data: str | Path | DataConfig | None = None,
    overrides: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    split: str | None = None,
    observer: Observer | None = None,
) -> Comparison:
    """Compare complete runs, or train and compare models, on the same reviews; return all metrics.

    If `runs` is not given, train every model once with each seed, and save the models in `folder` (default
    `runs/compare`). `seeds` is a list of seeds, or an integer n, which means the seeds 0 to n - 1. With one config,
    `models` is a list of cells, which can include `linear` for the baseline (default: all cells and `linear`); the
    networks start from random weights. `config` can also be a list of configs, or a mapping from names to configs. Each
    is then trained as it is or, if `models` contains cells, with each of these cells; `linear` in `models` adds the
    baseline. `engine`, such as `keras`, replaces `train.engine` in the configs.

    Complete models in the folder are used as they are, and unfinished ones are resumed. Each model is trained in a
    separate process, so a script must call this function inside `if __name__ == "__main__":`. If `runs` is given, runs
    that differ only in their seed count as one model; `folder` is optional and receives comparison.json and the
    predictions.

    `data` takes the same values as `--data`. `split` defaults to the test split, or to the validation reviews if the
    data has no test split. `observer` is called with each event. Raises `ConfigError`, `DataError`, `RunError` or
    `MissingExtraError`, and `KeyboardInterrupt` if the comparison is stopped; repeat the call to resume it.
    """
    if isinstance(runs, str | Path | Run):
        raise TypeError(f"compare takes several runs, but got only one ({str(runs)!r}): give a list of runs")
    observer = observer or ignore
    if runs:
        if (config, models, seeds, engine, overrides or None) != (CONFIG, None, SEEDS, None, None):
            raise ConfigError("runs are compared as they are: leave out config, models, seeds, engine and overrides")
        _check_extra("scipy")
        place = None if folder is None else Path(folder).expanduser()
        candidates = open_candidates(runs, same_data=data is None)
    else:
        _check_extra("scipy", "sklearn")
        place = FOLDER if folder is None else Path(folder).expanduser()
        settings = {**(overrides or {}), **({} if engine is None else {"train.engine": engine})}
        candidates = _plan(config, models, seeds, data, settings, place)
        data = None  # the candidates' configs already contain it
    if place:
        check_folder(place, {candidate.model for candidate in candidates})
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


def _check_extra(*packages: str) -> None:
    if not all(importlib.util.find_spec(package) for package in packages):
        raise MissingExtraError("Comparing models", "compare")


def _plan(
    config: Configs,
    models: Sequence[str] | None,
    seeds: int | Sequence[int],
    data: str | Path | DataConfig | None,
    overrides: Mapping[str, Any],
    folder: Path,
) -> list[Candidate]:
    """Return the candidates to train, or raise `ConfigError` if an argument is not valid for a comparison."""
    sources = _name_configs(config)
    if models is None:
        models = MODELS if len(sources) == 1 else ()
    check_models(models)
    chosen = check_seeds(seeds)
    if "train.seed" in overrides:
        raise ConfigError("train.seed cannot be set for a comparison: choose the seeds with --seeds, such as 1,5,7")
    changed = any(model != LINEAR for model in models)
    for key in SETTLED if changed else ():
        if key in overrides:
            raise ConfigError(f"{key} cannot be set for a comparison: {SETTLED[key]}")
    settings = {**overrides, **({"model.pretrained": None} if changed else {})}
    configs = {name: prepare_config(Config, source, data, settings) for name, source in sources.items()}
    return build_candidates(build_models(configs, models), chosen, folder)


def _name_configs(config: Configs) -> dict[str, OneConfig]:
    """Return a mapping from names to configs; if `config` is not a mapping, each config is named after its file."""
    if isinstance(config, Mapping):
        named = dict(config)
    else:
        sources = [config] if isinstance(config, str | Path | Config) else list(config)
        named = {}
        for source in sources:
            name = "config" if isinstance(source, Config) else Path(source).stem
            if isinstance(source, Config) and len(sources) > 1:
                raise ConfigError("a Config object has no name: give a mapping from names to configs")
            if source in named.values():
                raise ConfigError(f"the config {source} is given twice")
            if name in named:
                raise ConfigError(f"{named[name]} and {source} are both called {name}: rename one of the files")
            named[name] = source
    if not named:
        raise ConfigError("a comparison needs a config, got none")
    for name in named:
        if name == LINEAR or not name or Path(name).name != name:
            raise ConfigError(f"a config cannot be called {show_value(name)} in a comparison: choose another name")
    return named


def _train(candidates: Sequence[Candidate], observer: Observer) -> None:
    """Train the candidates that are not yet complete, one after another."""
    states = [find_state(candidate) for candidate in candidates]
    for data in {str(candidate.config.data): candidate.config.data for candidate in candidates}.values():
        open_source(data)  # reports missing data before any training
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
