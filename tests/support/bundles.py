"""Classifiers that started from next-word models, and both as they ship with the package, without Keras."""

import importlib.util

import numpy as np
import pytest

from imdb_gru.runs.run import Run
from support.paths import SCRIPTS

BUNDLED_WORDS = 300
SIZES = {"embedding": 24, "units": 16}


def load_script(name):
    """Import a script as a module."""
    spec = importlib.util.spec_from_file_location(name, next(SCRIPTS.glob(f"*/{name}.py")))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def make_pair(tmp_path, make_next_word_run):
    """Make a next-word run of random weights and a classifier that was trained on from it, both complete."""
    from imdb_gru.config import build_config
    from imdb_gru.runs.catalogue import create_run
    from imdb_gru.runs.weights import read_arrays, save_arrays

    def make(words=None, change=0.02, **model) -> tuple[Run, Run]:
        sizes = SIZES | model
        words = words or [f"w{number}" for number in range(BUNDLED_WORDS)]
        encoder = make_next_word_run("pretrained", words=words, **sizes)
        values = {
            "data": {"path": "sample", "limit": 200},
            "model": {"pooling": ["last", "max"], **sizes, "pretrained": str(encoder.path)},
        }
        config, rng = build_config(values, "test"), np.random.default_rng(5)
        run = create_run(tmp_path / "classifier", config)
        encoder.load_vocabulary().save(run.vocabulary_path)
        with read_arrays(encoder) as stored:
            arrays = list(stored)[: 1 + 3 * config.model.layers]
        moved = [array + rng.normal(0, change, array.shape).astype("f") for array in arrays[1:]]
        width = config.model.units * len(config.model.pooling)
        dense = [rng.normal(0, 0.7, shape).astype("f") for shape in ((width, 1), (1,))]
        save_arrays(run, [arrays[0], *moved, *dense])  # the embedding as it was
        run.model_path.write_bytes(b"never opened")
        run.history_path.write_text("")
        run.environment_path.write_text("")
        best = {"epoch": 1, "validation_accuracy": 0.5}
        run.seal({"interrupted": False, "best": best, "finished_at": "today", "data": {"hash": "none"}})
        return encoder, run

    return make


@pytest.fixture
def pair(make_pair):
    return make_pair()


@pytest.fixture
def bundled(pair, tmp_path, monkeypatch):
    """Put a classifier and what it started from where the package has its own; return the folder and the originals."""
    from imdb_gru.runs import catalogue as runs

    encoder, run = pair
    folder = tmp_path / "package" / "bundled"
    load_script("bundle").bundle(run, encoder, 1.0, folder)
    monkeypatch.setattr(runs, "BUNDLE", folder)
    return folder, encoder, run
