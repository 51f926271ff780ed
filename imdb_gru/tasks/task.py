"""The interface of a task."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from imdb_gru.config import DataConfig
from imdb_gru.corpus.corpus import Corpus, TrainingReviews
from imdb_gru.corpus.digests import digest_texts
from imdb_gru.errors import DataError, RunError
from imdb_gru.events import Notice, Observer
from imdb_gru.models.precision import Precision
from imdb_gru.runs.pretrained import PretrainedWeights
from imdb_gru.runs.run import Run
from imdb_gru.sources import open_run_source
from imdb_gru.sources.review import Review, Source, list_notes
from imdb_gru.system.progress import show_bar
from imdb_gru.system.wording import count_noun

if TYPE_CHECKING:
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.training.trainer import Trainer


@dataclass(frozen=True)
class ChosenReviews:
    """The reviews on which a run is evaluated."""

    split: str
    reviews: Sequence[Review]
    seen: int | None
    """Number of these reviews that were used to train the run or to choose its best epoch; None if unknown."""
    caveat: str | None = None
    """A sentence that explains why the figures on these reviews are optimistic; None if no reason is known."""

    @classmethod
    def build(cls, run: Run, split: str, reviews: Sequence[Review]) -> "ChosenReviews":
        """Build the result, and count the reviews that were used to train the run, comparing texts after truncation."""
        stored = run.load_seen()
        if stored is None:
            return cls(split, reviews, None)
        bar = show_bar(reviews, desc="comparing with the training reviews", unit=" reviews", delay=1)
        texts, config = (review.text for review in bar), run.load_any_config().text
        seen = stored.count(digest_texts(texts, config, run.load_vocabulary()))
        number = f"{'about ' * (stored.share > 1)}{seen} of {count_noun(len(reviews), 'review')}"
        caveat = f"{number} {'was' if seen == 1 else 'were'} used to train {run}, so the figures are optimistic"
        return cls(split, reviews, seen, caveat if seen else None)


@dataclass(frozen=True)
class EvaluationOptions:
    """The options for evaluating a classifier; see `imdb_gru.evaluate`."""

    errors: int
    threshold: float
    max_error: float | None
    precision: Precision
    classifier: "Classifier | None" = None
    """The classifier, if it is already loaded."""


class Task(ABC):
    """How one kind of model is trained and evaluated."""

    require_labels: ClassVar[bool]
    """Whether training and evaluation require labelled reviews."""

    @abstractmethod
    def load_reviews(self, source: Source, config: Any) -> TrainingReviews:
        """Read the training and validation reviews."""

    @abstractmethod
    def build_trainer(self, config: Any, corpus: Corpus, pretrained: PretrainedWeights | None) -> "Trainer":
        """Build a trainer; this loads TensorFlow."""

    @abstractmethod
    def summarise(self, config: Any, corpus: Corpus) -> tuple[str, int]:
        """Return Keras's summary of the model as text, and the number of parameters."""

    @abstractmethod
    def estimate_memory(self, config: Any, parameters: int, corpus: Corpus) -> int:
        """Return an estimate of the memory needed for training, in bytes."""

    def choose_reviews(self, run: Run, data: DataConfig | None, split: str | None, observer: Observer) -> ChosenReviews:
        """Read the reviews on which to evaluate a run, from its own data or from other data."""
        own = run.load_any_config().data
        source = open_run_source(str(run), own, data, require_labels=self.require_labels)
        chosen = self.choose_split(run, source, data, split, observer)
        send_notes(source, observer)
        return chosen

    @abstractmethod
    def choose_split(
        self, run: Run, source: Source, data: DataConfig | None, split: str | None, observer: Observer
    ) -> ChosenReviews:
        """Read a split; None means the task's default split. If `data` is None, `source` is the run's own data."""

    @abstractmethod
    def evaluate(self, run: Run, chosen: ChosenReviews, options: EvaluationOptions) -> Any:
        """Evaluate a run on reviews; return all metrics and, for a classifier, its most confident errors."""

    def choose_part(self, run: Run, source: Source, split: str | None) -> ChosenReviews:
        """Return a run's training, validation or test part; by default, test if it exists, or else validation.

        Raises `RunError` or `DataError` if the part is missing.
        """
        own = self.load_own_reviews(run, source)
        if own is None:
            raise RunError(
                f"{source.name} does not contain the reviews that {run} was trained on (they are from "
                f"{run.load_metrics().data.source}), so the run's {split or 'validation'} split is unknown: choose the "
                "original data with --data, or evaluate on other reviews without --split"
            )
        return self._take_part(run, own, split)

    def leave_out_training(self, run: Run, source: Source, chosen: ChosenReviews, observer: Observer) -> ChosenReviews:
        """Return `chosen` or, if it includes the run's training reviews, only the run's test or validation part."""
        if chosen.seen == 0:
            return chosen
        try:
            own = self.load_own_reviews(run, source)
        except DataError:  # these reviews do not suit training
            return chosen
        if own is None or not (own.test or own.validation):
            return chosen
        part = self._take_part(run, own, None)
        observer(
            Notice(
                f"{run} was trained on {source.name}, so only its {part.split} reviews are used: "
                "choose others with --split"
            )
        )
        return part

    def load_own_reviews(self, run: Run, source: Source) -> TrainingReviews | None:
        """Read the reviews that a run was trained on, or return None if the source contains different reviews."""
        data = run.load_metrics().data
        try:
            reviews = self.load_reviews(source, run.load_any_config())
        except DataError:
            if source.name == data.source:
                raise
            return None  # these reviews do not suit training, so they cannot be the run's own
        return reviews if reviews.hash == data.hash else None

    def _take_part(self, run: Run, own: TrainingReviews, split: str | None) -> ChosenReviews:
        split = split or ("test" if own.test else "validation")
        if split == "test":
            return ChosenReviews.build(run, split, own.test or [])
        if split == "train":
            caveat = f"{run} was trained on these reviews, so the figures say little about other reviews"
            reviews = [review for review in own.train if review.label is not None or not self.require_labels]
            return ChosenReviews(split, reviews, len(reviews), caveat)
        if not own.validation:
            share = run.load_any_config().train.validation_split
            raise DataError(
                f"{run} has no validation reviews (train.validation_split is {share:g}): evaluate on other reviews "
                "with --split or --data"
            )
        caveat = f"the best epoch of {run} was chosen on these reviews, so the figures are optimistic"
        return ChosenReviews(split, own.validation, len(own.validation), caveat)


def send_notes(source: Source, observer: Observer) -> None:
    """Notify the observer of anything unusual in a source's files. Call this after the reviews have been read."""
    for note in list_notes(source):
        observer(Notice(note))
