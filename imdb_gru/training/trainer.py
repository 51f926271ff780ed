"""Own the training of a classifier: epochs, validation, the best epoch, and stopping in between."""

import math
import time
from collections.abc import Callable

import numpy as np
from tqdm import tqdm

from imdb_gru.config import Config
from imdb_gru.pretrained import Pretrained
from imdb_gru.run import Run
from imdb_gru.stopping import build_stop
from imdb_gru.text.corpus import Corpus
from imdb_gru.training.batches import ReviewBatches
from imdb_gru.training.model import build_model
from imdb_gru.training.observers import BatchObserver, Record, open_tensorboard, stop_on_signals
from imdb_gru.training.optimizer import build_optimizer
from imdb_gru.training.shares import Shares
from imdb_gru.training.training import Training
from imdb_gru.weights import save_network
from imdb_gru.writing import write_atomically

MOST_AT_ONCE = 8


class Trainer(Training):
    """A classifier in training."""

    def __init__(
        self,
        run: Run,
        config: Config,
        corpus: Corpus,
        pretrained: Pretrained | None = None,
        shares: Shares | None = None,
    ) -> None:
        super().__init__(run, config, corpus)
        self.config = config
        self.shares = shares
        self.objective = config.train.objective
        self.model = build_model(
            config.model,
            len(corpus.vocabulary),
            fused=self.engine == "fused",
            bfloat16=self.precision == "bfloat16",
            objective=self.objective,
            train=config.train,
        )
        if pretrained:
            self.model.set_weights([*pretrained.weights, *self.model.get_weights()[len(pretrained.weights) :]])
        self.model.shares = shares
        self.stock = build_model(config.model, len(corpus.vocabulary))
        steps = config.train.epochs * math.ceil(len(corpus.train) / config.train.batch_size)
        self.model.compile(
            build_optimizer(config.train, steps, averaging=config.train.averaging),
            "binary_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
            steps_per_execution=count_steps_at_once(config, self.engine),
        )
        if pretrained:
            self.optimizer.slow = self.model.trainable_variables[: len(pretrained.weights)]
            self.optimizer.rate = config.train.pretrained_rate
        self.model.optimizer.build(self.model.trainable_variables)

    @property
    def environment(self) -> Record:
        """Return what, beside the data, decides the weights: with several workers, how many there are."""
        return {**super().environment, **({"workers": self.shares.count} if self.shares else {})}

    def train(self, report_epoch: Callable[[Record], None]) -> Record:
        """Train the epochs that are left and complete the run; return its final figures.

        Ctrl-C or SIGTERM ends the training after the batches at hand; the run is then complete with the best epoch so
        far and can be resumed. Stopped before the first epoch is done, it stays in progress: `KeyboardInterrupt`.
        """
        config, progress = self.config.train, self.progress
        self._begin()
        self._part_draws()
        with stop_on_signals() as self.stop, open_tensorboard(self.run, config.tensorboard) as log:
            while progress.epoch < config.epochs and not (self.stop.is_set() or self._ran_out_of_patience()):
                started = time.monotonic()
                observer = self._train_epoch(progress.epoch)
                if self.stop.is_set():
                    break
                figures = {**self._average(observer.figures, observer.batches), **self._validate()}
                record: Record = {"epoch": progress.epoch + 1, **{key: round(figures[key], 6) for key in figures}}
                self._check_finite(record)
                progress.epoch += 1
                seconds = time.monotonic() - started
                progress.seconds += seconds
                record |= {"learning_rate": float(self.model.optimizer.learning_rate), "seconds": round(seconds, 2)}
                if self._is_better(record):
                    progress.best_epoch, progress.best = progress.epoch, record
                    self._save_model()
                if self.config.train.averaging is not None:
                    self.model.set_weights(observer.weights)
                self._append_history(record)
                self._save_checkpoint()
                report_epoch(record)
                log(record)
        if not progress.best:
            raise build_stop(self.stop.exit_code)
        return self._finish()

    def _finish(self) -> Record:
        save_network(self.run, self.config.model)
        return self._complete(interrupted=self.stop.is_set(), objective=self.objective)

    def _part_draws(self) -> None:
        """Have each worker drop other units than the first, which drops what it would alone."""
        if self.shares and self.shares.rank:
            for variable in self.model.variables:
                if variable.path.endswith("seed_generator_state"):
                    variable.assign(variable + np.array([self.shares.rank, 0], np.uint32))

    def _is_better(self, record: Record) -> bool:
        """Tell whether an epoch beats the best so far; without validation, the later one does."""
        best = self.progress.best
        if not best or "validation_loss" not in record:
            return True
        if self.config.train.monitor == "loss":
            return bool(record["validation_loss"] < best["validation_loss"])
        new, old = ((r["validation_accuracy"], -r["validation_loss"]) for r in (record, best))
        return bool(new > old)

    def _ran_out_of_patience(self) -> bool:
        patience = self.config.train.patience
        return patience is not None and self.progress.epoch - self.progress.best_epoch >= patience

    def _train_epoch(self, epoch: int) -> BatchObserver:
        """Train an epoch; where weights are averaged, `fit` ends by putting the averages in the model."""
        batches = ReviewBatches(self.corpus.train, self.config, epoch, self.shares)
        title = f"epoch {epoch + 1}/{self.config.train.epochs}"
        with tqdm(total=len(self.corpus.train), desc=title, unit=" reviews", disable=None, leave=False) as bar:
            observer = BatchObserver(bar, batches, self.stop)
            self.model.fit(batches.to_dataset(), shuffle=False, verbose=0, callbacks=[observer])
        return observer

    def _validate(self) -> Record:
        if not len(self.corpus.validation):
            return {}
        batches = ReviewBatches(self.corpus.validation, self.config, None, self.shares)
        figures = dict.fromkeys(("loss", "accuracy"), 0.0)
        if batches.rows:  # of workers, the last ones may have none
            figures = self.model.evaluate(batches.to_dataset(), verbose=0, return_dict=True)
        figures = self._average({name: float(figures[name]) for name in ("loss", "accuracy")}, batches)
        return {f"validation_{name}": figure for name, figure in figures.items()}

    def _average(self, figures: Record, batches: ReviewBatches) -> Record:
        """Return what all workers' figures of their own reviews come to."""
        return self.shares.average(figures, batches.count_labelled()) if self.shares else figures

    def _save_model(self) -> None:
        """Save the weights in a model that was never compiled, so that the file needs no optimizer of ours to open."""
        self.stock.set_weights(self.model.get_weights())
        with write_atomically(self.run.model_path) as temporary:
            self.stock.save(temporary)


class Follower(Trainer):
    """A worker other than the first: it computes all that the first does, and leaves the run to that one."""

    def _begin(self) -> None:
        """Leave the run as it is."""

    def _finish(self) -> Record:
        return {}

    def _save_model(self) -> None:
        """Save none."""

    def _append_history(self, record: Record) -> None:
        """Write none."""

    def _save_checkpoint(self) -> None:
        """Save none."""


def count_steps_at_once(config: Config, engine: str) -> int:
    """Count the batches that run between two looks at the bar and at the wish to stop, less than a second's.

    In between, none of Keras's Python runs; what that saves matters only where batches are quick.
    """
    model, batch_size = config.model, config.train.batch_size
    if engine == "keras":
        return 1
    quick = 64 * 128**2
    return max(1, min(MOST_AT_ONCE, MOST_AT_ONCE * quick // (batch_size * model.units**2 * model.layers)))
