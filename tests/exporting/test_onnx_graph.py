"""ONNX graphs, run by other programs: every model that a config can describe, alone, padded and after each word."""

import numpy as np
import pytest
from support.models import make_classifier, make_sequences

from imdb_gru.cells import CELLS
from imdb_gru.corpus.encoded import pad
from imdb_gru.models.next_word import NextWordModel

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")  # of OpenVINO

TOLERANCE = 1e-5
ALL = ["last", "mean", "max"]
PAST = 3
"""Number of timesteps beyond the longest review."""


@pytest.fixture(params=["onnxruntime", "openvino"])
def open_model(request):
    """A function that opens a model with a runtime, and returns a function from inputs to outputs."""
    if request.param == "onnxruntime":

        def open_model(content):
            session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
            return lambda feeds: session.run(None, feeds)

    else:
        openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed")

        def open_model(content):
            core = openvino.Core()
            model = core.compile_model(core.read_model(content), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
            return lambda feeds: [np.array(output) for output in model(feeds).values()]

    return open_model


def make_feeds(sequences, timesteps=None):
    lengths = np.array([len(sequence) for sequence in sequences], np.int32)
    return {"ids": pad(sequences, timesteps or lengths.max() + PAST), "lengths": lengths}


def serialize(network):
    from imdb_gru.exporting.onnx_graph import build_graph
    from imdb_gru.exporting.onnx_graph import serialize as serialize_graph

    return serialize_graph(build_graph(network), {})


def check_classifier(open_model, **options):
    classifier = make_classifier(3, **options)
    run = open_model(serialize(classifier.network))
    sequences = make_sequences(np.random.default_rng(1))
    expected = classifier.predict_ids(sequences)
    padded, *curves = run(make_feeds(sequences))
    np.testing.assert_allclose(padded, expected, atol=TOLERANCE)
    alone = [run(make_feeds([sequence], len(sequence)))[0] for sequence in sequences[1:5:3]]
    np.testing.assert_allclose(np.concatenate(alone), expected[1:5:3], atol=TOLERANCE)
    assert np.ptp(expected) > 0.01
    assert len(curves) == (not options.get("bidirectional"))
    for curve in curves:
        for row, own in zip(curve, classifier.predict_timesteps(sequences), strict=True):
            np.testing.assert_allclose(row[: len(own)], own, atol=TOLERANCE)
            np.testing.assert_allclose(row[len(own) :], own[-1], atol=TOLERANCE)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_every_cell_depth_and_direction(open_model, cell, layers, bidirectional):
    dense = [7, 5] if layers == 2 else []
    check_classifier(open_model, cell=cell, layers=layers, bidirectional=bidirectional, pooling=ALL, dense=dense)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("pooling", [["last"], ["mean"], ["max"], ["max", "last"]], ids="+".join)
def test_every_pooling(open_model, bidirectional, pooling):
    check_classifier(open_model, bidirectional=bidirectional, pooling=pooling)


@pytest.mark.parametrize(("cell", "layers"), [("gru", 2), ("lstm", 1), ("simple_rnn", 1)])
def test_a_next_word_model(open_model, make_next_word_run, cell, layers):
    model = NextWordModel.load(make_next_word_run(cell=cell, layers=layers))
    sequences = make_sequences(np.random.default_rng(1))
    logits, logits_by_timestep = open_model(serialize(model.network))(make_feeds(sequences))
    for sequence, last, curve in zip(sequences, logits, logits_by_timestep, strict=True):
        expected = np.exp(model.predict(sequence))
        np.testing.assert_allclose(softmax(last), expected[-1], atol=TOLERANCE)
        np.testing.assert_allclose(softmax(curve[: len(sequence)]), expected, atol=TOLERANCE)
        np.testing.assert_allclose(
            curve[len(sequence) :], np.broadcast_to(last, (len(curve) - len(sequence), len(last)))
        )


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_weights_are_stored_once_and_sizes_are_free():
    classifier = make_classifier(dense=[50])
    model = onnx.load_from_string(serialize(classifier.network))
    sizes = [np.prod(weight.dims) for weight in model.graph.initializer]
    assert sizes.count(50 * 6 * len(classifier.network.pooling)) == 1
    shapes = {
        value.name: [dim.dim_param for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    both = ["batch", "timesteps"]
    assert shapes == {
        "ids": both, "lengths": ["batch"], "probability": ["batch"], "probability_by_timestep": both,
    }  # fmt: skip
