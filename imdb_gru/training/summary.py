"""The summary of a model to be trained, and an estimate of the memory that training needs."""

import io

import keras

from imdb_gru.config import Config, NextWordConfig
from imdb_gru.config.schedule import get_number
from imdb_gru.corpus.corpus import Corpus
from imdb_gru.training.model import build_model
from imdb_gru.training.next_word.model import FULL_ROWS, KerasNextWordModel

BASE_BYTES = 620 * 2**20
"""Memory, in bytes, of a process that has only loaded TensorFlow and Keras."""


def summarise_model(config: Config, corpus: Corpus) -> tuple[str, int]:
    """Return Keras's summary of the model as text, and the number of parameters."""
    model = build_model(config.model, len(corpus.vocabulary))
    return _print_summary(model), int(model.count_params())


def _print_summary(model: keras.Model) -> str:
    lines = io.StringIO()
    model.summary(print_fn=lambda line, **_: lines.write(line + "\n"))
    return lines.getvalue().rstrip()


def estimate_memory(config: Config, parameters: int, corpus: Corpus) -> int:
    """Estimate the bytes of memory that training needs: TensorFlow, weights, optimizer state and the longest batch.

    An id with its token and text takes about five times as many bytes as the id alone. Every weight has a gradient, two
    moments, an exported copy and, if weights are averaged, an average. Each timestep keeps its embedding and about 8
    values per unit for the backward pass.
    """
    copies = 5 + (config.train.averaging is not None)
    model = config.model
    directions = 2 if model.bidirectional else 1
    values = model.embedding * 3 + model.units * 8 * model.layers * directions
    timesteps = int(max(corpus.train.lengths))
    activations = get_number(config.train.batch_size) * timesteps * values * 4
    return BASE_BYTES + parameters * 4 * copies + activations + corpus.train.ids.nbytes * 5


def summarise_next_word_model(config: NextWordConfig, corpus: Corpus) -> tuple[str, int]:
    """Return Keras's summary of the next-word model as text, and the number of parameters."""
    model = KerasNextWordModel(config.model, len(corpus.vocabulary), fused=False, samples=config.train.samples, seed=0)
    return _print_summary(model), int(model.count_params())


def estimate_next_word_memory(config: NextWordConfig, parameters: int, corpus: Corpus) -> int:
    """Estimate the bytes of memory that next-word training needs, as `estimate_memory` does for a classifier.

    The gradient of the table that the embedding and softmax share is the sum of several arrays of the same size, and
    the saved model's softmax has a separate table. In validation, each of the `FULL_ROWS` timesteps computed at once
    needs about 6 values for every id of the vocabulary.
    """
    model, train, size = config.model, config.train, len(corpus.vocabulary)
    timesteps = min(int(max(corpus.train.lengths)), train.timesteps)
    values = model.embedding * 5 + model.units * (8 * model.layers + 1)
    chunk = train.batch_size * timesteps * values
    validation = FULL_ROWS * size * 6 if len(corpus.validation) else 0
    tables = parameters * 5 + size * model.embedding * 8
    return BASE_BYTES + (tables + max(chunk, validation)) * 4 + corpus.train.ids.nbytes * 5
