"""Judge the NumPy classifier by Keras: every cell, depth, direction and pooling, padded or not, at every timestep."""

import json
import subprocess
import sys

import numpy as np
import pytest
from support.models import make_sequences

from imdb_gru.corpus.encoded import pad

pytestmark = [pytest.mark.keras, pytest.mark.processes]

TOLERANCE = 1e-5
ALL = ["last", "mean", "max"]


@pytest.mark.parametrize("cell", ["gru", "lstm", "simple_rnn"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_probabilities_agree(build_twins, cell, layers, bidirectional):
    dense = [7] if layers == 2 else []
    check_probabilities(build_twins, cell=cell, layers=layers, bidirectional=bidirectional, pooling=ALL, dense=dense)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", [["last"], ["mean"], ["max"], ["max", "last"]], ids="+".join)
def test_probabilities_agree_for_every_pooling(build_twins, bidirectional, pooling):
    """What pools hidden states knows neither their cell nor how many layers there are."""
    check_probabilities(build_twins, bidirectional=bidirectional, pooling=pooling)


def check_probabilities(build_twins, **options):
    model, classifier = build_twins(**options)
    reviews = make_sequences(np.random.default_rng(1))
    alone = np.array([model(review[None], training=False)[0, 0] for review in reviews])
    padded = model(pad(reviews, 24), training=False)[:, 0]
    ours = classifier.predict_ids(reviews)
    for theirs in (alone, padded):
        np.testing.assert_allclose(ours, theirs, atol=TOLERANCE)
    assert np.ptp(ours) > 0.01
    if not options["bidirectional"]:
        longest = reviews[-1]
        prefixes = pad([longest[: t + 1] for t in range(len(longest))])
        np.testing.assert_allclose(
            classifier.predict_timesteps(reviews)[-1], model(prefixes, training=False)[:, 0], atol=TOLERANCE
        )


def test_a_padded_batch_scores_a_review_as_the_review_alone(build_twins):
    _, classifier = build_twins()
    reviews = make_sequences(np.random.default_rng(4), lengths=range(1, 300))
    together = classifier.predict_ids(reviews)
    alone = [classifier.predict_ids([review])[0] for review in reviews]
    np.testing.assert_allclose(together, alone, atol=TOLERANCE)
    by_timestep = classifier.predict_timesteps(reviews)
    assert [len(belief) for belief in by_timestep] == [len(review) for review in reviews]
    np.testing.assert_allclose([belief[-1] for belief in by_timestep], together, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({}, True),
        ({"cell": "lstm"}, False),
        ({"layers": 2}, False),
        ({"bidirectional": True}, False),
        ({"dense": [3]}, False),
    ],
    ids=str,
)
def test_the_engine_reads_what_it_can_and_agrees_with_numpy(build_twins, monkeypatch, options, fits):
    _, classifier = build_twins(**options)
    reviews = make_sequences(np.random.default_rng(4), lengths=range(1, 200))
    classifier.precision = "float32"
    by_numpy = classifier.predict_ids(reviews)
    monkeypatch.setattr("imdb_gru.models.precision.ENGINE_TOKENS", 0)
    assert (classifier._choose_predictor(reviews, many=False) is not None) == fits
    np.testing.assert_allclose(classifier.predict_ids(reviews), by_numpy, atol=TOLERANCE)
    if fits:
        np.testing.assert_allclose(
            [belief[-1] for belief in classifier.predict_timesteps(reviews)], by_numpy, atol=TOLERANCE
        )


def test_the_saved_model_opens_without_this_package(build_twins, tmp_path):
    reviews, expected = pad(make_sequences(np.random.default_rng(1))), []
    for number, options in enumerate([{}, {"bidirectional": True, "layers": 2, "pooling": ALL}]):
        model, _ = build_twins(**options)
        (tmp_path / "model.keras").rename(tmp_path / f"{number}.keras")
        expected.append(model(reviews, training=False)[:, 0])
    code = """
import json, sys
sys.modules["imdb_gru"] = None  # importing it fails
import keras
ids = keras.ops.array(json.loads(sys.argv[1]), "int32")
models = map(keras.models.load_model, sys.argv[2:])
print(json.dumps([model(ids, training=False)[:, 0].numpy().tolist() for model in models]))
"""
    arguments = [sys.executable, "-c", code, json.dumps(reviews.tolist()), "0.keras", "1.keras"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=tmp_path)
    np.testing.assert_allclose(expected, json.loads(done.stdout.splitlines()[-1]), atol=1e-6)
