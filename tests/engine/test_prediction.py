import numpy as np
import pytest

from imdb_gru.cells import GRUCell
from imdb_gru.cells.network import Layer, Network
from imdb_gru.engine.embedding import add_rows
from imdb_gru.engine.gru_weights import GRUWeights
from imdb_gru.engine.pooling import find_running_peaks, find_running_peaks_back
from imdb_gru.engine.prediction import TimestepPredictor

VOCABULARY, FEATURES, UNITS = 40, 5, 9


@pytest.mark.parametrize("pooling", [("last",), ("mean",), ("max",), ("last", "mean", "max"), ("max", "last")])
def test_predictions_after_every_timestep_are_those_of_numpy(pooling):
    rng = np.random.default_rng(0)
    shapes = (FEATURES, 3 * UNITS), (UNITS, 3 * UNITS), (2, 3 * UNITS), (len(pooling) * UNITS, 1), (1,)
    kernel, recurrent_kernel, bias, *dense = (rng.normal(0, 0.7, shape).astype("f") for shape in shapes)
    embedding = rng.normal(0, 1, (VOCABULARY, FEATURES)).astype("f")
    network = Network(embedding, [Layer(GRUCell(kernel, recurrent_kernel, bias))], pooling, [tuple(dense)])
    predictor = TimestepPredictor.build(embedding, GRUWeights(kernel, recurrent_kernel, bias), pooling, tuple(dense))
    lengths = np.sort(rng.integers(1, 30, 21))[::-1].copy()
    real = np.arange(lengths[0]) < lengths[:, None]
    ids = np.where(real, rng.integers(1, VOCABULARY, real.shape), 0).astype(np.int32)
    theirs = network.predict_timesteps(ids, lengths)
    ours = 1 / (1 + np.exp(-predictor.predict_logits(ids, lengths)))
    np.testing.assert_allclose(ours[real], theirs[real], atol=1e-5)
    assert np.ptp(ours[real]) > 0.1


def test_rows_are_added_up_by_id():
    rng = np.random.default_rng(0)
    ids, values = rng.integers(0, 7, 500).astype(np.int32), rng.normal(size=(500, 3)).astype("f")
    expected = np.zeros((9, 3))
    np.add.at(expected, ids, values)
    np.testing.assert_allclose(add_rows(ids, values, 9), expected, atol=1e-4)


def test_running_peaks_and_their_gradient_are_those_of_numpy():
    rng = np.random.default_rng(0)
    states, gradient = rng.normal(size=(5, 9, 4)).astype("f"), rng.normal(size=(5, 9, 4)).astype("f")
    peaks = find_running_peaks(states)
    assert (peaks == np.maximum.accumulate(states, axis=1)).all()
    expected = np.zeros_like(states)
    for b, t, u in np.ndindex(states.shape):
        expected[b, states[b, : t + 1, u].argmax(), u] += gradient[b, t, u]
    np.testing.assert_allclose(find_running_peaks_back(states, peaks, gradient), expected, atol=1e-6)
