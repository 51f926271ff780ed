"""A training run in this process, ready to start."""

import contextlib
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from imdb_gru.errors import ImdbGruError
from imdb_gru.events import Observer, Resumed
from imdb_gru.records import Metrics
from imdb_gru.runs.run import Run
from imdb_gru.system.memory import SMALLER
from imdb_gru.system.signals import Stop
from imdb_gru.training.loop import run_training
from imdb_gru.training.recorder import RunRecorder
from imdb_gru.training.trainer import Trainer


class LocalSession:
    """A trainer and the run that it writes to."""

    def __init__(self, run: Run, build: Callable[[], Trainer]) -> None:
        self.run = run
        self.stop = Stop()
        keras.backend.clear_session()  # frees the memory that earlier training in this process left behind
        with explain_memory():
            self.trainer = build()

    @property
    def keeps_batches(self) -> bool:
        """Return whether training that is stopped in its first epoch can be resumed within that epoch."""
        return self.trainer.resumes_within_epochs

    @property
    def exit_code(self) -> int:
        """Return the exit code for a process whose training was stopped."""
        return self.stop.exit_code

    def restore(self) -> Resumed:
        """Restore the state of the run's checkpoint, and report where training resumes."""
        self.trainer.restore(self.run)
        return Resumed.build(
            self.trainer.config.train, self.run.load_starts(), self.trainer.progress, self.trainer.environment
        )

    def train(self, observer: Observer) -> Metrics:
        """Train to the end, or until Ctrl-C or SIGTERM, and return the final metrics."""
        observer(self.trainer.engine_chosen)
        with explain_memory():
            metrics = run_training(self.trainer, RunRecorder(self.run, observer), observer, self.stop)
        assert metrics is not None
        return metrics


@contextlib.contextmanager
def explain_memory() -> Iterator[None]:
    """Raise `ImdbGruError` if the code in the `with` block runs out of memory."""
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise ImdbGruError(f"training needs more memory than this machine has: {SMALLER}") from error
