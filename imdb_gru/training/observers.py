"""Own what accompanies a training: the bar, the wish to stop, and TensorBoard's logs."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from imdb_gru.run import Run
from imdb_gru.stopping import INTERRUPTED
from imdb_gru.training.batches import ReviewBatches

Record = dict[str, Any]


class BatchObserver(keras.callbacks.Callback):  # type: ignore[misc]
    """Move the bar on, stop when asked to, and keep the weights that the next epoch goes on from."""

    def __init__(self, bar: Any, batches: ReviewBatches, stop: threading.Event) -> None:
        super().__init__()
        self.bar = bar
        self.batches = batches
        self.stop = stop
        self.figures: Record = {}
        self.weights: list[Any] = []

    def on_train_batch_end(self, batch: int, logs: Record | None = None) -> None:
        """Keras calls it after every few batches, with the last one's number, which may lie past the end."""
        if not self.bar.disable:
            done = min(batch + 1, len(self.batches.rows))
            figures = {name: f"{float(value):.4f}" for name, value in (logs or {}).items()}
            self.bar.set_postfix(batch=f"{done}/{len(self.batches.rows)}", **figures, refresh=False)
            self.bar.update(sum(map(len, self.batches.rows[:done])) - self.bar.n)
        shares = self.batches.shares
        if shares and shares.heard.numpy():
            self.stop.set()
        if self.stop.is_set():
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Record | None = None) -> None:  # noqa: ARG002 - Keras's signature
        """Keras calls it before it replaces the weights by their averages."""
        self.figures = {name: float(value) for name, value in (logs or {}).items()}
        self.weights = self.model.get_weights()


class Stop(threading.Event):
    """The wish to stop, once it is there."""

    exit_code = INTERRUPTED
    """What a process ends with that stopped."""


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Turn the first Ctrl-C or SIGTERM into a request to stop; a second one acts as it always does."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def request_stop(number: int, _frame: object) -> None:
        if not stop.is_set():
            stop.exit_code = 128 + number
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, request_stop)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def open_tensorboard(run: Run, enabled: bool) -> Iterator[Callable[[Record], None]]:
    """Give a function that logs an epoch's figures, or one that does nothing where logs are not enabled."""
    if not enabled:
        yield lambda _: None
        return
    writer = tf.summary.create_file_writer(str(run.path / "tensorboard"))

    def log(record: Record) -> None:
        with writer.as_default():
            for name, value in record.items():
                if name != "epoch":
                    tf.summary.scalar(name, value, step=record["epoch"])

    try:
        yield log
    finally:
        writer.close()
