"""Fixtures for the inspect commands on the model in the package, which is loaded once."""

import pytest

import imdb_gru
from imdb_gru.models.classifier import Classifier
from support.models import make_classifier


@pytest.fixture(scope="session")
def packaged():
    return imdb_gru.load("bundled")


@pytest.fixture
def inspect_bundled(invoke, packaged, monkeypatch):
    """Run a command of inspect with the model in the package, or with a classifier of random weights."""

    def run(command, *arguments, **model):
        classifier = make_classifier(**model) if model else packaged
        monkeypatch.setattr(Classifier, "load", lambda run: classifier)
        return invoke("inspect", command, "--run", "bundled", *arguments)

    return run
