"""Training that leaves no run on disk and can be repeated in the same process."""

import logging
import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from imdb_gru.config import Config
from imdb_gru.events import Event, Observer, Stopped, TrainingStarted
from imdb_gru.models.classifier import Classifier
from imdb_gru.records import Epoch
from imdb_gru.sources.review import Source
from imdb_gru.system.signals import build_stop
from imdb_gru.tasks.training import train

_TRAINING = threading.Lock()
"""Keras keeps process-wide state, so only one thread may train at a time."""


def train_in_memory(
    config: Config, source: Source, observer: Observer | None = None
) -> tuple[Classifier, list[Epoch], KeyboardInterrupt | None]:
    """Train a classifier without leaving a run on disk.

    Return the classifier, the metrics of its epochs, and the exception to raise if training was stopped.
    """
    stops: list[Stopped] = []

    def observe(event: Event) -> None:
        if isinstance(event, Stopped):
            stops.append(event)
        elif observer and not isinstance(event, TrainingStarted):
            observer(event)

    with _TRAINING, tempfile.TemporaryDirectory(prefix="imdb-gru-") as folder, leave_no_trace():
        run = train(config, data=source, run=Path(folder) / "run", observer=observe)
        classifier, history = Classifier.load(run), run.load_history()
    classifier.run = None
    return classifier, history, build_stop(stops[0].exit_code) if stops else None


@contextmanager
def leave_no_trace() -> Iterator[None]:
    """Restore the global random states on exit, because training seeds them and the caller may use them.

    TensorFlow warns about every training run after the fourth in a process, because each builds a new graph. A
    parameter search trains many models on purpose, so the warning is suppressed.
    """
    state, numpy_state = random.getstate(), np.random.get_state()
    logger = logging.getLogger("tensorflow")
    logger.addFilter(_is_no_retracing)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_retracing)
        random.setstate(state)
        np.random.set_state(numpy_state)


def _is_no_retracing(record: logging.LogRecord) -> bool:
    """Return whether a log record is something other than TensorFlow's retracing warning."""
    return "triggered tf.function retracing" not in record.getMessage()
