"""What differs between the tasks, as an interface."""

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
"""The name of a split, and its reviews."""


class Task(ABC):
    """How reviews of a kind become a model of a kind, and how such a model is evaluated."""

    require_labels: ClassVar[bool]

    @abstractmethod
    def load_reviews(self, source: Source, config: Any) -> TrainingReviews:
        """Read the training and validation reviews."""

    def load_pretrained(self, config: Any) -> PretrainedWeights | None:  # noqa: ARG002 - a classifier's config needs it
        """Load the weights that a training starts from, None for random ones."""
        return None

    @abstractmethod
    def build_trainer(self, config: Any, corpus: Corpus, pretrained: PretrainedWeights | None) -> "Trainer":
        """Build a model in training; this loads TensorFlow."""

    @abstractmethod
    def summarise(self, config: Any, corpus: Corpus) -> tuple[str, int]:
        """Return Keras's summary of the model as text, and its number of parameters."""

    @abstractmethod
    def estimate_memory(self, config: Any, parameters: int, corpus: Corpus) -> int:
        """Estimate the bytes that a training takes."""

    @abstractmethod
    def choose_reviews(self, run: Run, data: DataConfig | None, split: str | None, observer: Observer) -> Reviews:
        """Read the reviews to evaluate a run on: a split of other data, or of its own."""

    @abstractmethod
    def evaluate(self, run: Run, split: str, reviews: Sequence[Review], errors: int) -> Any:
        """Evaluate a run on reviews; return all figures, and a classifier's most confident errors."""

    def choose_part(self, run: Run, source: Source, split: str) -> Sequence[Review]:
        """Return the reviews that a run was trained on, or its validation reviews; raises if the source has others."""
        config = run.load_any_config()
        reviews = self.load_reviews(source, config)
        if reviews.hash != run.load_metrics().data.hash:
            raise RunError(
                f"{source.name} does not hold the reviews that {run} was trained on, which came from "
                f"{run.load_metrics().data.source}, so its {split} split is not known: choose that data, or evaluate "
                "on other reviews without --split"
            )
        chosen = reviews.train if split == "train" else reviews.validation
        if not chosen:
            share = config.train.validation_split
            raise DataError(
                f"{run} has no validation reviews (train.validation_split is {share:g}): evaluate on other reviews "
                "with --split or --data"
            )
        return chosen
