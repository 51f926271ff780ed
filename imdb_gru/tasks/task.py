"""The interface of a task."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from imdb_gru.config import DataConfig
from imdb_gru.corpus.corpus import Corpus, TrainingReviews
from imdb_gru.errors import DataError, RunError
from imdb_gru.events import Observer
from imdb_gru.runs.pretrained import PretrainedWeights
from imdb_gru.runs.run import Run
from imdb_gru.sources.review import Review, Source

if TYPE_CHECKING:
    from imdb_gru.training.trainer import Trainer

Reviews = tuple[str, Sequence[Review]]
"""The name of a split and its reviews."""


class Task(ABC):
    """How a kind of model is trained on reviews and evaluated."""

    require_labels: ClassVar[bool]
    """Whether the model is trained only on labelled reviews."""

    @abstractmethod
    def load_reviews(self, source: Source, config: Any) -> TrainingReviews:
        """Read the training and validation reviews."""

    def load_pretrained(self, config: Any) -> PretrainedWeights | None:  # noqa: ARG002 - used for classifiers
        """Load the weights from which training starts, or return None for random weights."""
        return None

    @abstractmethod
    def build_trainer(self, config: Any, corpus: Corpus, pretrained: PretrainedWeights | None) -> "Trainer":
        """Build a trainer; this loads TensorFlow."""

    @abstractmethod
    def summarise(self, config: Any, corpus: Corpus) -> tuple[str, int]:
        """Return Keras's summary of the model as text, and its number of parameters."""

    @abstractmethod
    def estimate_memory(self, config: Any, parameters: int, corpus: Corpus) -> int:
        """Return an estimate of the memory needed for training, in bytes."""

    @abstractmethod
    def choose_reviews(self, run: Run, data: DataConfig | None, split: str | None, observer: Observer) -> Reviews:
        """Read the reviews on which to evaluate a run, from its own or different data."""

    @abstractmethod
    def evaluate(self, run: Run, split: str, reviews: Sequence[Review], errors: int, max_error: float | None) -> Any:
        """Evaluate a run on reviews; return all metrics and, for a classifier, its most confident errors."""

    def choose_part(self, run: Run, source: Source, split: str) -> Sequence[Review]:
        """Return a run's training or validation reviews; raises `RunError` or `DataError` if they are missing."""
        config = run.load_any_config()
        reviews = self.load_reviews(source, config)
        if reviews.hash != run.load_metrics().data.hash:
            raise RunError(
                f"{source.name} does not contain the reviews that {run} was trained on, which are from "
                f"{run.load_metrics().data.source}, so its {split} split is unknown: choose that data with --data, or "
                "evaluate on other reviews without --split"
            )
        chosen = reviews.train if split == "train" else reviews.validation
        if not chosen:
            share = config.train.validation_split
            raise DataError(
                f"{run} has no validation reviews (train.validation_split is {share:g}): evaluate on other reviews "
                "with --split or --data"
            )
        return chosen
