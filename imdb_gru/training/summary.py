"""What a training would take: the summary of the model, and its memory."""

import io

import keras

from imdb_gru.config import Config, NextWordConfig
from imdb_gru.corpus.corpus import Corpus
from imdb_gru.training.model import build_model
from imdb_gru.training.next_word.model import FULL_ROWS, KerasNextWordModel

BASE_BYTES = 620 * 2**20
"""What a process with TensorFlow and Keras loaded takes before it does anything."""


def summarise_model(config: Config, corpus: Corpus) -> tuple[str, int]:
    """Return Keras's summary of the model as text, and its count of parameters."""
    model = build_model(config.model, len(corpus.vocabulary))
    return _print_summary(model), int(model.count_params())


def _print_summary(model: keras.Model) -> str:
    lines = io.StringIO()
    model.summary(print_fn=lambda line, **_: lines.write(line + "\n"))
    return lines.getvalue().rstrip()


def estimate_memory(config: Config, parameters: int, corpus: Corpus) -> int:
    """Estimate the bytes of a training: TensorFlow, weights and optimizer state, activations of the longest batch.

    An id was text and a token before, of about five times the bytes. Every weight has a gradient, two moments and a
    copy to export, and an average where weights are averaged. A timestep keeps its embedding and, of every unit, about
    8 values for the backward pass.
    """
    copies = 5 + (config.train.averaging is not None)
    model = config.model
    directions = 2 if model.bidirectional else 1
    values = model.embedding * 3 + model.units * 8 * model.layers * directions
    timesteps = int(max(corpus.train.lengths))
    activations = config.train.batch_size * timesteps * values * 4
    return BASE_BYTES + parameters * 4 * copies + activations + corpus.train.ids.nbytes * 5


def summarise_next_word_model(config: NextWordConfig, corpus: Corpus) -> tuple[str, int]:
    """Return Keras's summary of the next-word model as text, and its count of parameters."""
    model = KerasNextWordModel(config.model, len(corpus.vocabulary), fused=False, samples=config.train.samples, seed=0)
    return _print_summary(model), int(model.count_params())


def estimate_next_word_memory(config: NextWordConfig, parameters: int, corpus: Corpus) -> int:
    """Estimate the bytes of a next-word training, as `estimate_memory` does.

    The gradient of the table that embedding and softmax share is put together from several of its size, and the saved
    model's softmax has a table of its own. Held-out words have about 6 values for every id, some words at once.
    """
    model, train, size = config.model, config.train, len(corpus.vocabulary)
    timesteps = min(int(max(corpus.train.lengths)), train.timesteps)
    values = model.embedding * 5 + model.units * (8 * model.layers + 1)
    chunk = train.batch_size * timesteps * values
    validation = FULL_ROWS * size * 6 if len(corpus.validation) else 0
    tables = parameters * 5 + size * model.embedding * 8
    return BASE_BYTES + (tables + max(chunk, validation)) * 4 + corpus.train.ids.nbytes * 5
