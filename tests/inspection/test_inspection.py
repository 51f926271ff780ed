import json

import numpy as np
import pytest
from support.models import make_classifier

from imdb_gru.cells import CELLS
from imdb_gru.inspection import contributions, inspect_text, save_arrays
from imdb_gru.inspection.network_pass import run_network
from imdb_gru.text.vocabulary import UNKNOWN

TEXT = "w1 w2 unheard w3 w3 w4 w29 w0 w7 w1"
VARIANTS = [
    {},
    {"pooling": ["mean", "max"], "layers": 2},
    {"cell": "lstm"},
    {"cell": "simple_rnn", "dense": [4]},
    {"bidirectional": True, "layers": 2, "pooling": ["last", "mean", "max"]},
]


def score(classifier, ids):
    probability = float(classifier.predict_ids([np.asarray(ids, np.int32)])[0])
    return np.log(probability / (1 - probability))


@pytest.fixture(params=VARIANTS, ids=str)
def classifier(request):
    return make_classifier(**request.param)


def test_verdict_and_beliefs_are_those_of_prediction(classifier):
    inspection = inspect_text(classifier, TEXT)
    bidirectional = classifier.network.bidirectional
    prediction = classifier.predict(TEXT, timesteps=not bidirectional)
    assert inspection.label == prediction.label
    assert inspection.probability == pytest.approx(prediction.probability, abs=1e-6)
    assert inspection.tokens == ("<start>", *TEXT.split())
    assert [token for token, known in zip(inspection.tokens, inspection.known, strict=True) if not known] == ["unheard"]
    assert (inspection.words, inspection.read, inspection.unknown) == (10, 10, 1)
    if bidirectional:
        assert inspection.probabilities is None
        assert inspection.moves is None
    else:
        np.testing.assert_allclose(inspection.probabilities, prediction.probabilities, atol=1e-6)
        np.testing.assert_allclose(inspection.moves[1:], np.diff(prediction.probabilities), atol=1e-6)
        assert inspection.moves[0] == 0


def test_integrated_gradients_add_up_to_what_the_words_did(classifier):
    inspection = inspect_text(classifier, TEXT, steps=200)
    ids = classifier.encode(TEXT).ids
    contributions = inspection.contributions
    assert contributions.baseline == pytest.approx(score(classifier, [1] + [UNKNOWN] * 10), abs=1e-4)
    assert abs(contributions.gap) < 0.02
    total = contributions.integrated_gradients.sum()
    assert contributions.gap == pytest.approx(total - (inspection.logit - contributions.baseline), abs=1e-5)
    assert total == pytest.approx(score(classifier, ids) - contributions.baseline, abs=0.02)
    assert contributions.integrated_gradients[0] == 0
    assert contributions.integrated_gradients[3] == 0


def test_a_gap_is_told_where_the_steps_are_few():
    classifier = make_classifier(seed=4)
    gaps = [abs(inspect_text(classifier, TEXT, steps=steps).contributions.gap) for steps in (1, 64)]
    assert gaps[0] > 10 * gaps[1]


def test_integrated_gradients_of_a_linear_road_are_exact():
    """Where the logit hardly bends, a word's part is its occlusion."""
    classifier = make_classifier(cell="simple_rnn", pooling=["last"])
    (cell,) = [layer.forward for layer in classifier.network.layers]
    cell.kernel[:] *= 1e-3
    cell.recurrent_kernel[:] = np.eye(6) * 0.9
    cell.bias[:] = 0
    contributions = inspect_text(classifier, TEXT).contributions
    np.testing.assert_allclose(contributions.integrated_gradients, contributions.occlusion, atol=2e-5)
    assert np.abs(contributions.occlusion).max() > 1e-4


@pytest.mark.parametrize("variants", [3, 64])
def test_occlusion_is_the_fall_where_one_word_is_unknown(classifier, monkeypatch, variants):
    monkeypatch.setattr("imdb_gru.inspection.contributions.VARIANTS", variants)
    ids = classifier.encode(TEXT).ids
    falls = [0.0]
    for place in range(1, len(ids)):
        without = ids.copy()
        without[place] = UNKNOWN
        falls.append(score(classifier, ids) - score(classifier, without))
    occlusion = inspect_text(classifier, TEXT).contributions.occlusion
    np.testing.assert_allclose(occlusion, falls, atol=1e-3)
    assert np.abs(occlusion).max() > 0.05


