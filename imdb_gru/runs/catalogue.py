"""Creating and finding runs, including the models that come with the package."""

import json
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from imdb_gru.config.prediction import PredictionConfig, TaskName
from imdb_gru.errors import RunError
from imdb_gru.runs.run import Run
from imdb_gru.system.escaping import show_value
from imdb_gru.system.reading import read_text
from imdb_gru.system.writing import UNFINISHED

if TYPE_CHECKING:
    from imdb_gru.config import AnyConfig, Config

RUNS = Path("runs")
BUNDLED = "bundled"
"""The name that options and messages use for the models that come with the package."""
BUNDLED_CLASSIFIER = "bundled-classifier"
"""The value of `model.pretrained` for the bundled classifier; there, `bundled` is the bundled next-word model."""
BUNDLE = Path(__file__).parent.parent / BUNDLED


class BundledRun(Run):
    """A model that comes with the package: the classifier, or the next-word model that its training started from.

    The two models share a vocabulary. Their weights are stored compactly, and neither has a `model.keras` or a history.
    """

    def __init__(self, task: TaskName, folder: Path | None = None) -> None:
        folder = folder or BUNDLE
        super().__init__(folder / task)
        self.vocabulary_path = folder / "vocabulary.json"
        self.prediction_path = self.path / "prediction.json"
        """The part of the config that prediction needs, which was checked when the model was bundled."""
        self.sealed_paths = (self.config_path, self.vocabulary_path, self.weights_path, *self.optional_paths)
        if task == "sentiment":
            self.base = BundledRun("next_word", folder)

    def __str__(self) -> str:
        """Return the name used for the run in messages and results."""
        return BUNDLED

    def keep_prediction_config(self) -> None:
        """Write the part of a classifier's config that prediction needs."""
        values = PredictionConfig.select(self.load_config()).to_dict()
        self.write_text(self.prediction_path, json.dumps(values, indent=2) + "\n")

    def load_prediction_config(self) -> "Config | PredictionConfig":
        """Read the part of the config that prediction needs; if it has no separate file, read the complete config."""
        if not self.prediction_path.is_file():
            return self.load_config()
        return PredictionConfig.restore(json.loads(read_text(self.prediction_path)))


def check_free(path: Path, *, overwrite: bool) -> None:
    """Raise `RunError` if a new run cannot be written to `path`."""
    check_writable(path, "be replaced", "choose another folder with --run")
    if not path.is_dir():
        if path.exists():
            raise RunError(f"{path} is a file: choose a folder with --run")
    elif (path / "config.yaml").exists():
        if not overwrite:
            raise RunError(
                f"{path} already contains a run: choose another folder with --run, or replace the run with --overwrite"
            )
    elif any(not file.name.startswith(UNFINISHED) for file in path.iterdir()):
        raise RunError(f"{path} contains files that do not belong to a run: choose another folder with --run")


def choose_path(config: "AnyConfig") -> Path:
    """Return a path for a new run; its name contains the current time, the cell and the number of units."""
    stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{config.model.cell}{config.model.units}"
    path = RUNS / stamp
    number = 2
    while path.exists():
        path = RUNS / f"{stamp}-{number}"
        number += 1
    return path


def create_run(path: Path | None, config: "AnyConfig", *, overwrite: bool = False) -> Run:
    """Create a run directory at `path`, or at a new path if `path` is None. Raises `RunError` if that fails."""
    path = path or choose_path(config)
    check_free(path, overwrite=overwrite)
    run = Run(path)
    try:
        for file in (run.metrics_path, run.checkpoint_path, *run.sealed_paths):
            if file != run.config_path:  # this still marks the folder as a run if the process is killed here
                file.unlink(missing_ok=True)
        shutil.rmtree(run.path / "tensorboard", ignore_errors=True)
        path.mkdir(parents=True, exist_ok=True)
        run.write_text(run.config_path, config.to_yaml())
    except OSError as error:
        raise RunError(f"cannot write the run {path}: {error.strerror}") from error
    return run


def find_run(path: str | Path | None, task: TaskName = "sentiment") -> Run:
    """Open the run at `path`; by default, the newest complete run under `runs/` or, without one, the bundled model.

    Raises `TypeError` if `path` is neither a path nor None. Raises `RunError` if there is no complete run at `path` or,
    without a path, if there is neither a complete run nor a bundled model.
    """
    if path is not None:
        if not isinstance(path, str | Path):
            raise TypeError(f"a run must be given as a path, got {show_value(path)}")
        path = Path(path).expanduser()
    if path is not None and not is_bundled(path):
        if not path.is_dir():
            raise RunError(f"there is no run at {path}: 'imdb-gru runs' lists the runs under runs/")
        run = Run(path)
        run.check_complete()
        return run
    if path is None:
        for run in reversed(list_runs()):
            if run.task == task and run.state == "complete":
                return run
    bundled = BundledRun(task)
    if not bundled.config_path.is_file():
        from imdb_gru.config import KINDS

        kind = KINDS[task]
        raise RunError(
            f"there is no complete run of {kind.model_name} under {RUNS}{os.sep}: start one with 'imdb-gru "
            f"{kind.command}' ('imdb-gru {kind.command} --data sample' takes seconds), or choose one with --run DIR"
        )
    return bundled


def is_bundled(path: Path) -> bool:
    """Return whether a path is the name of the bundled models; a folder with this name takes precedence."""
    return path == Path(BUNDLED) and not path.is_dir()


def locate_run(path: Path, task: TaskName = "sentiment") -> Run:
    """Open the run at `path`, whatever its state, or the bundled model for the task if `path` is `bundled`."""
    return BundledRun(task) if is_bundled(path) else Run(path)


def find_runs(path: Path) -> list[Run]:
    """Return the run at `path`, whatever its state, or both bundled models if `path` is `bundled`."""
    tasks: tuple[TaskName, ...] = ("sentiment", "next_word") if is_bundled(path) else ("sentiment",)
    return [locate_run(path, task) for task in tasks]


def check_writable(path: Path, deed: str, advice: str) -> None:
    """Raise `RunError` if the path is the name of the bundled models, which cannot be changed.

    `deed` completes the message "it cannot …", for example with "be resumed"; `advice` says what to do instead.
    """
    if path == Path(BUNDLED):
        raise RunError(f"{BUNDLED} is the model that comes with the package; it cannot {deed}: {advice}")


def list_runs(folder: Path = RUNS) -> list[Run]:
    """List the runs in a folder, whatever their state, oldest first."""
    runs = [Run(path) for path in folder.iterdir() if (path / "config.yaml").is_file()] if folder.is_dir() else []
    return sorted(runs, key=_modified)


def _modified(run: Run) -> tuple[float, str]:
    marker = run.metrics_path if run.metrics_path.exists() else run.config_path
    return marker.stat().st_mtime, run.path.name
