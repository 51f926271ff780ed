"""Next-word models for the tests: of random weights, and trained on a part of the sample."""

import numpy as np
import pytest

from imdb_gru.cells import CELLS
from imdb_gru.runs.run import Run

WORDS = 30


def build_next_word_config(**values):
    from imdb_gru.config import NextWordConfig, build_config

    return build_config(values, "test", NextWordConfig)


def draw_arrays(config, vocabulary_size, seed=0):
    """Random weights in the order of a next-word run's file."""
    model, rng = config.model, np.random.default_rng(seed)
    shapes, features = [(vocabulary_size, model.embedding)], model.embedding
    for _ in range(model.layers):
        shapes += CELLS[model.cell].list_shapes(features, model.units)
        features = model.units
    shapes += [(features, model.embedding), (model.embedding,), (vocabulary_size,)]
    return [rng.normal(0, 0.6, shape).astype("f") for shape in shapes]


@pytest.fixture
def make_next_word_run(tmp_path):
    """Make a complete run of random weights over the words w0, w1 …, without Keras."""
    from imdb_gru.runs.catalogue import create_run
    from imdb_gru.runs.weights import save_arrays
    from imdb_gru.text.vocabulary import Vocabulary

    def make(name="runs/random", text=None, words=None, **model):
        words = words or [f"w{number}" for number in range(WORDS)]
        values = {"data": {"path": "sample"}, "text": text or {}, "model": {"embedding": 5, "units": 6, **model}}
        config = build_next_word_config(**values)
        run = create_run(tmp_path / name, config)
        Vocabulary("words", words).save(run.vocabulary_path)
        save_arrays(run, draw_arrays(config, len(words) + 3))
        run.model_path.write_bytes(b"never opened")
        run.history_path.write_text("")
        run.environment_path.write_text("")
        best = {"epoch": 1, "validation_perplexity": 12.5}
        run.seal({"interrupted": False, "best": best, "finished_at": "today", "data": {"hash": "none"}})
        return run

    return make


TINY_NEXT_WORD = {
    "data": {"path": "sample", "limit": 200},
    "text": {"length": 60},
    "model": {"embedding": 6, "units": 7},
    "train": {
        "epochs": 2, "batch_size": 16, "timesteps": 25, "samples": 60, "validation_split": 0.1, "deterministic": True,
    },
}  # fmt: skip


@pytest.fixture(scope="session")
def next_word_run(tmp_path_factory) -> Run:
    """A next-word model trained on a part of the sample."""
    from imdb_gru.tasks.training import pretrain

    config = build_next_word_config(**TINY_NEXT_WORD)
    return pretrain(config, run=tmp_path_factory.mktemp("next") / "words")
