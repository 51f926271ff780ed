"""Own what every training does with its run: resume, checkpoints, history, completion."""

import json
import math
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from imdb_gru.config import AnyConfig
from imdb_gru.environment import describe_environment
from imdb_gru.errors import RunError
from imdb_gru.memory import measure_peak_memory
from imdb_gru.reading import hash_file, read_npz
from imdb_gru.run import Run
from imdb_gru.text.corpus import Corpus
from imdb_gru.training.model import choose_engine, choose_precision, describe_engine
from imdb_gru.training.observers import Record, Stop
from imdb_gru.weights import DAMAGE
from imdb_gru.writing import write_atomically


@dataclass
class Progress:
    """How far a training has come; stored in the checkpoint."""

    epoch: int = 0
    """Epochs done."""
    batch: int = 0
    """Batches done of the epoch under way."""
    loss: float = 0.0
    """Sum over the words of those batches."""
    words: int = 0
    best_epoch: int = 0
    best: Record = field(default_factory=dict)
    """The best epoch's figures."""
    seconds: float = 0.0
    data_hash: str = ""


class Training:
    """A model, its optimizer and its reviews, on the way into a run directory."""

    model: keras.Model
    stock: keras.Model
    """The model of stock layers, never compiled, that is saved: its file needs nothing of ours to open."""

    def __init__(self, run: Run, config: AnyConfig, corpus: Corpus) -> None:
        self.run = run
        self.corpus = corpus
        self.stop = Stop()
        """Set where the training was stopped."""
        self.progress = Progress(data_hash=str(corpus.statistics["hash"]))
        self.seed = config.train.seed
        keras.utils.set_random_seed(self.seed)
        if config.train.deterministic:
            tf.config.experimental.enable_op_determinism()
        self.engine, reason = choose_engine(config)
        self.precision = choose_precision(config, self.engine)
        self.engine_line = describe_engine(self.engine, reason, self.precision)

    @property
    def environment(self) -> Record:
        """Return what, beside the data, decides the weights."""
        own = {"seed": self.seed, "engine": self.engine, "precision": self.precision}
        return {**describe_environment(), **own}

    @property
    def optimizer(self) -> keras.Optimizer:
        """Return what updates the weights."""
        return self.model.optimizer

    @property
    def _variables(self) -> list[keras.Variable]:
        """List all that a step changes: weights, dropout's random states, and the optimizer's moments and averages."""
        return [*self.model.variables, *self.optimizer.variables]

    def restore(self) -> None:
        """Go back to the checkpoint's state, if there is one; raises `RunError` where it, or the data, does not fit."""
        self._check_start()
        path = self.run.checkpoint_path
        if not path.exists():
            return
        try:
            stored = read_npz(path)
            progress = _parse_progress(stored)
            if progress.data_hash != self.progress.data_hash:
                raise self._refuse_data()
            arrays = [stored[str(number)] for number in range(len(stored) - 1)]
            variables = self._variables
            if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
                raise ValueError("its weights have other shapes")
        except DAMAGE as error:
            raise _refuse_checkpoint(path, error) from error
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        self.progress = progress

    def _check_start(self) -> None:
        """Raise `RunError` where the run began with other reviews, or another vocabulary, than it would go on with."""
        start, *_ = [*self.run.load_environments(), None]
        if start is None:
            return  # a run from before this was written down
        if start["data"] != self._describe_data():
            raise self._refuse_data()
        if start["vocabulary"] != hash_file(self.run.vocabulary_path):
            raise RunError(
                f"{self.run.vocabulary_path} has changed since the training began: put it back, or train the run again"
            )

    def _refuse_data(self) -> RunError:
        source = self.corpus.statistics["source"]
        return RunError(f"{self.run.path} was trained on other reviews than {source} holds: name them with --data")

    def _describe_data(self) -> Record:
        """Return what tells the reviews, and their division, from any others."""
        return {key: self.corpus.statistics[key] for key in ("hash", "train", "validation")}

    def _begin(self) -> None:
        """Mark the run as in progress, and write down what this part of its training runs under and reads."""
        self.run.metrics_path.unlink(missing_ok=True)
        part = {
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "epoch": self.progress.epoch,
            "batch": self.progress.batch,
            "data": self._describe_data(),
            "vocabulary": hash_file(self.run.vocabulary_path),
            "environment": self.environment,
        }
        self.run.add_environment(part)

    def _save_checkpoint(self) -> None:
        arrays = {str(number): variable.numpy() for number, variable in enumerate(self._variables)}
        with write_atomically(self.run.checkpoint_path) as temporary:
            np.savez(temporary, progress=json.dumps(asdict(self.progress)), **arrays)

    def _check_finite(self, record: Record) -> None:
        """Raise `RunError` where a training has diverged: such weights are no use, and no later epoch mends them."""
        for key in ("loss", "validation_loss"):
            if not math.isfinite(record.get(key, 0.0)):
                raise RunError(
                    f"the training diverged: {key.replace('_', ' ')} {record[key]} in epoch {record['epoch']}; start "
                    "over, by --overwrite, with a smaller train.learning_rate"
                )

    def _append_history(self, record: Record) -> None:
        """Rewrite the history up to this epoch, so that an epoch trained again after a kill stands once."""
        records = [old for old in self.run.load_history() if old["epoch"] < record["epoch"]]
        lines = "".join(json.dumps(line) + "\n" for line in [*records, record])
        self.run.write_text(self.run.history_path, lines)

    def _complete(self, *, interrupted: bool, **environment: object) -> Record:
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
            "environment": {**self.environment, **environment},
        }
        self.run.seal(metrics)
        if not interrupted:
            self.run.checkpoint_path.unlink(missing_ok=True)
        return metrics


def load_progress(run: Run) -> Progress | None:
    """Read how far a run has come that can be resumed, None where no epoch is done; raises `RunError` if damaged."""
    if not run.checkpoint_path.exists():
        return None
    try:
        return _parse_progress(read_npz(run.checkpoint_path))
    except DAMAGE as error:
        raise _refuse_checkpoint(run.checkpoint_path, error) from error


def _parse_progress(stored: dict[str, Any]) -> Progress:
    return Progress(**json.loads(str(stored["progress"])))


def _refuse_checkpoint(path: Path, error: BaseException) -> RunError:
    return RunError(f"{path} cannot be resumed from ({error}): train the run again with --overwrite")
