"""Starting, resuming and planning training runs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imdb_gru.config import AnyConfig, Config, DataConfig, NextWordConfig
from imdb_gru.config.schedule import count_steps, fit_schedule
from imdb_gru.config.schema import AUTO
from imdb_gru.corpus.corpus import Corpus, encode_corpus
from imdb_gru.errors import DataError, ImdbGruError, RunError
from imdb_gru.events import (
    BuildingModel,
    CorpusRead,
    Observer,
    ReadingReviews,
    ScheduleChosen,
    StartChosen,
    Stopped,
    TrainingStarted,
    ignore,
)
from imdb_gru.records import CorpusStatistics
from imdb_gru.runs.catalogue import check_free, check_writable, choose_path, create_run
from imdb_gru.runs.pretrained import PretrainedWeights, load_pretrained
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import iter_shapes
from imdb_gru.sources import check_data_found, open_source
from imdb_gru.sources.review import Source
from imdb_gru.system.lock import claim
from imdb_gru.system.memory import SMALLER, find_memory
from imdb_gru.system.signals import find_exit_code
from imdb_gru.system.wording import count_noun
from imdb_gru.tasks import find_task
from imdb_gru.tasks.configs import Data, OneConfig, prepare_config
from imdb_gru.tasks.places import Place, Session, ThisProcess
from imdb_gru.tasks.task import send_notes
from imdb_gru.tasks.teaching import Teaching
from imdb_gru.text.vocabulary import Vocabulary

MOST_SEEN = 0.05
"""Maximum share of a new run's reviews that may already have been used to train its initial classifier."""
WEIGHT_BYTES = 4
"""Size in bytes of one float32 weight."""


def train(
    config: str | Path | Mapping[str, Any] | Config = "default",
    *,
    data: Data | None = None,
    run: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    observer: Observer | None = None,
    place: Place | None = None,
) -> Run:
    """Train a classifier, save it in a run directory, and return the run.

    `config` is the name of a config in the package, a path, a nested mapping or a `Config`; `overrides` replaces some
    of its values, as in `{"train.epochs": 2}`. `data` is a value that `--data` accepts, a `DataConfig` or a `Source`.
    `run` is the path of the run; None means a new folder under `runs/`. `observer` is called with each event. Ctrl-C
    stops training after the current batch; the run then holds the best epoch so far, and `resume` can resume it. Raises
    `KeyboardInterrupt` if training is stopped before an epoch is complete, `ConfigError` if the config is invalid,
    `DataError` if the reviews cannot be used, and `RunError` if a run cannot be read or written.
    """
    return _train(Config, config, data, run, overrides, overwrite, observer or ignore, place or ThisProcess())


def pretrain(
    config: str | Path | Mapping[str, Any] | NextWordConfig = "pretrain",
    *,
    data: Data | None = None,
    run: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    observer: Observer | None = None,
) -> Run:
    """Train a next-word model, which needs no labels, and save it in a run directory. Arguments are as in `train`."""
    return _train(NextWordConfig, config, data, run, overrides, overwrite, observer or ignore, ThisProcess())


def _train(
    kind: type[OneConfig],
    config: str | Path | Mapping[str, Any] | OneConfig,
    data: Data | None,
    path: str | Path | None,
    overrides: Mapping[str, Any] | None,
    overwrite: bool,
    observer: Observer,
    place: Place,
) -> Run:
    complete = prepare_config(kind, config, data, overrides)
    task = find_task(complete.task)
    run = Run(Path(path).expanduser() if path else choose_path(complete))
    with claim(run.path), place.open():
        check_free(run.path, overwrite=overwrite)
        start = _load_start(complete, observer)
        corpus = load_corpus(complete, source=find_source(data), start=start, observer=observer)
        fitted = place.adapt(_fit(complete, corpus, start, observer))
        session = place.build_session(task, run, fitted, corpus, start)
        create_run(run.path, fitted, overwrite=overwrite)
        run.keep_corpus(corpus)
        observer(TrainingStarted(str(run)))
        _finish(run, session, observer)
    return run


def resume(
    run: str | Path | Run,
    *,
    data: Data | None = None,
    observer: Observer | None = None,
    place: Place | None = None,
) -> Run:
    """Resume a stopped training run with its own config; return the run.

    If the run's reviews were moved, pass their new path as `data`. Raises `RunError` if the run is complete, or if it
    was started with different reviews.
    """
    observer, place = observer or ignore, place or ThisProcess()
    run = run if isinstance(run, Run) else Run(Path(run).expanduser())
    check_writable(run.path, "be resumed", "start a new run from it")
    run.check_found()
    with claim(run.path), place.open():
        run.check_resumable()
        config = run.load_any_config()
        if data is None:
            check_data_found(str(run), config.data)
        config = prepare_config(type(config), config, data, None)
        task = find_task(config.task)
        start = _load_start(config, observer)
        vocabulary = run.load_vocabulary() if run.vocabulary_path.exists() else None
        if start and vocabulary and start.vocabulary.words != vocabulary.words:
            raise RunError(
                f"{config.model.pretrained} has changed since {run} was started from it: restore it, or repeat the "
                "training"
            )
        corpus = load_corpus(
            config, source=find_source(data), start=start, vocabulary=vocabulary, observer=observer, resumed=run
        )
        session = place.build_session(task, run, config, corpus, start)
        run.keep_corpus(corpus)
        observer(TrainingStarted(str(run)))
        observer(session.restore())
        _finish(run, session, observer)
    return run


