"""Experiment trackers, which receive the config, the metrics of each epoch and the final metrics of a training run."""

import contextlib
import json
import os
import sqlite3
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import imdb_gru
from imdb_gru.config import AnyConfig
from imdb_gru.errors import ImdbGruError, MissingExtraError
from imdb_gru.events import Notice, Observer, ignore
from imdb_gru.models.timesteps import shorten
from imdb_gru.records import Epoch, Metrics
from imdb_gru.runs.run import Run
from imdb_gru.system.frames import flatten

PROJECT = "imdb-gru"
"""Default name of the MLflow experiment or Weights & Biases project; environment variables can override it."""
SQLITE = "sqlite:///"
LONGEST_REASON = 200
"""Maximum length, in characters, of a tracker's message when it is quoted."""

Ending = Literal["finished", "stopped", "failed"]
"""How training ended: as planned, by Ctrl-C or SIGTERM, or with an error."""


class Tracker(ABC):
    """A tracked run, named after the run directory; constructing a tracker starts or resumes the tracked run."""

    title: ClassVar[str]
    """The tracker's name, as shown to users."""

    @abstractmethod
    def __init__(self, run: Run, config: AnyConfig, known: Mapping[str, str] | None) -> None:
        """Start a tracked run and log the config; if the run is resumed, `known` says which tracked run to resume."""

    @property
    @abstractmethod
    def identity(self) -> dict[str, str]:
        """Return what is needed to resume the tracked run."""

    @abstractmethod
    def log(self, figures: Mapping[str, float], epoch: int) -> None:
        """Log metrics after an epoch."""

    @abstractmethod
    def end(self, figures: Mapping[str, float], epoch: int, ending: Ending) -> None:
        """Log the final metrics, if there are any, and end the tracked run."""


