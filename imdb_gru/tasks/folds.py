"""Cross-validation: several models, each trained on the reviews outside its fold and evaluated on its fold."""

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imdb_gru.config import Config
from imdb_gru.corpus.corpus import choose_folds, load_labelled_reviews
from imdb_gru.corpus.stored import StoredReviews
from imdb_gru.errors import DataError
from imdb_gru.events import (
    EngineChosen,
    Event,
    Notice,
    Observer,
    ReadingReviews,
    ScheduleChosen,
    StartChosen,
    ignore,
)
from imdb_gru.models.metrics import Scores, compute_scores
from imdb_gru.models.teachers import check_unknown, find_teachers
from imdb_gru.sources import open_source
from imdb_gru.sources.review import UNLABELLED, Review, Source
from imdb_gru.system.arrays import Rows
from imdb_gru.system.escaping import show_value
from imdb_gru.system.frames import build_frame, split_intervals
from imdb_gru.system.wording import count_noun
from imdb_gru.tasks.configs import Data, prepare_config
from imdb_gru.tasks.in_memory import train_in_memory
from imdb_gru.tasks.training import find_source

if TYPE_CHECKING:
    from pandas import DataFrame

REPEATED = (ReadingReviews, StartChosen, ScheduleChosen, EngineChosen)
"""Training events that are not passed on to the observer, because they would be the same for every fold."""


@dataclass(frozen=True)
class FoldStarted(Event):
    """Training on the reviews outside a fold is about to start."""

    fold: int
    """Number of the fold, starting at 1."""
    folds: int
    reviews: int
    """Number of reviews in the fold."""

    def __str__(self) -> str:
        """Return the number and the size of the fold as a line of text."""
        return f"fold {self.fold} of {self.folds}: training without {count_noun(self.reviews, 'review')}"


@dataclass(frozen=True)
class FoldDone(Event):
    """A model has been evaluated on its fold."""

    fold: int
    folds: int
    scores: Scores

    def __str__(self) -> str:
        """Return the accuracy on the fold as a line of text."""
        return f"fold {self.fold} of {self.folds}: accuracy {self.scores.accuracy:.2%}"


@dataclass(frozen=True)
class CrossValidation:
    """The metrics of a cross-validation."""

    folds: tuple[Scores, ...]
    pooled: Scores
    """The metrics on all reviews, each of which is classified by the model that was not trained on it."""

    @property
    def accuracy_mean(self) -> float:
        """Return the mean of the folds' accuracies."""
        return statistics.mean(fold.accuracy for fold in self.folds)

    @property
    def accuracy_deviation(self) -> float:
        """Return the standard deviation of the folds' accuracies."""
        return statistics.stdev(fold.accuracy for fold in self.folds)

    def to_dict(self) -> dict[str, Any]:
        """Return the dictionary that `train --folds K --json` prints under `cross_validation`."""
        return {
            "accuracy_mean": self.accuracy_mean,
            "accuracy_deviation": self.accuracy_deviation,
            "pooled": asdict(self.pooled),
            "folds": [asdict(fold) for fold in self.folds],
        }

    def to_frame(self) -> "DataFrame":
        """Return a pandas data frame with a row for each fold; pandas must be installed."""
        records = []
        for number, fold in enumerate(self.folds, 1):
            figures = {name: value for name, value in vars(fold).items() if name != "confusion_matrix"}
            records.append(split_intervals({"fold": number, **figures}))
        return build_frame(records)


class _OtherFolds:
    """A source whose train split is the reviews outside a fold, with the original validation and unlabelled splits."""

    def __init__(self, source: Source, reviews: StoredReviews) -> None:
        self.name, self.folder = source.name, source.folder
        self.splits = ("train", *(split for split in source.splits if split in ("validation", UNLABELLED)))
        self._source = source
        self._reviews = reviews

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews in a fixed order."""
        return iter(self._reviews) if split == "train" else self._source.iter_reviews(split)


def cross_validate(
    config: str | Path | Mapping[str, Any] | Config = "default",
    *,
    data: Data | None = None,
    folds: int = 5,
    overrides: Mapping[str, Any] | None = None,
    observer: Observer | None = None,
) -> CrossValidation:
    """Divide the training reviews into folds; evaluate a model on each fold after training it on the other folds.

    The other arguments are as in `train`. The folds are stratified by label. All reviews of one film, and all
    copies of one review, are in the same fold. The best epoch of a model is chosen on validation reviews from outside
    its fold, so the metrics are not optimistic. Neither a test split nor the test part set aside by `data.test_split`
    is used. No run is written. Raises `ConfigError` if the config is invalid, `DataError` if the reviews cannot be
    used, `ValueError` if `folds` is not an integer of at least 2, and `KeyboardInterrupt` on Ctrl-C.
    """
    if not isinstance(folds, int) or folds < 2:
        raise ValueError(f"folds={show_value(folds)}: give an integer of at least 2")
    observer = observer or ignore
    complete = prepare_config(Config, config, data, overrides)
    source = find_source(data) or open_source(complete.data)
    observer(ReadingReviews(source.name))
    reviews, _ = load_labelled_reviews(source, complete.data)
    chosen = choose_folds(reviews, folds, complete.train.seed)
    _check_folds(source, reviews, chosen, folds)
    for teacher in find_teachers(complete.train):
        advice = "with folds, choose ngrams or a teacher that was trained on other reviews"
        check_unknown(teacher, reviews, "reviews of the folds", advice)
    # The limit on the number of reviews and the test split have already been applied.
    used = complete.data.model_copy(update={"limit": None, "test_split": 0.0})
    complete = complete.model_copy(update={"data": used})
    probabilities = np.empty(len(reviews), np.float32)
    scores = []
    for fold in range(folds):
        rows = np.flatnonzero(chosen == fold)
        observer(FoldStarted(fold + 1, folds, len(rows)))
        others = _OtherFolds(source, reviews.take(np.flatnonzero(chosen != fold)))
        try:
            classifier, _, stop = train_in_memory(
                complete, others, lambda event: None if isinstance(event, REPEATED) else observer(event)
            )
            if stop:
                raise stop
        except KeyboardInterrupt:
            observer(Notice(f"stopped in fold {fold + 1} of {folds}; nothing is saved"))
            raise
        part = reviews.take(rows)
        predictions = classifier.predict_many(review.text for review in part)
        probabilities[rows] = [prediction.probability for prediction in predictions]
        scores.append(compute_scores(part.labels, probabilities[rows]))
        observer(FoldDone(fold + 1, folds, scores[-1]))
    return CrossValidation(tuple(scores), compute_scores(reviews.labels, probabilities))


def _check_folds(source: Source, reviews: StoredReviews, chosen: Rows, folds: int) -> None:
    """Raise `DataError` if a fold is empty, or contains all the positive or all the negative reviews."""
    for fold in range(folds):
        if not (chosen == fold).any() or len(np.unique(reviews.labels[chosen != fold])) < 2:
            raise DataError(f"{source.name} has too few distinct reviews for {folds} folds: choose fewer folds")
