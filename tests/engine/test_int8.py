"""Test predictions in 8 bits by the equations with rounded numbers, and by float32."""

import numpy as np
import pytest
from support.models import make_classifier

from imdb_gru.engine import features
from imdb_gru.engine.features import find_int8_obstacle
from imdb_gru.engine.gru_weights import GRUWeights
from imdb_gru.engine.prediction import TimestepPredictor
from imdb_gru.errors import RunError
from imdb_gru.models import batches

VOCABULARY, FEATURES, UNITS = 40, 5, 37
needs_int8 = pytest.mark.skipif(find_int8_obstacle() is not None, reason=f"{find_int8_obstacle()}")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def make_weights(rng):
    shapes = (FEATURES, 3 * UNITS), (UNITS, 3 * UNITS), (2, 3 * UNITS), (3 * UNITS, 1), (1,)
    weights = [rng.normal(0, 0.3, shape).astype("f") for shape in shapes]
    return rng.normal(0, 1, (VOCABULARY, FEATURES)).astype("f"), weights


def make_reviews(rng, count=21):
    lengths = np.sort(rng.integers(1, 30, count))[::-1].copy()
    real = np.arange(lengths[0]) < lengths[:, None]
    return np.where(real, rng.integers(1, VOCABULARY, real.shape), 0).astype(np.int32), lengths, real


def build(precision, embedding, weights):
    kernel, recurrent_kernel, bias, *dense = weights
    pooling = ("last", "mean", "max")
    return TimestepPredictor.build(
        embedding, GRUWeights(kernel, recurrent_kernel, bias), pooling, tuple(dense), precision
    )


def read_slowly(ids, embedding, weights):
    """Follow the equations for one review in float64, with the recurrent kernel and every hidden state rounded."""
    kernel, recurrent_kernel, bias, output, output_bias = (part.astype(float) for part in weights)
    steps = np.abs(recurrent_kernel).max(axis=0) / 127
    rounded, h, states, logits = np.rint(recurrent_kernel / steps) * steps, np.zeros(UNITS), [], []
    for word in ids:
        x = embedding[word].astype(float) @ kernel + bias[0]
        z, r, past = np.split(np.floor(h * 127 + 0.5) / 127 @ rounded + bias[1], 3)
        z, r = sigmoid(x[:UNITS] + z), sigmoid(x[UNITS : 2 * UNITS] + r)
        h = z * h + (1 - z) * np.tanh(x[2 * UNITS :] + r * past)
        states.append(h)
        pooled = np.concatenate([h, np.mean(states, axis=0), np.max(states, axis=0)])
        logits.append(pooled @ output[:, 0] + output_bias[0])
    return np.array(logits)


@needs_int8
def test_the_engine_rounds_as_the_equations_say():
    rng = np.random.default_rng(0)
    embedding, weights = make_weights(rng)
    ids, lengths, _ = make_reviews(rng)
    logits = build("int8", embedding, weights).predict_logits(ids, lengths)
    errors = [
        np.abs(logits[i, :length] - read_slowly(ids[i, :length], embedding, weights))
        for i, length in enumerate(lengths)
    ]
    assert np.median(np.concatenate(errors)) < 1e-5
    assert np.max(np.concatenate(errors)) < 0.05  # a state on the edge between two integers may be rounded either way


@needs_int8
def test_probabilities_are_close_to_float32():
    rng = np.random.default_rng(1)
    embedding, weights = make_weights(rng)
    ids, lengths, real = make_reviews(rng, 100)
    exact, rounded = (
        sigmoid(build(precision, embedding, weights).predict_logits(ids, lengths))[real]
        for precision in ("float32", "int8")
    )
    assert 0 < np.abs(exact - rounded).max() < 0.02
    assert np.ptp(exact) > 0.5


@needs_int8
def test_a_review_gets_the_same_bits_in_any_batch():
    rng = np.random.default_rng(2)
    embedding, weights = make_weights(rng)
    ids, lengths, _ = make_reviews(rng, 30)
    predictor = build("int8", embedding, weights)
    together = predictor.predict_logits(ids, lengths)
    for i, length in enumerate(lengths):
        alone = predictor.predict_logits(ids[i : i + 1, :length].copy(), lengths[i : i + 1])
        assert (alone[0] == together[i, :length]).all()


def predict(model, texts, **options):
    return [prediction.probability for prediction in model.predict_many(texts, **options)]


@needs_int8
def test_auto_means_int8_for_many_texts_and_float32_for_few(monkeypatch):
    texts = [f"w{number % 9} w{number % 5} w3" for number in range(20)]
    model, exact, rounded = (make_classifier(units=40) for _ in range(3))
    exact.precision, rounded.precision = "float32", "int8"
    assert predict(model, texts) == predict(exact, texts) != predict(rounded, texts)
    assert predict(model, texts, continued=True) == predict(rounded, texts)
    monkeypatch.setattr(batches, "CHUNK", 8)
    assert predict(model, texts) == predict(rounded, texts)
    assert predict(model, texts[:7]) == predict(exact, texts[:7])
    assert predict(model, texts[::-1]) == predict(model, texts)[::-1]


def test_int8_is_refused_where_it_is_impossible(monkeypatch):
    with pytest.raises(RunError, match="cannot predict in int8: the model is not a single GRU layer"):
        make_classifier(cell="lstm").adapt(0.5, "int8")
    monkeypatch.setattr(features, "list_features", lambda: {"avx512f"})
    with pytest.raises(RunError, match="cannot predict in int8: this CPU has no AVX512_VNNI; choose float32 or auto"):
        make_classifier().adapt(0.5, "int8")
    with pytest.raises(ValueError, match="precision is 'int4': choose auto, float32 or int8"):
        make_classifier().adapt(0.5, "int4")
    assert predict(make_classifier(), ["w1"], continued=True) == predict(make_classifier(), ["w1"])
