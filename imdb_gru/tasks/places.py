"""Where a training runs: in this process, or elsewhere behind the same interface."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from imdb_gru.corpus.corpus import Corpus
from imdb_gru.events import Observer, Resumed
from imdb_gru.records import Metrics
from imdb_gru.runs.pretrained import PretrainedWeights
from imdb_gru.runs.run import Run
from imdb_gru.tasks.configs import OneConfig
from imdb_gru.tasks.task import Task


class Session(Protocol):
    """A training that is ready to begin, wherever it runs."""

    def restore(self) -> Resumed:
        """Return to the state of the run's checkpoint, and say where the training continues."""
        ...

    def train(self, observer: Observer) -> Metrics:
        """Train to the end, or until Ctrl-C or SIGTERM; return the final figures.

        Raises `KeyboardInterrupt` if the training was stopped before its first epoch was complete.
        """
        ...

    @property
    def keeps_batches(self) -> bool:
        """Tell whether a training that is stopped in its first epoch can continue there."""
        ...

    @property
    def exit_code(self) -> int:
        """Return the exit code for a process whose training was stopped."""
        ...


class Place(Protocol):
    """Where a training runs."""

    def open(self) -> AbstractContextManager[object]:
        """Return what stays open as long as the training runs."""
        ...

    def adapt(self, config: OneConfig) -> OneConfig:
        """Return a new run's config as the place needs it."""
        ...

    def build_session(
        self, task: Task, run: Run, config: Any, corpus: Corpus, start: PretrainedWeights | None
    ) -> Session:
        """Build a training that is ready to begin."""
        ...


class ThisProcess:
    """Trains in this process."""

    def open(self) -> AbstractContextManager[object]:
        """Return nothing: this process is open."""
        return nullcontext()

    def adapt(self, config: OneConfig) -> OneConfig:
        """Return the config as it is."""
        return config

    def build_session(
        self, task: Task, run: Run, config: Any, corpus: Corpus, start: PretrainedWeights | None
    ) -> Session:
        """Build a training in this process; this loads TensorFlow."""
        from imdb_gru.training.session import LocalSession

        return LocalSession(run, lambda: task.build_trainer(config, corpus, start))
