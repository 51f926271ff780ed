"""Own what every training does with its run: resume, checkpoints, history, completion."""

import json
import os
import platform
import zipfile
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import h5py
import keras
import numba
import numpy as np
import tensorflow as tf

import imdb_gru
from imdb_gru.config import AnyConfig
from imdb_gru.errors import RunError
from imdb_gru.memory import measure_peak_memory
from imdb_gru.run import Run, write_atomically
from imdb_gru.text.corpus import Corpus
from imdb_gru.training.model import choose_engine, choose_precision, describe_engine
from imdb_gru.training.observers import Record, Stop


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
    def optimizer(self) -> keras.Optimizer:
        """Return what updates the weights."""
        return self.model.optimizer

    @property
    def _variables(self) -> list[keras.Variable]:
        """List all that a step changes: weights, dropout's random states, and the optimizer's moments and averages."""
        return [*self.model.variables, *self.optimizer.variables]

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

    def _save_checkpoint(self) -> None:
        arrays = {str(number): variable.numpy() for number, variable in enumerate(self._variables)}
        with write_atomically(self.run.checkpoint_path) as temporary:
            np.savez(temporary, progress=json.dumps(asdict(self.progress)), **arrays)

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
            "environment": {
                **describe_environment(),
                "seed": self.seed,
                "engine": self.engine,
                "precision": self.precision,
                **environment,
            },
        }
        self.run.seal(metrics)
        if not interrupted:
            self.run.checkpoint_path.unlink(missing_ok=True)
        return metrics


def describe_environment() -> Record:
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
    }