@pytest.mark.parametrize("cell", CELLS)
def test_occlusion_of_a_single_layer_is_computed_in_less_time_with_the_same_result(cell, monkeypatch):
    classifier = make_classifier(cell=cell, pooling=["last", "mean", "max"])
    network, ids = classifier.network, classifier.encode(TEXT).ids
    read = run_network(network, network.embedding[ids][None])
    rows = network.embedding[np.concatenate([ids, np.where(ids == ids[0], ids, UNKNOWN)])]
    for places in (np.arange(4), np.arange(3, len(ids))):
        quick = contributions._occlude_in_order(network, rows, read, places)
        np.testing.assert_allclose(quick, contributions._occlude_anywhere(network, rows, read, places), atol=1e-6)
        assert np.ptp(quick) > 0.01
    monkeypatch.setattr(contributions, "_occlude_anywhere", None)
    inspect_text(classifier, TEXT)


def test_poolings_add_up_to_the_logit(classifier):
    inspection = inspect_text(classifier, TEXT)
    if classifier.config.model.dense:
        assert not inspection.pooled
        return
    (_, bias) = classifier.network.dense[0]
    assert tuple(inspection.pooled) == tuple(classifier.config.model.pooling)
    assert sum(part.sum() for part in inspection.pooled.values()) + bias[0] == pytest.approx(inspection.logit, abs=1e-4)


def test_an_empty_text_has_the_start_token_alone(classifier):
    inspection = inspect_text(classifier, "")
    assert inspection.tokens == ("<start>",)
    assert inspection.contributions.integrated_gradients.tolist() == [0]
    assert [cell.jacobian.tolist() for cell in inspection.cells] == [[1]] * len(inspection.cells)


def test_json_and_arrays_hold_everything(classifier, tmp_path):
    inspection = inspect_text(classifier, TEXT)
    record = json.loads(json.dumps(inspection.to_dict()))
    save_arrays(tmp_path / "arrays.npz", inspection)
    with np.load(tmp_path / "arrays.npz") as stored:
        arrays = dict(stored)
    model = classifier.config.model
    assert [row["token"] for row in record["timesteps"]] == arrays["tokens"].tolist() == list(inspection.tokens)
    for name, key in (("contribution", "integrated_gradients"), ("occlusion", "occlusion")):
        np.testing.assert_allclose([row[name] for row in record["timesteps"]], arrays[key], atol=1e-6)
    assert len(record["cells"]) == model.layers * (1 + model.bidirectional)
    for cell in record["cells"]:
        prefix = f"layer_{cell['layer']}_{cell['direction']}_"
        for name, values in {**cell["gates"], "states": cell["states"]}.items():
            assert np.shape(values) == (11, model.units)
            np.testing.assert_allclose(values, arrays[prefix + name], atol=1e-6)
        for name in ("jacobian", "gradients"):
            np.testing.assert_allclose(cell[name], arrays[prefix + name], atol=1e-6)
        assert (cell["kept"] is None) == (model.cell == "simple_rnn") == (prefix + "kept" not in arrays)


def test_half_lives_count_back_from_the_end_of_reading():
    classifier = make_classifier(bidirectional=True)
    forward, backward = inspect_text(classifier, TEXT).cells
    for cell, left in ((forward, forward.jacobian[::-1]), (backward, backward.jacobian)):
        count = cell.half_life["jacobian"]
        assert left[count] <= 0.5
        assert (left[:count] > 0.5).all()
    (cell,) = inspect_text(make_classifier(), "").cells
    assert cell.half_life == {"kept": None, "jacobian": None}


@pytest.mark.parametrize("options", VARIANTS[:2], ids=str)
def test_gradients_at_the_last_word_are_what_the_poolings_weigh(options):
    classifier = make_classifier(**options)
    inspection = inspect_text(classifier, TEXT)
    weights, states = classifier.network.output_weights, inspection.cells[-1].states
    gradient = np.zeros(6)
    for pooling, weight in weights.items():
        peak = states[-1] >= states.max(axis=0)
        gradient += weight * {"last": 1, "mean": 1 / 11, "max": peak}[pooling]
    assert inspection.cells[-1].gradients[-1] == pytest.approx(np.linalg.norm(gradient), rel=1e-4)
