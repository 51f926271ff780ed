"""Training a classifier with Keras's `fit` and `evaluate` on `ReviewBatches`, and averaging its weights."""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
import numpy as np

from imdb_gru.config import Config
from imdb_gru.config.schedule import count_steps, get_number
from imdb_gru.corpus.corpus import Corpus
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.evaluation import measure_calibration
from imdb_gru.records import Epoch
from imdb_gru.runs.calibration import Calibration
from imdb_gru.runs.pretrained import PretrainedWeights
from imdb_gru.runs.run import Run
from imdb_gru.system.arrays import NO_LABEL, Array
from imdb_gru.system.progress import show_bar
from imdb_gru.system.signals import Stop
from imdb_gru.training.batches import ReviewBatches
from imdb_gru.training.callbacks import EpochCallback
from imdb_gru.training.classifier.output_layer import fit_output_layer
from imdb_gru.training.model import build_model
from imdb_gru.training.optimizer import build_optimizer
from imdb_gru.training.shares import WholeShare
from imdb_gru.training.trainer import Figures, Trainer

MOST_AT_ONCE = 8


class ClassifierTrainer(Trainer):
    """Trains a classifier."""

    resumes_within_epochs: ClassVar[bool] = False
    config: Config

    def __init__(
        self,
        config: Config,
        corpus: Corpus,
        pretrained: PretrainedWeights | None = None,
        shares: WholeShare | None = None,
    ) -> None:
        super().__init__(config, corpus)
        self.config = config
        self.shares = shares or WholeShare()
        self.model = build_model(
            config.model,
            len(corpus.vocabulary),
            fused=self.engine == "fused",
            precision=self.precision,
            objective=config.train.objective,
            train=config.train,
        )
        if pretrained:
            self.model.set_weights([*pretrained.weights, *self.model.get_weights()[len(pretrained.weights) :]])
        self.model.shares = self.shares
        self.stock = build_model(config.model, len(corpus.vocabulary))
        steps = count_steps(config, len(corpus.train))
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
        self._next_weights: list[Any] = []
        """The unaveraged weights, kept while the model holds the averages."""

    def restore(self, run: Run) -> None:
        """Restore the state of the run's checkpoint, and give each worker its own dropout masks."""
        super().restore(run)
        self._part_draws()

    def _part_draws(self) -> None:
        """Give each worker its own dropout masks; the first worker uses the masks that a single worker would use."""
        if self.shares.rank:
            for variable in self.model.variables:
                if variable.path.endswith("seed_generator_state"):
                    variable.assign(variable + np.array([self.shares.rank, 0], np.uint32))

    @property
    def environment(self) -> dict[str, Any]:
        """Return everything, apart from the data, that determines the weights, such as the number of workers."""
        workers = {"workers": self.shares.count} if self.shares.count > 1 else {}
        taught = {}
        if targets := self.corpus.train.soft_targets:
            taught = {"teachers": [teacher.to_dict() for teacher in targets.teachers], "soft_targets": targets.hash}
        return {**super().environment, "objective": self.config.train.objective, **workers, **taught}

    @property
    def is_done(self) -> bool:
        """Return whether all epochs are done or the last `train.patience` epochs brought no improvement."""
        patience, best = self.config.train.patience, self.progress.best
        tired = patience is not None and self.progress.epoch - (best.epoch if best else 0) >= patience
        return super().is_done or tired

    def train_epoch(self, stop: Stop, checkpoint: Callable[[], None]) -> Figures:  # noqa: ARG002 - for next-word models
        """Train for an epoch; if weights are averaged, `fit` replaces them with their averages when it ends."""
        number = self.progress.epoch
        if number == 0 and self.config.train.output_first is True:
            self._fit_output()
        batches = ReviewBatches(self.corpus.train, self.config, number, self.shares)
        title = f"epoch {number + 1}/{self.config.train.epochs}"
        with show_bar(total=len(self.corpus.train), desc=title, unit=" reviews") as bar:
            callback = EpochCallback(bar, batches, stop)
            self.model.fit(batches.to_dataset(), shuffle=False, verbose=0, callbacks=[callback])
        self._next_weights = callback.weights
        return callback.figures if stop.is_set() else self._average(callback.figures, batches)

    def _fit_output(self) -> None:
        """Fit the output layer to the labelled training reviews; the other weights do not change."""
        output = self.model.get_layer("probability")
        pooled = keras.Model(self.model.input, output.input)
        batches = ReviewBatches(self.corpus.train, self.config, None)
        features, labels = [], self.corpus.train.labels[np.concatenate(batches.rows)]
        with show_bar(total=len(labels), desc="fitting the output layer", unit=" reviews", delay=2) as bar:
            for ids, _ in batches:
                features.append(pooled.predict_on_batch(ids))
                bar.update(len(ids))
        output.set_weights(fit_output_layer(np.concatenate(features)[labels != NO_LABEL], labels[labels != NO_LABEL]))

    def validate(self, stop: Stop) -> Figures:  # noqa: ARG002 - validation is short
        """Return the loss and accuracy on the validation reviews."""
        if not len(self.corpus.validation):
            return {}
        batches = ReviewBatches(self.corpus.validation, self.config, None, self.shares)
        figures = dict.fromkeys(("loss", "accuracy"), 0.0)
        if batches.rows:  # the last workers may have no batches
            figures = self.model.evaluate(batches.to_dataset(), verbose=0, return_dict=True)
        figures = self._average({name: float(figures[name]) for name in ("loss", "accuracy")}, batches)
        return {f"validation_{name}": figure for name, figure in figures.items()}

    def _average(self, figures: Figures, batches: ReviewBatches) -> Figures:
        """Return the metrics averaged over all workers."""
        counts = {"loss": batches.count(batches.reviews.taught), "accuracy": batches.count(batches.reviews.labelled)}
        return self.shares.average(figures, counts)

    def is_better(self, record: Epoch, best: Epoch) -> bool:
        """Return whether an epoch is better than the best so far.

        A later epoch always counts as better if there are no validation reviews, or if `train.monitor` is "last".
        """
        if record.validation_loss is None or record.validation_accuracy is None or self.config.train.monitor == "last":
            return True
        assert best.validation_loss is not None
        assert best.validation_accuracy is not None
        if self.config.train.monitor == "loss":
            return record.validation_loss < best.validation_loss
        new, old = ((one.validation_accuracy, -one.validation_loss) for one in (record, best))  # type: ignore[operator]
        return new > old

    def start_next_epoch(self) -> None:
        """Replace the averages in the model with the unaveraged weights."""
        if self.config.train.averaging is not None:
            self.model.set_weights(self._next_weights)

    def calibrate(self, run: Run) -> Calibration | None:
        """Count the validation reviews above each confidence limit, and the saved classifier's errors among them."""
        reviews = self.corpus.validation
        sequences = [reviews[row] for row in range(len(reviews))]
        return measure_calibration(Classifier.load(run), sequences, reviews.labels)

    def list_arrays(self) -> list[Array]:
        """Return the weights in the order of `weights.npz`."""
        return list(self.model.get_weights())

    def fill_stock(self) -> keras.Model:
        """Return the stock model with the current weights."""
        self.stock.set_weights(self.model.get_weights())
        return self.stock


def count_steps_at_once(config: Config, engine: str) -> int:
    """Return the number of batches to run before the progress bar is updated and a stop request is noticed.

    Together, these batches take less than a second. Keras runs no Python code between them; this saves time only if
    each batch is short.
    """
    model, batch_size = config.model, get_number(config.train.batch_size)
    if engine == "keras":
        return 1
    quick = 64 * 128**2
    return max(1, min(MOST_AT_ONCE, MOST_AT_ONCE * quick // (batch_size * model.units**2 * model.layers)))
