"""Hold train.deterministic to its word: the same weights, bit for bit, whatever computes them."""

import os

import numpy as np
import pytest
from support.commands import call
from support.models import start_from_scratch
from support.next_word_runs import build_next_word_config
from support.sessions import ignore, open_session

from imdb_gru.config import build_config
from imdb_gru.engine.bfloat16.unit import find_bfloat16_obstacle
from imdb_gru.runs.weights import read_arrays
from imdb_gru.system.reading import hash_file

pytestmark = [pytest.mark.keras, pytest.mark.processes, pytest.mark.usefixtures("full_graphs")]

DROPOUT = {"word": 0.1, "embedding": 0.2, "output": 0.2}
FUSED = [("fused", "float32", "gru"), ("fused", "bfloat16", "gru")]


@pytest.fixture
def train_twice(tmp_path):
    """Train one config twice; return the weights of both runs."""

    def train_twice(config):
        found = []
        for name in ("one", "other"):
            session = open_session(tmp_path / name, config)
            session.train(ignore)
            with read_arrays(session.run) as arrays:
                found.append(list(arrays))
        return found

    return train_twice


def make_values(engine, precision, cell, **train):
    """A config of odd sizes, so that the engine pads every matrix."""
    if precision == "bfloat16" and (obstacle := find_bfloat16_obstacle()):
        pytest.skip(obstacle)
    layers = 2 if engine == "fused" else 1  # of Keras's loops, each takes seconds to trace
    fit = {"epochs": 1, "batch_size": 16, "validation_split": 0.0, "deterministic": True}
    return {
        "data": {"path": "sample", "limit": 70},
        "text": {"length": 30},
        "model": {"embedding": 6, "units": 5, "layers": layers, "cell": cell, "dropout": DROPOUT},
        "train": {**fit, "engine": engine, "precision": precision, **train},
    }


def assert_identical(one, other):
    assert all(array.tobytes() == twin.tobytes() for array, twin in zip(one, other, strict=True))
    assert all(np.isfinite(array).all() for array in one)


@pytest.mark.parametrize(("engine", "precision", "cell"), [*FUSED, ("keras", "float32", "simple_rnn")])
def test_a_classifier_trained_twice_has_the_same_weights(train_twice, engine, precision, cell):
    config = build_config(start_from_scratch(make_values(engine, precision, cell, objective="linear")), "test")
    assert_identical(*train_twice(config))


@pytest.mark.parametrize(("engine", "precision", "cell"), [*FUSED, ("keras", "float32", "gru")])
def test_a_next_word_model_trained_twice_has_the_same_weights(train_twice, engine, precision, cell):
    values = make_values(engine, precision, cell, timesteps=12, samples=40)
    config = build_next_word_config(**values)
    assert_identical(*train_twice(config))


def test_another_process_ends_with_the_same_weights(invoke, tmp_path, monkeypatch):
    """Of other hash seeds, and of memory that is not clean where it comes from."""
    settings = ["data.limit=70", "text.length=30", "model.embedding=6", "model.units=5", "train.epochs=1"]
    arguments = [part for setting in (*settings, "train.deterministic=true") for part in ("--set", setting)]
    assert invoke("pretrain", "--data", "sample", *arguments, "--run", "one").code == 0
    variables = {**os.environ, "PYTHONHASHSEED": "7", "MALLOC_PERTURB_": "85"}
    done = call("pretrain", "--data", "sample", *arguments, "--run", "other", env=variables)
    assert done.returncode == 0, done.stderr
    assert hash_file(tmp_path / "one" / "weights.npz") == hash_file(tmp_path / "other" / "weights.npz")
