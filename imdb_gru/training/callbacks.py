"""The callback that Keras runs between batches."""

import threading
from typing import Any

import keras

from imdb_gru.training.batches import ReviewBatches


class EpochCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """A callback that updates the progress bar, stops the epoch on request, and keeps the unaveraged weights."""

    def __init__(self, bar: Any, batches: ReviewBatches, stop: threading.Event) -> None:
        super().__init__()
        self.bar = bar
        self.batches = batches
        self.stop = stop
        self.figures: dict[str, float] = {}
        self.weights: list[Any] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Update the progress bar; Keras calls this every few batches.

        `batch` is the index of the most recent batch, which may exceed the number of batches.
        """
        if not self.bar.disable:
            done = min(batch + 1, len(self.batches.rows))
            figures = {name: f"{float(value):.4f}" for name, value in (logs or {}).items()}
            self.bar.set_postfix(batch=f"{done}/{len(self.batches.rows)}", **figures, refresh=False)
            self.bar.update(sum(map(len, self.batches.rows[:done])) - self.bar.n)
        if self.batches.shares.is_stopping():
            self.stop.set()
        if self.stop.is_set():
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002 - Keras's signature
        """Keep the metrics and weights; Keras calls this before it replaces the weights with their averages."""
        self.figures = {name: float(value) for name, value in (logs or {}).items()}
        self.weights = self.model.get_weights()
