"""Evaluation of a run on reviews from its own data or from other data."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imdb_gru.config import DataConfig
from imdb_gru.corpus.stored import find_only_label
from imdb_gru.errors import DataError, RunError
from imdb_gru.events import EvaluationStarted, Notice, Observer, ignore
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.precision import Precision
from imdb_gru.models.prediction import LABELS
from imdb_gru.runs.catalogue import find_run
from imdb_gru.runs.confidence import THRESHOLD, check_threshold
from imdb_gru.runs.run import Run
from imdb_gru.sources.suite import BUNDLED_SUITE, read_suite
from imdb_gru.system.escaping import show_value
from imdb_gru.tasks import find_task
from imdb_gru.tasks.task import ChosenReviews, EvaluationOptions

if TYPE_CHECKING:
    from imdb_gru.models.evaluation import Evaluation, NextWordEvaluation
    from imdb_gru.models.exchange_evaluation import ExchangeEvaluation
    from imdb_gru.models.suite_evaluation import SuiteEvaluation

Model = str | Path | Run | Classifier
SPLITS = ("train", "validation", "test")
NEIGHBOURS = 8
"""Default number of nearest neighbours that can replace a word."""
EXCHANGED_REVIEWS = 100
"""Default number of reviews in which words are replaced."""


def evaluate(
    model: Model | None = None,
    *,
    data: str | Path | DataConfig | None = None,
    split: str | None = None,
    errors: int = 0,
    threshold: float | None = None,
    max_error: float | None = None,
    precision: Precision | None = None,
    observer: Observer | None = None,
) -> "Evaluation | NextWordEvaluation":
    """Evaluate a classifier on labelled reviews, or a next-word model on any reviews; return all metrics.

    `model` is the result of `load`, a `Run` or a run's path; None means the newest complete run under `runs/` or, if
    there is none, the bundled model. If `data` is None, the data in the run's config is used. If `split` is None,
    the test split is used. If there is no test split, the reviews that were held out from training are used: the test
    part set aside by `data.test_split`, or else the validation reviews. For a next-word model, the default is the
    validation reviews. If `data` is other data without a test split, all of its reviews are used; if some of them were
    used to train the run, a notice and the `caveat` of the result say how many.

    `errors` is the number of misclassified reviews to return, starting with the most confident predictions. A review is
    classified as positive if its probability is at least `threshold`; None means the model's threshold, which is 0.5
    unless the model was loaded with a different threshold. With `max_error`, such as 0.05, the result also says how
    many reviews would receive a label (rather than 'unsure') from `predict` with the same `max_error`, and how many of
    these labels would be wrong; `max_error` requires a threshold of 0.5. `precision` is as in `load`; None means the
    model's precision. Raises `RunError` if the run cannot be used, `DataError` if the reviews or options do not suit
    the run, and `ValueError` if the value of an option is invalid.
    """
    run = open_model(model)
    _check_errors(errors)
    if not find_task(run.task).require_labels:
        if errors:
            raise DataError(f"{run} is {run.model_name}, for which errors cannot be shown: omit --errors")
        for option, value in (("--threshold", threshold), ("--max-error", max_error)):
            if value is not None:
                raise DataError(f"{run} is {run.model_name}, which predicts no labels: omit {option}")
    threshold, precision = _choose_options(model, threshold, precision)
    chosen = choose_reviews(run, data=data, split=split, observer=observer)
    classifier = model if isinstance(model, Classifier) else None
    evaluation: Evaluation | NextWordEvaluation = find_task(run.task).evaluate(
        run, chosen, EvaluationOptions(errors, threshold, max_error, precision, classifier)
    )
    return evaluation


def evaluate_suite(
    model: Model | None = None,
    suite: str | Path | DataConfig = BUNDLED_SUITE,
    *,
    threshold: float | None = None,
    errors: int = 0,
    precision: Precision | None = None,
    observer: Observer | None = None,
) -> "SuiteEvaluation":
    """Evaluate a classifier on a suite of behavioural tests, such as negations, typos and changed names.

    `suite` is `bundled` for the suite in the package, or else the path or the `DataConfig` of a table. The table has
    the columns `text`, `label` and `kind`, and optionally `pair` and `direction`. A table of contrast pairs has the
    columns `text`, `label` and `pair`, and needs no `kind`; the result's `contrast` has the share of pairs in which the
    model classifies all texts correctly. If a text has a label, the model must predict this label. If a text has the
    direction "up", its probability must not be lower than that of the first text of its pair; if it has the direction
    "down", its probability must not be higher. If a pair has neither labels nor directions, the model must predict the
    same label for all of its texts.

    `errors` is the number of failures to return for each kind, starting with the worst. The other arguments are as in
    `evaluate`. Raises `RunError` if the run cannot be used, `DataError` if the table is not a suite or the model is a
    next-word model, and `ValueError` if the value of an option is invalid.
    """
    from imdb_gru.models.suite_evaluation import evaluate_tests

    run = open_model(model)
    _check_errors(errors)
    if not find_task(run.task).require_labels:
        raise DataError(f"{run} is {run.model_name}, which predicts no labels: omit --suite")
    options = _choose_options(model, threshold, precision)
    classifier = model.adapt(*options) if isinstance(model, Classifier) else Classifier.load(run, *options)
    tests = read_suite(suite if isinstance(suite, DataConfig) else DataConfig(path=str(suite)))
    for note in tests.notes:
        (observer or ignore)(Notice(note))
    return evaluate_tests(classifier, tests, errors)


def evaluate_exchanges(
    model: Model | None = None,
    *,
    exchanges: int = 5,
    neighbours: int = NEIGHBOURS,
    reviews: int = EXCHANGED_REVIEWS,
    data: str | Path | DataConfig | None = None,
    split: str | None = None,
    errors: int = 0,
    threshold: float | None = None,
    precision: Precision | None = None,
    seed: int = 0,
    observer: Observer | None = None,
) -> "ExchangeEvaluation":
    """Evaluate a classifier on reviews in which words are replaced with near neighbours in the classifier's embedding.

    In each review, up to `exchanges` words are replaced one by one, each with one of its `neighbours` nearest
    neighbours, so as to lower the probability of the correct label as much as possible. The search is greedy, so the
    accuracies are upper bounds: the worst possible replacements can lower the accuracy further. `reviews` is the number
    of reviews to choose at random. `seed` determines this choice, and also the random replacements that are made for
    comparison. `errors` is the number of newly misclassified reviews to return, starting with those that needed the
    fewest replacements. The other arguments are as in `evaluate`. Raises `RunError` if the run cannot be used,
    `DataError` if the reviews do not suit the run or the model is a next-word model, and `ValueError` if the value of
    an option is invalid.
    """
    from imdb_gru.inspection.exchanges import measure_exchanges

    run = open_model(model)
    _check_errors(errors)
    for name, value in (("exchanges", exchanges), ("neighbours", neighbours), ("reviews", reviews)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name}={show_value(value)}: give an integer of at least 1")
    if not find_task(run.task).require_labels:
        raise DataError(f"{run} is {run.model_name}, which predicts no labels: omit --exchanges")
    classifier = Classifier.load(run, *_choose_options(model, threshold, precision))
    chosen = choose_reviews(run, data=data, split=split, observer=observer, most=reviews, seed=seed)
    return measure_exchanges(
        classifier,
        chosen.split,
        chosen.reviews,
        exchanges=exchanges,
        neighbours=neighbours,
        errors=errors,
        seed=seed,
        caveat=chosen.caveat,
    )


def _choose_options(
    model: Model | None, threshold: float | None, precision: Precision | None
) -> tuple[float, Precision]:
    """Return the threshold and precision to use: the given values or, in place of None, the model's.

    Raises `ValueError` if the threshold is invalid.
    """
    if threshold is None:
        threshold = model.threshold if isinstance(model, Classifier) else THRESHOLD
    if precision is None:
        precision = model.precision if isinstance(model, Classifier) else "auto"
    return check_threshold(threshold), precision


def _check_errors(errors: int) -> None:
    if not isinstance(errors, int) or errors < 0:
        raise ValueError(f"errors={show_value(errors)}: give an integer of at least 0")


def choose_reviews(
    run: Run,
    *,
    data: str | Path | DataConfig | None = None,
    split: str | None = None,
    observer: Observer | None = None,
    most: int | None = None,
    seed: int = 0,
) -> ChosenReviews:
    """Return the reviews of a split or, if there are more than `most`, a random sample of `most` drawn with `seed`.

    The other arguments are as in `evaluate`.
    """
    observer = observer or ignore
    if split is not None and split not in SPLITS:
        raise DataError(f"there is no split {show_value(split)}: choose {', '.join(SPLITS[:-1])} or {SPLITS[-1]}")
    if data is not None and not isinstance(data, DataConfig):
        data = DataConfig(path=str(data))
    chosen = find_task(run.task).choose_reviews(run, data, split, observer)
    if most is not None and most < len(chosen.reviews):
        rows = np.random.default_rng(seed).choice(len(chosen.reviews), most, replace=False)
        chosen = replace(chosen, reviews=[chosen.reviews[row] for row in sorted(rows)])
    observer(EvaluationStarted(len(chosen.reviews), chosen.split))
    if chosen.caveat:
        observer(Notice(chosen.caveat))
    if find_task(run.task).require_labels and (only := find_only_label(chosen.reviews)) is not None:
        name = LABELS[only]
        observer(Notice(f"all reviews are {name}, so the accuracy is only the share that the model predicts as {name}"))
    return chosen


def open_model(model: Model | None) -> Run:
    """Return the run of a model, or raise `RunError` if the model was not loaded from a run."""
    if isinstance(model, Classifier):
        if model.run is None:
            raise RunError("the model was not loaded from a run, so its data is unknown: load the model from a run")
        return model.run
    if isinstance(model, Run):
        model.check_complete()
        return model
    return find_run(model)
