"""The interface between the epoch loop and whatever it trains: a model with an optimizer and reviews."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import keras
import tensorflow as tf

from imdb_gru.config import AnyConfig
from imdb_gru.config.schedule import get_number
from imdb_gru.corpus.corpus import Corpus
from imdb_gru.errors import RunError
from imdb_gru.events import EngineChosen
from imdb_gru.records import Epoch, Progress
from imdb_gru.runs.calibration import Calibration
from imdb_gru.runs.run import Run
from imdb_gru.system.arrays import Array
from imdb_gru.system.environment import describe_environment
from imdb_gru.system.reading import DAMAGE, hash_file, read_npz
from imdb_gru.system.signals import Stop
from imdb_gru.training.model import choose_engine, choose_precision

Figures = dict[str, float]


class Trainer(ABC):
    """Trains a model; a subclass defines how an epoch is trained and validated, and which of two epochs is better."""

    resumes_within_epochs: ClassVar[bool]
    """Whether training can be resumed within an epoch."""
    config: AnyConfig
    model: keras.Model
    stock: keras.Model
    """The model to save, never compiled; it has only stock layers, so that Keras can open it without this package."""

    def __init__(self, config: AnyConfig, corpus: Corpus) -> None:
        self.corpus = corpus
        self.progress = Progress(data_hash=corpus.statistics.hash)
        self.seed = config.train.seed
        keras.utils.set_random_seed(self.seed)
        if config.train.deterministic:
            tf.config.experimental.enable_op_determinism()
        self.engine, reason = choose_engine(config)
        self.precision = choose_precision(config, self.engine)
        self.engine_chosen = EngineChosen(self.engine, reason, self.precision)

    @property
    def environment(self) -> dict[str, Any]:
        """Return everything, apart from the data, that determines the weights."""
        own = {"seed": self.seed, "engine": self.engine, "precision": self.precision}
        return {**describe_environment(), **own}

    @property
    def optimizer(self) -> keras.Optimizer:
        """Return the optimizer of the model."""
        return self.model.optimizer

    @property
    def variables(self) -> list[keras.Variable]:
        """List all variables that a step changes: weights, dropout states, and the optimizer's moments and averages."""
        return [*self.model.variables, *self.optimizer.variables]

    @property
    def is_done(self) -> bool:
        """Return whether all epochs are done."""
        return self.progress.epoch >= get_number(self.config.train.epochs)

    @abstractmethod
    def train_epoch(self, stop: Stop, checkpoint: Callable[[], None]) -> Figures:
        """Train for the rest of an epoch, or until `stop` is set, and return the metrics.

        If training can be resumed within an epoch, this may call `checkpoint` between batches.
        """

    @abstractmethod
    def validate(self, stop: Stop) -> Figures | None:
        """Return the validation metrics: {} if there are no validation reviews, or None if validation was stopped."""

    def finish_epoch(self, seconds: float) -> dict[str, int]:  # noqa: ARG002 - used by next-word models
        """Return metrics other than losses, given the epoch's duration, and reset the counts for the next epoch."""
        return {}

    @abstractmethod
    def is_better(self, record: Epoch, best: Epoch) -> bool:
        """Return whether an epoch is better than the best so far."""

    @abstractmethod
    def list_arrays(self) -> list[Array]:
        """Return the weights in the order of `weights.npz`."""

    @abstractmethod
    def fill_stock(self) -> keras.Model:
        """Return the model to save, with the current weights."""

    def calibrate(self, run: Run) -> Calibration | None:  # noqa: ARG002 - used by classifiers
        """Count the validation reviews above each confidence limit, and the run's errors among them, or return None."""
        return None

    def start_next_epoch(self) -> None:  # noqa: B027 - optional for a trainer
        """Restore the weights that the next epoch starts from."""

    def restore(self, run: Run) -> None:
        """Restore the state in the run's checkpoint, if it has one. Raises `RunError` if the run cannot be resumed."""
        self._check_start(run)
        if not run.checkpoint_path.exists():
            return
        try:
            stored = read_npz(run.checkpoint_path)
            progress = Progress.from_json(str(stored["progress"]))
            if progress.data_hash != self.progress.data_hash:
                raise self._refuse_data(run)
            arrays = [stored[str(number)] for number in range(len(stored) - 1)]
            variables = self.variables
            if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
                raise ValueError("its weights do not fit the model")
        except DAMAGE as error:
            raise run.refuse_checkpoint(error) from error
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        self.progress = progress

    def _check_start(self, run: Run) -> None:
        """Raise `RunError` if the run was started with different reviews or a different vocabulary."""
        start, *_ = [*run.load_starts(), None]
        if start is None:
            return  # the process was killed before it began to train
        if start.data != self.corpus.statistics.identity:
            raise self._refuse_data(run)
        if start.vocabulary != hash_file(run.vocabulary_path):
            raise RunError(
                f"{run.vocabulary_path} has changed since training began: restore it, or repeat the training"
            )

    def _refuse_data(self, run: Run) -> RunError:
        source = self.corpus.statistics.source
        return RunError(
            f"{run.path} was not trained on the reviews in {source}: choose the original reviews with --data"
        )
