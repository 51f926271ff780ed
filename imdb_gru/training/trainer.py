"""Own the training loop: epochs, validation, the best epoch, checkpoints, and stopping in between."""

import json
import math
import os
import platform
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import h5py
import keras
import numba
import numpy as np
import tensorflow as tf
from tqdm import tqdm

import imdb_gru
from imdb_gru.config import Config, choose_objective
from imdb_gru.errors import RunError
from imdb_gru.memory import measure_peak_memory
from imdb_gru.run import Run, write_atomically
from imdb_gru.text.corpus import Corpus
from imdb_gru.training.batches import ReviewBatches
from imdb_gru.training.model import build_model, choose_engine
from imdb_gru.training.observers import BatchObserver, Record, open_tensorboard, stop_on_signals
from imdb_gru.training.optimizer import build_optimizer
from imdb_gru.weights import save_network

MOST_AT_ONCE = 8


@dataclass
class Progress:
    """How far a training has come; stored in the checkpoint."""

    epoch: int = 0
    """Epochs done."""
    best_epoch: int = 0
    best: Record = field(default_factory=dict)
    """The best epoch's figures."""
    seconds: float = 0.0
    data_hash: str = ""

    def is_better(self, record: Record, monitor: str) -> bool:
        """Tell whether an epoch beats the best so far; without validation, the later one does."""
        if not self.best or "validation_loss" not in record:
            return True
        if monitor == "loss":
            return bool(record["validation_loss"] < self.best["validation_loss"])
        new, old = ((r["validation_accuracy"], -r["validation_loss"]) for r in (record, self.best))
        return bool(new > old)


