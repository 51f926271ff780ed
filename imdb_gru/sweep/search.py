"""The search for a better config, as run by `imdb-gru sweep`."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imdb_gru.cluster.connection import check_ray, connect
from imdb_gru.comparison.comparing import compare
from imdb_gru.comparison.results import Comparison
from imdb_gru.config import Config, DataConfig
from imdb_gru.config.sweep import SweepConfig, load_sweep
from imdb_gru.errors import ImdbGruError, RunError
from imdb_gru.events import Notice, Observer, ignore
from imdb_gru.runs.catalogue import check_writable
from imdb_gru.runs.run import Run
from imdb_gru.sources import open_source
from imdb_gru.sweep.outcome import RESULTS
from imdb_gru.system.lock import claim
from imdb_gru.system.writing import UNFINISHED
from imdb_gru.tasks.configs import merge_data, prepare_config

FOLDER = Path("runs/sweep")
FILE, BEST = "sweep.yaml", "best.yaml"


def plan_sweep(
    source: str | Path = "sweep",
    *,
    data: str | Path | DataConfig | None = None,
    overrides: Mapping[str, Any] | None = None,
    budget: Mapping[str, Any] | None = None,
) -> SweepConfig:
    """Load a sweep, and check every choice and both ends of each range, without training anything.

    `overrides` replaces keys of the base config, and `budget` replaces keys of the sweep, such as `{"trials": 10}`.
    Raises `ConfigError`.
    """
    config = load_sweep(source, merge_data(overrides, data), budget)
    base = config.build_trial({})
    if base.data.path:
        open_source(base.data)
    complete = prepare_config(Config, base, None, None)  # makes its paths valid on every node and in later commands
    values = {
        "data.path": complete.data.path,
        "model.pretrained": complete.model.pretrained,
        "train.teachers": complete.train.teachers,
    }
    return config.replace_base(values) if complete != base else config


def sweep(
    source: str | Path = "sweep",
    *,
    data: str | Path | DataConfig | None = None,
    overrides: Mapping[str, Any] | None = None,
    budget: Mapping[str, Any] | None = None,
    folder: str | Path = FOLDER,
    overwrite: bool = False,
    address: str | None = None,
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Run a sweep in a folder: train the trials, then the finalists with several seeds; return all results.

    `source`, `data`, `overrides` and `budget` are as in `plan_sweep`. `address` names a Ray cluster; if it is not
    given, the sweep uses this machine's cores. The best config is written to the folder. Ctrl-C stops the sweep, and
    `resume_sweep` resumes it. In the results, `comparison` is a `Comparison` of the finalists, or None. Needs the `ray`
    extra.
    """
    check_ray("imdb-gru sweep", "optuna")
    check_writable(Path(folder), "hold a sweep", "choose another folder with --into")
    config, folder = plan_sweep(source, data=data, overrides=overrides, budget=budget), Path(folder)
    with claim(folder):
        _clear(folder, overwrite=overwrite)
        return _run(config, folder, address, observer or ignore)


def resume_sweep(
    folder: str | Path,
    *,
    budget: Mapping[str, Any] | None = None,
    address: str | None = None,
    observer: Observer | None = None,
) -> dict[str, Any]:
    """Resume the sweep in a folder, using its stored config with the changes in `budget`; return all results."""
    check_ray("imdb-gru sweep", "optuna")
    folder = Path(folder)
    if not (folder / FILE).is_file():
        raise RunError(f"{folder} is not a sweep, because it has no {FILE}: start one with 'imdb-gru sweep SWEEP'")
    config = plan_sweep(folder / FILE, budget=budget)
    with claim(folder):
        return _run(config, folder, address, observer or ignore)


def _clear(folder: Path, *, overwrite: bool) -> None:
    """Remove an earlier sweep from a folder; raise `RunError` if `overwrite` is false or the folder has other files."""
    if not (folder / FILE).exists():
        if any(not path.name.startswith(UNFINISHED) for path in folder.iterdir()):
            raise RunError(f"{folder} holds files that do not belong to a sweep: choose another folder with --into")
    elif not overwrite:
        raise RunError(
            f"{folder} already holds a sweep: resume it with --resume {folder}, replace it with --overwrite, or choose "
            "another folder with --into"
        )
    for path in folder.glob("trial-*"):
        shutil.rmtree(path, ignore_errors=True)
    for name in (RESULTS, BEST):
        (folder / name).unlink(missing_ok=True)


def _run(config: SweepConfig, folder: Path, address: str | None, observer: Observer) -> dict[str, Any]:
    from imdb_gru.sweep.trials import Sweep

    sweep = Sweep(config, folder)
    corpus = sweep.prepare(observer)
    config, train, validation = sweep.config, len(corpus.train), len(corpus.validation)
    observer(Notice(f"{train} training and {validation} validation reviews, the same for all trials"))
    Run.write_text(folder / FILE, config.to_yaml())
    try:
        with connect(address):
            observer(Notice(f"running trials in {folder} (Ctrl-C stops them, --resume {folder} resumes them)"))
            sweep.search(observer)
            observer(Notice("training the finalists to their last epoch, with all seeds"))
            sweep.train_finalists(observer)
    except KeyboardInterrupt:
        observer(Notice(f"stopped; resume with: imdb-gru sweep --resume {folder}"))
        raise
    figures = sweep.summarise()
    command = f"imdb-gru train --config {folder / BEST}"
    text = f"# The best of {len(figures['trials'])} trials: {command}\n"
    best = config.build_trial(figures["best"]["values"])
    Run.write_text(folder / BEST, text + best.to_yaml())
    return {**figures, "config": str(folder / BEST), "comparison": _compare_finalists(figures, observer)}


def _compare_finalists(figures: Mapping[str, Any], observer: Observer) -> Comparison | None:
    """Compare the finalists' runs on their validation reviews; return None if that is impossible."""
    runs = [Path(figures["sweep"]) / run["run"] for finalist in figures["finalists"] for run in finalist["runs"]]
    if len(runs) < 2:
        return None
    try:
        return compare(runs, split="validation", observer=observer)
    except ImdbGruError as error:  # for example, the sweep varies which reviews are used
        observer(Notice(f"the finalists were not compared: {error}"))
        return None
