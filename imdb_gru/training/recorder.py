"""The recorders of a training run: one writes into the run directory, and the other writes nothing."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import tensorflow as tf

from imdb_gru.errors import RunError
from imdb_gru.events import Observer, ignore
from imdb_gru.records import Epoch, Metrics
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import save_arrays
from imdb_gru.system.memory import measure_peak_memory
from imdb_gru.system.reading import hash_file
from imdb_gru.system.writing import write_atomically
from imdb_gru.training.tracking import Tracking
from imdb_gru.training.trainer import Trainer


class Recorder:
    """A recorder that writes nothing; every worker except the first uses it."""

    def begin(self, trainer: Trainer) -> None:
        """Record that training is starting or resuming."""

    def keep_model(self, trainer: Trainer) -> None:
        """Record the model, which is the best so far."""

    def keep_epoch(self, trainer: Trainer, record: Epoch) -> None:
        """Record a complete epoch."""

    def keep_checkpoint(self, trainer: Trainer) -> None:
        """Record a state from which training can be resumed."""

    def complete(self, trainer: Trainer, *, interrupted: bool) -> Metrics | None:  # noqa: ARG002 - nothing is written
        """Record the end of training; return the final metrics if they were written."""
        return None

    def give_up(self, error: BaseException) -> None:
        """Record that training ended with an error, or was stopped before its first epoch was complete."""


class RunRecorder(Recorder):
    """A recorder that writes the checkpoint, history, model files and metrics into the run directory.

    It also sends the metrics to TensorBoard and to the tracker that the config names.
    """

    def __init__(self, run: Run, observer: Observer = ignore) -> None:
        self.run = run
        self._observer = observer
        self._tracking: Tracking | None = None
        self._logs: Any = None
        """The writer of TensorBoard logs, or None."""

    def begin(self, trainer: Trainer) -> None:
        """Mark the run as in progress, and record the environment and data with which it is started or resumed."""
        self._tracking = Tracking(self.run, trainer.config, self._observer)  # comes first, because it may fail
        self.run.metrics_path.unlink(missing_ok=True)
        self.run.calibration_path.unlink(missing_ok=True)
        tracked = self._tracking.identity
        self.run.add_start(
            started_at=_now(),
            epoch=trainer.progress.epoch,
            batch=trainer.progress.batch,
            data=trainer.corpus.statistics.identity,
            vocabulary=hash_file(self.run.vocabulary_path),
            environment=trainer.environment,
            **({"tracked": tracked} if tracked else {}),
        )
        if trainer.config.train.tensorboard:
            self._logs = tf.summary.create_file_writer(str(self.run.path / "tensorboard"))

    def keep_model(self, trainer: Trainer) -> None:
        """Write `model.keras` and `weights.npz`."""
        with write_atomically(self.run.model_path) as temporary:
            trainer.fill_stock().save(temporary)
        save_arrays(self.run, trainer.list_arrays())

    def keep_epoch(self, trainer: Trainer, record: Epoch) -> None:
        """Add the epoch to the history, and write a checkpoint; an epoch repeated after a crash appears only once."""
        records = [old for old in self.run.load_history() if old.epoch < record.epoch]
        lines = "".join(json.dumps(line.to_dict()) + "\n" for line in [*records, record])
        self.run.write_text(self.run.history_path, lines)
        self.keep_checkpoint(trainer)
        if self._tracking:
            self._tracking.log_epoch(record)
        if self._logs:
            with self._logs.as_default(step=record.epoch):
                for name, value in record.to_dict().items():
                    if name != "epoch":
                        tf.summary.scalar(name, value)
            self._logs.flush()

    def keep_checkpoint(self, trainer: Trainer) -> None:
        """Write everything needed to resume training."""
        arrays = {str(number): variable.numpy() for number, variable in enumerate(trainer.variables)}
        with write_atomically(self.run.checkpoint_path) as temporary:
            np.savez(temporary, progress=trainer.progress.to_json(), **arrays)

    def complete(self, trainer: Trainer, *, interrupted: bool) -> Metrics:
        """Write the final metrics, which mark the run as complete; keep the checkpoint if the run can be resumed."""
        progress = trainer.progress
        if progress.best is None:
            raise RunError(f"{self.run} has no complete epoch")
        figures: dict[str, Any] = {
            "finished_at": _now(),
            "interrupted": interrupted,
            "epochs": progress.epoch,
            "seconds": round(progress.seconds, 1),
            "compile_seconds": round(progress.compile_seconds, 1),
            "peak_memory_mb": measure_peak_memory(),
            "best": progress.best,
            "parameters": trainer.model.count_params(),
            "data": trainer.corpus.statistics,
            "environment": trainer.environment,
        }
        metrics = self.run.seal(figures)  # complete even if the process is killed during the next, slow step
        if calibration := trainer.calibrate(self.run):
            metrics = self.run.keep_calibration(calibration, figures)
        if not interrupted:
            self.run.checkpoint_path.unlink(missing_ok=True)
        if self._tracking:
            self._tracking.end("stopped" if interrupted else "finished", metrics)
        return metrics

    def give_up(self, error: BaseException) -> None:
        """Mark the tracked run as stopped or failed, and end it."""
        if self._tracking:
            self._tracking.end("stopped" if isinstance(error, KeyboardInterrupt) else "failed")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
