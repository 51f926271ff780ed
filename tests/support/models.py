"""Configs, ids and classifiers of random weights."""

from itertools import pairwise

import numpy as np


def start_from_scratch(values=None):
    """The keys of the config scratch, whose model starts from random weights, with those of `values` in their place."""
    from imdb_gru.config.loading import read_values

    def merge(base, changes):
        for key, value in changes.items():
            base[key] = merge(base[key], value) if isinstance(base.get(key), dict) else value
        return base

    return merge(read_values("scratch"), values or {})


TINY = {
    "model": {"embedding": 8, "units": 8},
    "train": {"epochs": 2, "batch_size": 16, "deterministic": True, "objective": "linear"},
}
"""Keys of a small model that is trained in seconds; the rest is that of the config scratch."""


TWIN_WORDS = 30


def make_sequences(rng, lengths=(1, 2, 5, 9, 9, 17)):
    """Ids for the vocabulary of `build_twins`."""
    from imdb_gru.text.vocabulary import START

    return [np.array([START, *rng.integers(2, TWIN_WORDS + 3, length - 1)], dtype=np.int32) for length in lengths]


def make_classifier(seed=0, direction="forward", **model):
    """A classifier of random weights over the words w0, w1 …, made without Keras."""
    from imdb_gru.cells import CELLS
    from imdb_gru.cells.network import Layer, Network
    from imdb_gru.config import build_config
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.text.vocabulary import Vocabulary

    values = {"model": {"embedding": 5, "units": 6, **model}, "text": {"direction": direction}}
    config = build_config(start_from_scratch(values), "test")
    model = config.model
    rng = np.random.default_rng(seed)
    directions = 1 + model.bidirectional

    def draw(*shape):
        return rng.normal(0, 0.7, shape).astype("f")

    def draw_cell(features):
        cell = CELLS[model.cell]
        return cell(*(draw(*shape) for shape in cell.list_shapes(features, model.units)))

    features, layers = model.embedding, []
    for _ in range(model.layers):
        cells = [draw_cell(features) for _ in range(directions)]
        layers.append(Layer(*cells))
        features = directions * model.units
    sizes = [features * len(model.pooling), *model.dense, 1]
    dense = [(draw(rows, columns), draw(columns)) for rows, columns in pairwise(sizes)]
    network = Network(draw(TWIN_WORDS + 3, model.embedding), layers, tuple(model.pooling), dense)
    return Classifier(config, Vocabulary("words", [f"w{number}" for number in range(TWIN_WORDS)]), network)


CALIBRATION = {"reviews": 100, "limits": [0.9, 0.6, 0.0], "answered": [50, 80, 100], "errors": [0, 2, 30]}
"""Errors on 100 validation reviews: with a maximum error of 10 %, a confidence of at most 0.6 is unsure."""


def make_calibrated_classifier(seed=0):
    """A classifier as `make_classifier` makes it, with `CALIBRATION`."""
    from imdb_gru.runs.calibration import Calibration

    classifier = make_classifier(seed)
    classifier.calibration = Calibration.parse(CALIBRATION)
    return classifier


def flatten(values, prefix=""):
    """Turn nested values into values by dotted keys."""
    flat = {}
    for key, value in values.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat
