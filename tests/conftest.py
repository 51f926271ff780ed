import functools
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from support.commands import Result
from support.corpora import iter_members, write_npz, write_table, write_tar
from support.models import TINY, TWIN_WORDS, start_from_scratch

from imdb_gru.runs.run import Run

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

pytest_plugins = [
    "support.next_word_runs", "support.bundles", "support.browsers", "support.clusters", "support.estimators",
    "support.inspected",
]  # fmt: skip

CORPUS = os.environ.get("IMDB_GRU_DATA")


@functools.cache
def _load_trainer():
    from imdb_gru.training.classifier import trainer

    return trainer, trainer.MOST_AT_ONCE


def pytest_runtest_setup(item):
    """Have TensorFlow build the graph of one batch, not of several, and not rewrite it.

    For a tiny model, both take more time than they save. Tests that compare weights bit for bit ask for `full_graphs`.
    """
    if item.get_closest_marker("keras"):
        from imdb_gru.training import tf

        full = "full_graphs" in item.fixturenames
        trainer, most_at_once = _load_trainer()
        trainer.MOST_AT_ONCE = most_at_once if full else 1
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": not full})


@pytest.fixture(scope="session")
def full_graphs():
    """Have TensorFlow build graphs in this process as it does for users: of several batches, and rewritten."""


@pytest.fixture(autouse=True)
def _isolated(monkeypatch, tmp_path):
    monkeypatch.delenv("IMDB_GRU_DATA", raising=False)
    monkeypatch.setenv("IMDB_GRU_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def corpus_path():
    if not CORPUS:
        pytest.skip("the real corpus is not at hand: set IMDB_GRU_DATA to it")
    return Path(CORPUS)


@pytest.fixture
def write_corpus(tmp_path):
    """Write the small corpus in a format, and return the path to name with --data."""

    def write(kind):
        if kind in ("folder", "parent"):
            for name, text in iter_members():
                path = tmp_path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8", newline="")
            return tmp_path / "aclImdb" if kind == "folder" else tmp_path
        if kind == "tar":
            return write_tar(tmp_path / "aclImdb_v1.tar.gz", iter_members())
        if kind == "npz":
            return write_npz(tmp_path)
        return write_table(tmp_path / f"reviews.{kind}")

    return write


@pytest.fixture
def invoke(monkeypatch, capsys):
    """Run the command line in this process."""
    from imdb_gru.cli import main

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["imdb-gru", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return Result(int(stop.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory) -> Run:
    """A run trained on a part of the sample."""
    from imdb_gru.config import build_config
    from imdb_gru.tasks.training import train

    config = build_config(start_from_scratch({"data": {"path": "sample", "limit": 200}, **TINY}), "test")
    return train(config, run=tmp_path_factory.mktemp("runs") / "sample")


@pytest.fixture
def calibrated_run(sample_run, tmp_path_factory) -> Run:
    """The same run, as if it had shown on 100 validation reviews that its most confident predictions are right.

    With a maximum error of 10 %, it answers about half of the sample's test reviews.
    """
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.runs.calibration import Calibration
    from imdb_gru.runs.confidence import compute_confidence
    from imdb_gru.sources.sample import SampleSource

    path = tmp_path_factory.mktemp("calibrated") / "run"
    run = Run(shutil.copytree(sample_run.path, path))
    texts = [review.text for review in SampleSource().iter_reviews("test")]
    predictions = Classifier.load(run).predict_many(texts)
    middle = float(np.median(compute_confidence(np.array([prediction.probability for prediction in predictions]))))
    calibration = Calibration(reviews=100, limits=[middle, 0.0], answered=[80, 100], errors=[2, 30])
    figures = {key: value for key, value in run.load_metrics().to_dict().items() if key not in ("format", "files")}
    run.keep_calibration(calibration, figures)
    return run


@pytest.fixture
def build_twins(tmp_path):
    """Build a Keras model of random weights, and the classifier that reads its file."""
    from imdb_gru.config import build_config
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.runs.weights import read_keras
    from imdb_gru.text.vocabulary import Vocabulary
    from imdb_gru.training.model import build_model, keras

    def build(**model):
        keras.utils.set_random_seed(11)
        config = build_config(start_from_scratch({"model": {"embedding": 5, "units": 6, **model}}), "test")
        keras_model = build_model(config.model, TWIN_WORDS + 3)
        rng = np.random.default_rng(2)
        keras_model.set_weights([rng.normal(0, 0.6, weight.shape) for weight in keras_model.get_weights()])
        keras_model.save(tmp_path / "model.keras")
        vocabulary = Vocabulary("words", [f"w{number}" for number in range(TWIN_WORDS)])
        return keras_model, Classifier(config, vocabulary, read_keras(tmp_path / "model.keras", config.model))

    return build
