"""Trainings for the tests, opened as a command opens them, but held before they begin."""

from imdb_gru.config.schedule import fit_schedule
from imdb_gru.corpus.corpus import encode_corpus
from imdb_gru.events import EpochDone
from imdb_gru.runs.catalogue import create_run
from imdb_gru.sources.sample import SampleSource
from imdb_gru.tasks import find_task


def open_session(path, config, *, run=None, reviews=None, pretrained=None, shares=None):
    """Open a training of a config on the sample into a new run at a path, or into `run`, which it resumes."""
    from imdb_gru.training.classifier.trainer import ClassifierTrainer
    from imdb_gru.training.session import LocalSession

    task, source = find_task(config.task), SampleSource()
    reviews = reviews or task.load_reviews(source, config)
    vocabulary = run.load_vocabulary() if run else pretrained and pretrained.vocabulary
    corpus = encode_corpus(source, config, reviews, vocabulary)
    if config.task == "sentiment":
        config = fit_schedule(config, len(corpus.train), len(corpus.validation))
    if run is None:
        run = create_run(path, config)
        run.keep_vocabulary(corpus.vocabulary)

    def build():
        if shares:
            return ClassifierTrainer(config, corpus, pretrained, shares)
        return task.build_trainer(config, corpus, pretrained)

    return LocalSession(run, build)


def on_epoch(report):
    """Return an observer that calls `report` with the record of each epoch."""
    return lambda event: report(event.record) if isinstance(event, EpochDone) else None


def ignore(event):
    """Observe nothing."""