class MLflowTracker(Tracker):
    """An MLflow run, stored at $MLFLOW_TRACKING_URI or, by default, in `mlflow.db` in the current folder."""

    title = "MLflow"
    _statuses: ClassVar[dict[Ending, str]] = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}

    def __init__(self, run: Run, config: AnyConfig, known: Mapping[str, str] | None) -> None:
        """Start or resume the run in the experiment $MLFLOW_EXPERIMENT_NAME, by default imdb-gru."""
        import mlflow
        from mlflow.entities import Param

        self._uri = known["uri"] if known else _make_absolute(mlflow.get_tracking_uri())
        check_database(self._uri)
        self._client = mlflow.MlflowClient(tracking_uri=self._uri)
        if known:
            self._id = known["id"]
            self._client.update_run(self._id, status="RUNNING")
            return
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or PROJECT
        experiment = self._client.get_experiment_by_name(name)
        experiment_id = experiment.experiment_id if experiment else self._client.create_experiment(name)
        tags = {"imdb_gru.run": str(run.path.absolute()), "imdb_gru.version": imdb_gru.__version__}
        self._id = self._client.create_run(experiment_id, tags=tags, run_name=run.path.name).info.run_id
        values = flatten(config.model_dump(mode="json"))
        self._client.log_batch(self._id, params=[Param(key, _write_value(value)) for key, value in values])

    @property
    def identity(self) -> dict[str, str]:
        """Return the id of the run and the address of the tracking store."""
        return {"tracker": "mlflow", "id": self._id, "uri": self._uri}

    def log(self, figures: Mapping[str, float], epoch: int) -> None:
        """Log metrics; the step is the epoch."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)  # MLflow counts milliseconds
        self._client.log_batch(self._id, metrics=[Metric(name, value, now, epoch) for name, value in figures.items()])

    def end(self, figures: Mapping[str, float], epoch: int, ending: Ending) -> None:
        """Log the final metrics and set the status: FINISHED, KILLED or FAILED."""
        if figures:
            self.log(figures, epoch)
        self._client.set_terminated(self._id, self._statuses[ending])


class WandbTracker(Tracker):
    """A Weights & Biases run; with $WANDB_MODE=offline, it is written only to the `wandb` folder."""

    title = "Weights & Biases"
    _codes: ClassVar[dict[Ending, int]] = {"finished": 0, "stopped": 255, "failed": 1}
    """Exit codes reported to Weights & Biases, which takes 255 to mean that the run was killed."""

    def __init__(self, run: Run, config: AnyConfig, known: Mapping[str, str] | None) -> None:
        """Start or resume the run in the project $WANDB_PROJECT, by default imdb-gru."""
        import wandb

        self._id = known["id"] if known else uuid.uuid4().hex[:8]
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or PROJECT,
            id=self._id,
            name=run.path.name,
            config=config.model_dump(mode="json"),
            resume="allow" if known else None,
            reinit="create_new",  # does not end a run that the caller has started
            settings=wandb.Settings(console="off"),  # otherwise, stdout and stderr would be replaced
        )

    @property
    def identity(self) -> dict[str, str]:
        """Return the id of the run."""
        return {"tracker": "wandb", "id": self._id}

    def log(self, figures: Mapping[str, float], epoch: int) -> None:
        """Log metrics; the step is the epoch."""
        self._run.log(dict(figures), step=epoch)

    def end(self, figures: Mapping[str, float], epoch: int, ending: Ending) -> None:  # noqa: ARG002 - no step
        """Write the final metrics into the summary, and finish the run."""
        self._run.summary.update(dict(figures))
        self._run.finish(exit_code=self._codes[ending])


TRACKERS: dict[str, type[Tracker]] = {"mlflow": MLflowTracker, "wandb": WandbTracker}
"""The tracker for each value of `train.track`; the value is also the name of the extra that installs the tracker."""


class Tracking:
    """The tracking of one training run; it does nothing if the config names no tracker.

    If a tracker fails during training, training continues without it, and a notice says so.
    """

    def __init__(self, run: Run, config: AnyConfig, observer: Observer = ignore) -> None:
        """Start or resume the tracked run. Raises `ImdbGruError` if that fails, before training starts."""
        self._observer = observer
        self._tracker: Tracker | None = None
        if config.train.track is None:
            return
        kind = TRACKERS[config.train.track]
        starts = [start.tracked for start in run.load_starts() if start.tracked]
        known = next((one for one in reversed(starts) if one["tracker"] == config.train.track), None)
        try:
            self._tracker = kind(run, config, known)
        except ImportError as error:
            raise MissingExtraError(f"train.track={config.train.track}", config.train.track) from error
        except Exception as error:  # trackers raise errors from many packages
            raise ImdbGruError(
                f"{kind.title} cannot track {run} ({_shorten(error)}): check the tracker's settings and resume "
                "the run, or repeat the training with --overwrite and without train.track"
            ) from error

    @property
    def identity(self) -> dict[str, str] | None:
        """Return what is needed to resume the tracked run, or None if the run is not tracked."""
        return self._tracker.identity if self._tracker else None

    def log_epoch(self, record: Epoch) -> None:
        """Log the metrics of an epoch."""
        if self._tracker:
            figures = {name: value for name, value in record.to_dict().items() if name != "epoch" and value is not None}
            try:
                self._tracker.log(figures, record.epoch)
            except Exception as error:
                self._give_up(self._tracker, error)

    def end(self, ending: Ending, metrics: Metrics | None = None) -> None:
        """Log the final metrics, if there are any, and end the tracked run; later calls do nothing."""
        tracker, self._tracker = self._tracker, None
        if tracker:
            try:
                tracker.end(_list_final(metrics) if metrics else {}, (metrics and metrics.epochs) or 0, ending)
            except Exception as error:
                self._give_up(tracker, error)

    def _give_up(self, tracker: Tracker, error: Exception) -> None:
        self._tracker = None
        self._observer(Notice(f"{tracker.title} failed, so the run is no longer tracked: {_shorten(error)}"))


def _list_final(metrics: Metrics) -> dict[str, float]:
    """Return the final metrics of a run, with the names under which they are logged."""
    final = {f"best_{name}": value for name, value in metrics.best.to_dict().items()}
    for name in ("epochs", "seconds", "compile_seconds", "peak_memory_mb", "parameters"):
        final[f"total_{name}" if name == "seconds" else name] = getattr(metrics, name)
    final |= {"training_reviews": metrics.data.train, "validation_reviews": metrics.data.validation}
    return {name: value for name, value in final.items() if value is not None}


def _write_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _make_absolute(uri: str) -> str:
    """Return the address of an SQLite file with an absolute path, so that a run can be resumed from any folder."""
    path = uri.removeprefix(SQLITE)
    return uri if path == uri or path.startswith("/") else f"{SQLITE}{Path(path).absolute()}"


def check_database(uri: str) -> None:
    """Raise `sqlite3.Error` if an SQLite database cannot be opened; MLflow would try again for minutes."""
    if uri.startswith(SQLITE):
        with contextlib.closing(sqlite3.connect(uri.removeprefix(SQLITE))) as database:
            database.execute("PRAGMA user_version")


def _shorten(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return shorten(lines[0], LONGEST_REASON).rstrip(".") if lines else type(error).__name__
