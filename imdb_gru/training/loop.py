"""The epoch loop that all training runs share, and the code around it that records and completes a run."""

import contextlib
import math
import time
from collections.abc import Iterator

from imdb_gru.engine import compiling
from imdb_gru.errors import RunError
from imdb_gru.events import CompilingEngine, EpochDone, Observer, StopRequested
from imdb_gru.records import Epoch, Metrics
from imdb_gru.system.signals import Stop, announce_signals, build_stop, stop_on_signals
from imdb_gru.training.recorder import Recorder
from imdb_gru.training.trainer import Trainer


def train_epochs(trainer: Trainer, recorder: Recorder, stop: Stop) -> Iterator[Epoch]:
    """Train for the remaining epochs, and yield the metrics of each epoch once the recorder has stored them.

    The caller may stop iterating after any epoch. Once `stop` is set, the loop ends after the current batch. Raises
    `RunError` if a loss is not finite.
    """
    while not (trainer.is_done or stop.is_set()):
        progress, watch, compiled = trainer.progress, Stopwatch(), compiling.measure()

        def checkpoint(watch: Stopwatch = watch) -> None:
            trainer.progress.epoch_seconds += watch.take()
            recorder.keep_checkpoint(trainer)
            watch.take()

        figures = trainer.train_epoch(stop, checkpoint)
        validation = None if stop.is_set() else trainer.validate(stop)
        progress.epoch_seconds += watch.take()
        if validation is None:
            if trainer.resumes_within_epochs:
                recorder.keep_checkpoint(trainer)
            return
        progress.epoch += 1
        progress.compile_seconds += compiling.measure() - compiled
        record = _build_record(trainer, {**figures, **validation})
        if progress.best is None or trainer.is_better(record, progress.best):
            progress.best = record
            recorder.keep_model(trainer)
        trainer.start_next_epoch()
        recorder.keep_epoch(trainer, record)
        yield record


def run_training(trainer: Trainer, recorder: Recorder, observer: Observer, stop: Stop | None = None) -> Metrics | None:
    """Train to the end or until Ctrl-C or SIGTERM; then complete the run and return its final metrics.

    Raises `KeyboardInterrupt` if training was stopped before its first epoch was complete. A run that was stopped
    later is completed with its best epoch so far, and can be resumed.
    """
    stop = stop or Stop()
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(stop_on_signals(stop))
            stack.enter_context(announce_signals(lambda: observer(StopRequested())))
            stack.enter_context(compiling.announce(lambda: observer(CompilingEngine())))
            recorder.begin(trainer)
            for record in train_epochs(trainer, recorder, stop):
                observer(EpochDone(record))
        if trainer.progress.best is None:
            raise build_stop(stop.exit_code)
        return recorder.complete(trainer, interrupted=stop.is_set())
    except BaseException as error:
        recorder.give_up(error)
        raise


class Stopwatch:
    """Measures time, except the time spent on compiling the engine and building graphs."""

    def __init__(self) -> None:
        self._started = 0.0
        self.take()

    def take(self) -> float:
        """Return the seconds since the previous call, and restart the clock."""
        now, before = time.monotonic() - compiling.measure(), self._started
        self._started = now
        return now - before


def _build_record(trainer: Trainer, figures: dict[str, float]) -> Epoch:
    """Return the completed epoch's record, and reset the timer. Raises `RunError` if a loss is not finite."""
    progress = trainer.progress
    seconds, progress.epoch_seconds = progress.epoch_seconds, 0.0
    progress.seconds += seconds
    for name in ("loss", "validation_loss"):
        if not math.isfinite(figures.get(name, 0.0)):
            raise RunError(
                f"training diverged: {name.replace('_', ' ')} was {figures[name]} in epoch {progress.epoch}; "
                "repeat the training with --overwrite and a smaller train.learning_rate"
            )
    return Epoch.parse(
        {
            "epoch": progress.epoch,
            **{name: round(figure, 6) for name, figure in figures.items()},
            **trainer.finish_epoch(seconds),
            "learning_rate": float(trainer.optimizer.learning_rate),
            "seconds": round(seconds, 2),
        }
    )
