"""Teachers: classifiers whose mean probabilities a new classifier learns to predict (Hinton, Vinyals and Dean 2015).

Probabilities are averaged, rather than logits, so that a very confident teacher cannot outvote the others.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config import Config, TaskName, TextConfig, TrainConfig
from imdb_gru.config.schema import NGRAMS
from imdb_gru.corpus.corpus import Corpus, TrainingReviews
from imdb_gru.corpus.digests import digest_texts, find_repeated
from imdb_gru.corpus.encoded import tokenize_reviews
from imdb_gru.corpus.stored import StoredReviews
from imdb_gru.errors import ConfigError, DataError
from imdb_gru.models.batches import CHUNK
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.linear import fit_linear
from imdb_gru.records import TeacherRecord
from imdb_gru.runs.catalogue import BUNDLED_CLASSIFIER
from imdb_gru.runs.pretrained import find_named_run
from imdb_gru.runs.run import Run
from imdb_gru.system.arrays import Array
from imdb_gru.system.progress import show_bar

MOST_SEEN = 0.01
"""Maximum share of the held-out reviews that a teacher may have used.

It is not 0, because short texts such as "Great!" occur in any collection of reviews.
"""


@dataclass(frozen=True)
class Teacher:
    """A classifier that provides targets for training a new classifier."""

    name: str
    """The teacher's name in `train.teachers`."""
    run: Run | None
    """The teacher's run, or None if the teacher is a linear model of n-grams."""
    weight: float

    @property
    def record(self) -> TeacherRecord:
        """Return the teacher's name, its weight and the hashes of its files."""
        files = {}
        if self.run:
            sealed = self.run.load_metrics().files
            paths = self.run.config_path, self.run.vocabulary_path, self.run.weights_path
            files = {path.name: sealed[path.name] for path in paths}
        return TeacherRecord(name=self.name, weight=self.weight, files=files)

    def predict(self, reviews: StoredReviews, text: TextConfig) -> NDArray[np.float64]:
        """Return the probability of positive for each training review, `(N,)`.

        A run encodes the texts with its own settings. A linear model is fitted to the labelled reviews, and
        tokenizes and truncates all reviews with the settings in `text`.
        """
        with show_bar(total=len(reviews), desc=f"asking {self.name}", unit=" reviews", delay=1) as bar:
            if self.run is None:
                return np.fromiter(_predict_linear(reviews, text, bar.update), np.float64, len(reviews))
            texts = (review.text for review in reviews)
            classifier = Classifier.load(self.run, precision="float32")  # gives the same results on every CPU
            predictions = classifier.predict_many(texts, observe=bar.update)
            return np.fromiter((prediction.probability for prediction in predictions), np.float64, len(reviews))


def _predict_linear(reviews: StoredReviews, text: TextConfig, observe: Callable[[int], object]) -> Iterator[float]:
    model = fit_linear(tokenize_reviews(reviews.take_labelled(), text))
    for start in range(0, len(reviews), CHUNK):
        part = tokenize_reviews(reviews[start : start + CHUNK], text).to_lists()
        yield from (float(curve[-1]) for curve in model.predict_timesteps(part))
        observe(len(part))


def find_teachers(train: TrainConfig) -> list[Teacher]:
    """Find the teachers of a config, or raise `ConfigError` or `RunError` if one is not a complete classifier."""
    weights = train.teacher_weights or [1.0] * len(train.teachers)
    return [
        Teacher(name, None if name == NGRAMS else _find_run(name), weight)
        for name, weight in zip(train.teachers, weights, strict=True)
    ]


def _find_run(name: str) -> Run:
    bundled: dict[str, TaskName] = {BUNDLED_CLASSIFIER: "sentiment"}
    run = find_named_run("train.teachers", name, bundled, f"train --run {name}", NGRAMS)
    if run.task != "sentiment":
        raise ConfigError(f"train.teachers: {name} is {run.model_name}, not a classifier: choose a classifier")
    return run


def ask_teachers(teachers: Sequence[Teacher], reviews: StoredReviews, text: TextConfig) -> Array:
    """Return the teachers' weighted mean probability of positive for each training review, `(N,)`."""
    answers = [teacher.predict(reviews, text) for teacher in teachers]
    mean = np.average(answers, axis=0, weights=[teacher.weight for teacher in teachers])
    return mean.astype(np.float32)


def check_held_out(teachers: Sequence[Teacher], reviews: TrainingReviews, corpus: Corpus, config: Config) -> None:
    """Raise `DataError` if a teacher was trained on validation reviews or has used reviews of the test part.

    Reviews that are identical to a training review are allowed, because the new model is trained on them too.
    """

    def is_repeated(found: StoredReviews) -> int:
        digests = digest_texts((review.text for review in found), config.text, corpus.vocabulary)
        return int(find_repeated(digests, corpus.seen.trained).sum())

    for teacher in teachers:
        advice = f"train the teacher on the same data with {_describe_split(config)}"
        if teacher.run and (own := teacher.run.load_config()).train.validation_split:
            advice = f"set {_describe_split(own)}, as in its training, if that was on the same data, or {advice}"
        check_unknown(
            teacher,
            reviews.validation,
            "validation reviews",
            advice,
            trained=True,
            count_allowed=is_repeated,
        )
        check_unknown(
            teacher,
            reviews.test or reviews.validation[:0],
            "reviews of the test part",
            f"train the teacher with data.test_split={config.data.test_split:g}, or choose another teacher",
            count_allowed=is_repeated,
        )


def _describe_split(config: Config) -> str:
    train = config.train
    return f"train.validation_split={train.validation_split:g} and train.validation_seed={train.split_seed}"


def check_unknown(
    teacher: Teacher,
    reviews: StoredReviews,
    part: str,
    advice: str,
    *,
    trained: bool = False,
    count_allowed: Callable[[StoredReviews], int] = lambda _: 0,
) -> None:
    """Raise `DataError` if a teacher has used more than a few of the reviews; the error message calls them `part`.

    If `trained` is true, only reviews that the teacher was trained on count as used, not its validation reviews.
    `count_allowed` is called with the reviews that the teacher has used, and returns how many of them are allowed.
    """
    if teacher.run is None or not reviews:
        return
    stored = teacher.run.load_seen()
    if stored is None:
        raise DataError(
            f"the teacher {teacher.name} has no record of the reviews that it was trained on: train it again, or "
            "choose another teacher"
        )
    bar = show_bar(reviews, desc=f"comparing with the reviews of {teacher.name}", unit=" reviews", delay=1)
    settings = teacher.run.load_any_config().text, teacher.run.load_vocabulary()
    digests = digest_texts((review.text for review in bar), *settings)
    found = reviews.take(np.flatnonzero(find_repeated(digests, stored.trained if trained else stored.digests)))
    seen = min(len(reviews), stored.share * (len(found) - count_allowed(found)))
    if seen > MOST_SEEN * len(reviews):
        number = f"{'about ' * (stored.share > 1)}{seen:,} of the {len(reviews):,} {part}"
        raise DataError(
            f"the teacher {teacher.name} was trained on {number}, so the figures on them would be optimistic: {advice}"
        )
