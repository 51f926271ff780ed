"""Own what can be said of a training before it runs."""

import io

from imdb_gru.config import Config
from imdb_gru.text.corpus import Corpus
from imdb_gru.training.model import build_model

BASE_BYTES = 620 * 2**20
"""What a process with TensorFlow and Keras loaded takes before it does anything."""


def summarise_model(config: Config, corpus: Corpus) -> tuple[str, int]:
    """Return Keras's summary of the model as text, and its count of parameters."""
    model = build_model(config.model, len(corpus.vocabulary))
    lines = io.StringIO()
    model.summary(print_fn=lambda line, **_: lines.write(line + "\n"))
    return lines.getvalue().rstrip(), int(model.count_params())


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
