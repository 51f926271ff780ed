"""Trainings of the scikit-learn estimator that train nothing."""

import pytest

from imdb_gru.config.schedule import fit_schedule
from imdb_gru.records import Epoch
from support.models import make_classifier


@pytest.fixture
def trainings(monkeypatch):
    """Put a classifier of random weights in place of a training, and list what would have been trained."""
    calls = []

    def train(config, source, observer=None):
        (split,) = source.splits
        reviews = list(source.iter_reviews(split))
        calls.append((config, reviews))
        epochs = fit_schedule(config, len(reviews), 0).train.epochs
        history = [Epoch(epoch=number + 1) for number in range(epochs)]
        return make_classifier(config.train.seed), history, None

    monkeypatch.setattr("imdb_gru.sklearn.train_in_memory", train)
    return calls