class Trainer:
    """A model, its optimizer and its reviews, trained into a run directory."""

    def __init__(self, run: Run, config: Config, corpus: Corpus) -> None:
        self.run = run
        self.config = config
        self.corpus = corpus
        self.progress = Progress(data_hash=str(corpus.statistics["hash"]))
        keras.utils.set_random_seed(config.train.seed)
        if config.train.deterministic:
            tf.config.experimental.enable_op_determinism()
        self.engine, self.engine_reason = choose_engine(config)
        self.objective = choose_objective(config)
        self.model = build_model(
            config.model, len(corpus.vocabulary), fused=self.engine == "fused", objective=self.objective
        )
        self.stock = build_model(config.model, len(corpus.vocabulary))
        steps = config.train.epochs * math.ceil(len(corpus.train) / config.train.batch_size)
        self.model.compile(
            build_optimizer(config.train, steps),
            "binary_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
            steps_per_execution=count_steps_at_once(config, self.engine),
        )
        self.model.optimizer.build(self.model.trainable_variables)

    def restore(self) -> None:
        """Go back to the checkpoint's state, if there is one; raises `RunError` where it does not fit."""
        path = self.run.checkpoint_path
        if not path.exists():
            return
        try:
            with path.open("rb") as file, np.load(file) as stored:
                progress = Progress(**json.loads(str(stored["progress"])))
                self._check_data(progress)
                arrays = [stored[str(number)] for number in range(len(stored.files) - 1)]
            variables = self._variables
            if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
                raise ValueError("its weights have other shapes")
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
            raise RunError(f"{path} cannot be resumed from ({error}): train the run again with --overwrite") from error
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        self.progress = progress

    def _check_data(self, stored: Progress) -> None:
        if stored.data_hash != self.progress.data_hash:
            source = self.corpus.statistics["source"]
            raise RunError(f"{self.run.path} was trained on other reviews than {source} holds: name them with --data")

    def train(self, report_epoch: Callable[[Record], None]) -> Record:
        """Train the epochs that are left and complete the run; return its final figures.

        Ctrl-C or SIGTERM ends the training after the batches at hand; the run is then complete with the best epoch so
        far and can be resumed. Stopped before the first epoch is done, it stays in progress: `KeyboardInterrupt`.
        """
        config, progress = self.config.train, self.progress
        self.run.metrics_path.unlink(missing_ok=True)  # a resumed run is in progress again
        with stop_on_signals() as stop, open_tensorboard(self.run, config.tensorboard) as log:
            while progress.epoch < config.epochs and not self._ran_out_of_patience():
                started = time.monotonic()
                observer = self._train_epoch(progress.epoch, stop)
                if stop.is_set():
                    break
                figures = {**observer.figures, **self._validate()}
                record: Record = {"epoch": progress.epoch + 1, **{key: round(figures[key], 6) for key in figures}}
                progress.epoch += 1
                seconds = time.monotonic() - started
                progress.seconds += seconds
                record |= {"learning_rate": float(self.model.optimizer.learning_rate), "seconds": round(seconds, 2)}
                if progress.is_better(record, config.monitor):
                    progress.best_epoch, progress.best = progress.epoch, record
                    self._save_model()
                if self.config.train.averaging is not None:
                    self.model.set_weights(observer.weights)
                self._append_history(record)
                self._save_checkpoint()
                report_epoch(record)
                log(record)
        if not progress.best:
            raise KeyboardInterrupt
        return self._complete(interrupted=stop.is_set())

    @property
    def _variables(self) -> list[keras.Variable]:
        """List all that a step changes: weights, dropout's random states, and the optimizer's moments and averages."""
        return [*self.model.variables, *self.model.optimizer.variables]

    def _ran_out_of_patience(self) -> bool:
        patience = self.config.train.patience
        return patience is not None and self.progress.epoch - self.progress.best_epoch >= patience

    def _train_epoch(self, epoch: int, stop: threading.Event) -> BatchObserver:
        """Train an epoch; where weights are averaged, `fit` ends by putting the averages in the model."""
        batches = ReviewBatches(self.corpus.train, self.config, epoch)
        title = f"epoch {epoch + 1}/{self.config.train.epochs}"
        with tqdm(total=len(self.corpus.train), desc=title, unit=" reviews", disable=None, leave=False) as bar:
            observer = BatchObserver(bar, batches, stop)
            self.model.fit(batches.to_dataset(), shuffle=False, verbose=0, callbacks=[observer])
        return observer

    def _validate(self) -> Record:
        if not len(self.corpus.validation):
            return {}
        batches = ReviewBatches(self.corpus.validation, self.config, None)
        figures = self.model.evaluate(batches.to_dataset(), verbose=0, return_dict=True)
        return {f"validation_{name}": float(figures[name]) for name in ("loss", "accuracy")}

    def _save_model(self) -> None:
        """Save the weights in a model that was never compiled, so that the file needs no optimizer of ours to open."""
        self.stock.set_weights(self.model.get_weights())
        with write_atomically(self.run.model_path) as temporary:
            self.stock.save(temporary)

    def _save_checkpoint(self) -> None:
        arrays = {str(number): variable.numpy() for number, variable in enumerate(self._variables)}
        with write_atomically(self.run.checkpoint_path) as temporary:
            np.savez(temporary, progress=json.dumps(asdict(self.progress)), **arrays)

    def _append_history(self, record: Record) -> None:
        """Rewrite the history up to this epoch, so that an epoch trained again after a kill stands once."""
        records = [old for old in self.run.load_history() if old["epoch"] < record["epoch"]]
        lines = "".join(json.dumps(line) + "\n" for line in [*records, record])
        self.run.write_text(self.run.history_path, lines)

    def _complete(self, *, interrupted: bool) -> Record:
        progress = self.progress
        metrics = {
            "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "interrupted": interrupted,
            "epochs": progress.epoch,
            "seconds": round(progress.seconds, 1),
            "peak_memory_mb": measure_peak_memory(),
            "best": progress.best,
            "parameters": self.model.count_params(),
            "data": self.corpus.statistics,
            "environment": {
                **describe_environment(self.config),
                "engine": self.engine,
                "objective": self.objective,
            },
        }
        save_network(self.run, self.config.model)
        self.run.seal(metrics)
        if not interrupted:
            self.run.checkpoint_path.unlink(missing_ok=True)
        return metrics


def count_steps_at_once(config: Config, engine: str) -> int:
    """Count the batches that run between two looks at the bar and at the wish to stop, less than a second's.

    In between, none of Keras's Python runs; what that saves matters only where batches are quick.
    """
    model, batch_size = config.model, config.train.batch_size
    if engine == "keras":
        return 1
    quick = 64 * 128**2
    return max(1, min(MOST_AT_ONCE, MOST_AT_ONCE * quick // (batch_size * model.units**2 * model.layers)))


def describe_environment(config: Config) -> Record:
    """Return what else than data and config decides the weights."""
    return {
        "imdb_gru": imdb_gru.__version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "numba": numba.__version__,
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "seed": config.train.seed,
    }
