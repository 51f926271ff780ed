"""Places where training can run: this process, or another place with the same interface."""

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
    """A training run that is ready to start, wherever it runs."""

    def restore(self) -> Resumed:
        """Load the run's checkpoint; return the event that says where training resumes."""
        ...

    def train(self, observer: Observer) -> Metrics:
        """Train until the last epoch, or until Ctrl-C or SIGTERM; return the final metrics.

        Raises `KeyboardInterrupt` if training was stopped before the first epoch was complete.
        """
        ...

    @property
    def keeps_batches(self) -> bool:
        """Return whether a run that is stopped during its first epoch can be resumed."""
        ...

    @property
    def exit_code(self) -> int:
        """Return the exit code for a process whose training was stopped."""
        ...


class Place(Protocol):
    """A place where training can run."""

    def open(self) -> AbstractContextManager[object]:
        """Return a context manager to keep open while training runs."""
        ...

    def adapt(self, config: OneConfig) -> OneConfig:
        """Return the config of a new run, adapted to the place."""
        ...

    def build_session(
        self, task: Task, run: Run, config: Any, corpus: Corpus, start: PretrainedWeights | None
    ) -> Session:
        """Build a session that is ready to start."""
        ...


class ThisProcess:
    """The current process, as a place where training can run."""

    def open(self) -> AbstractContextManager[object]:
        """Return a context manager that does nothing."""
        return nullcontext()

    def adapt(self, config: OneConfig) -> OneConfig:
        """Return the config unchanged."""
        return config

    def build_session(
        self, task: Task, run: Run, config: Any, corpus: Corpus, start: PretrainedWeights | None
    ) -> Session:
        """Build a session in this process; this loads TensorFlow."""
        from imdb_gru.training.session import LocalSession

        return LocalSession(run, lambda: task.build_trainer(config, corpus, start))