@dataclass(frozen=True)
class Plan:
    """A description of what a training run would do."""

    data: CorpusStatistics
    summary: str
    """Keras's summary of the model."""
    parameters: int
    memory_bytes: int
    """Estimated memory needed for training, in bytes."""
    engine: str
    reason: str
    """Why this engine was chosen for the recurrent layers."""
    precision: str
    config: AnyConfig

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as the dictionary that `--dry-run --json` prints."""
        figures = {key: value for key, value in vars(self).items() if key not in ("summary", "reason")}
        return {**figures, "data": self.data.to_dict(), "config": self.config.model_dump()}


def plan(
    config: str | Path | Mapping[str, Any] | AnyConfig = "default",
    *,
    data: Data | None = None,
    overrides: Mapping[str, Any] | None = None,
    observer: Observer | None = None,
    kind: type[Config] | type[NextWordConfig] = Config,
    place: Place | None = None,
) -> Plan:
    """Describe what `train` (or `pretrain`, if `kind` is `NextWordConfig`) would do, without training a model."""
    observer, place = observer or ignore, place or ThisProcess()
    complete = prepare_config(kind, config, data, overrides)
    task = find_task(complete.task)
    start = _load_start(complete, observer)
    corpus = load_corpus(complete, source=find_source(data), start=start, observer=observer, ask=False)
    complete = place.adapt(_fit(complete, corpus, start, observer))
    observer(BuildingModel())
    from imdb_gru.training.model import choose_engine, choose_precision

    engine, reason = choose_engine(complete)
    precision = choose_precision(complete, engine)
    summary, parameters = task.summarise(complete, corpus)
    memory = task.estimate_memory(complete, parameters, corpus)
    return Plan(corpus.statistics, summary, parameters, memory, engine, reason, precision, complete)


def load_corpus(
    config: AnyConfig,
    *,
    source: Source | None = None,
    start: PretrainedWeights | None = None,
    vocabulary: Vocabulary | None = None,
    observer: Observer = ignore,
    resumed: Run | None = None,
    ask: bool = True,
) -> Corpus:
    """Read, tokenize and encode the reviews of a config, and ask its teachers about the training reviews.

    If `source` is None, the config's data is read. If `vocabulary` is None, the vocabulary of the initial weights is
    used or, without initial weights, one is built from the training reviews. Pass the initial weights as `start` if
    they are already loaded. If `resumed` is a run that holds the teachers' probabilities, these are used. If `ask` is
    False, the teachers are only checked. Raises `DataError` if the reviews cannot be used, and `ImdbGruError` if the
    machine does not have enough memory to train the model.
    """
    task = find_task(config.task)
    teaching = Teaching.prepare(config, resumed, ask=ask) if isinstance(config, Config) else None
    if vocabulary is None and (start := start or load_pretrained(config)):
        vocabulary = start.vocabulary
    source = source or open_source(config.data, require_labels=task.require_labels)
    observer(ReadingReviews(source.name))
    reviews = task.load_reviews(source, config)
    if teaching:
        reviews = teaching.cut_crops(reviews)
    send_notes(source, observer)
    corpus = encode_corpus(source, config, reviews, vocabulary)
    observer(CorpusRead(corpus.statistics, config.text.length, config.train.validation_split, reviews.counts))
    _check_memory(config, corpus)
    if start and start.has_output:
        _check_unseen(start.run, corpus)
    return teaching.apply(corpus, reviews, observer) if teaching else corpus


def _fit(config: AnyConfig, corpus: Corpus, start: PretrainedWeights | None, observer: Observer) -> AnyConfig:
    """Return the config with a schedule that suits the number of training reviews."""
    if not isinstance(config, Config):
        return config
    reviews = len(corpus.train)
    has_output = start is not None and start.has_output
    fitted = fit_schedule(config, reviews, len(corpus.validation), trained_output=has_output)
    if AUTO in (config.train.epochs, config.train.batch_size):
        observer(ScheduleChosen(reviews, count_steps(fitted, reviews), fitted.train))
    return fitted


def find_source(data: Data | None) -> Source | None:
    """Return the data if it is a source, or None if it only describes where the reviews are."""
    return None if data is None or isinstance(data, str | Path | DataConfig) else data


def _load_start(config: AnyConfig, observer: Observer) -> PretrainedWeights | None:
    start = load_pretrained(config)
    observer(StartChosen(config.model.pretrained))
    return start


def _finish(run: Run, session: Session, observer: Observer) -> None:
    """Train; send the `Stopped` event if training was stopped."""
    try:
        metrics = session.train(observer)
    except KeyboardInterrupt as stop:
        observer(Stopped(run.resumption, session.keeps_batches, find_exit_code(stop)))
        raise
    if metrics.interrupted:
        observer(Stopped(run.resumption, True, session.exit_code))


def _check_unseen(start: Run, corpus: Corpus) -> None:
    """Raise `DataError` if the initial classifier has already been trained on too many of the new run's reviews."""
    stored, digests = start.load_seen(), corpus.seen.digests
    seen = stored.count(digests) if stored else 0
    if seen > MOST_SEEN * len(digests):
        raise DataError(
            f"the classifier in model.pretrained, {start}, was itself trained on {seen} of these "
            f"{count_noun(len(digests), 'review')}, so the validation figures would mean nothing: start from a "
            "next-word model (model.pretrained=bundled), or train on other reviews"
        )


def _check_memory(config: AnyConfig, corpus: Corpus) -> None:
    """Raise `ImdbGruError` if the weights, gradients and Adam's moments need more memory than the machine has."""
    weights = sum(math.prod(shape) for shape in iter_shapes(config.model, len(corpus.vocabulary)))
    needed, available = 4 * WEIGHT_BYTES * weights, find_memory()
    if available is not None and needed > available:
        raise ImdbGruError(
            f"the model has {weights:,} weights, and training it needs at least {needed / 2**30:,.0f} GiB of memory, "
            f"but this machine has {available / 2**30:,.0f} GiB: {SMALLER}"
        )
