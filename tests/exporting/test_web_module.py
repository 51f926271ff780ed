"""The exported JavaScript module, which must compute what the package computes."""

import json
import shutil

import numpy as np
import pytest
from support.models import make_classifier
from support.nodes import open_module

import imdb_gru
from imdb_gru.cells import CELLS
from imdb_gru.models.next_word import NextWordModel

pytestmark = pytest.mark.processes

TEXT = "W3 w1, w20 w7 w29 w7 nothing w5!"
TOLERANCE = 1e-5
READ = """[...model.iterate(value)].map((step) => ({
    ...step,
    layers: step.layers.map(({ gates, hidden }) => ({
        hidden: [...hidden],
        gates: Object.fromEntries(Object.entries(gates).map(([name, values]) => [name, [...values]])),
    })),
    last: [...step.hidden],
    names: Object.keys(step.gates),
}))"""


def export(model, tmp_path):
    return imdb_gru.export(model, format="web", path=tmp_path / "exported")


@pytest.fixture(scope="module")
def gru(tmp_path_factory):
    """A classifier, and a function that evaluates JavaScript with it."""
    model = make_classifier(seed=3)
    with open_module(
        imdb_gru.export(model, format="web", path=tmp_path_factory.mktemp("gru") / "exported")
    ) as evaluate:
        yield model, evaluate


@pytest.mark.parametrize(
    ("cell", "layers", "pooling", "dense"),
    [
        ("gru", 1, ["last", "mean", "max"], []),
        ("gru", 2, ["mean"], [7, 5]),
        ("lstm", 1, ["max", "last"], [3]),
        ("lstm", 2, ["last"], []),
        ("simple_rnn", 2, ["mean", "max"], []),
    ],
)
def test_a_classifier_computes_the_same_after_every_word(tmp_path, cell, layers, pooling, dense):
    model = make_classifier(seed=3, cell=cell, layers=layers, pooling=pooling, dense=dense)
    model.threshold = 0.4
    inspection, expected = model.inspect(TEXT), model.predict(TEXT, timesteps=True)
    with open_module(export(model, tmp_path)) as evaluate:
        steps, prediction = evaluate(READ, TEXT), evaluate("model.predict(value)", TEXT)
        assert evaluate("model.threshold") == 0.4
    assert np.ptp(expected.probabilities) > 0.01
    assert [step["timestep"] for step in steps] == list(range(len(expected.tokens)))
    np.testing.assert_allclose([step["probability"] for step in steps], expected.probabilities, atol=TOLERANCE)
    for number, trace in enumerate(inspection.cells):
        parts = [step["layers"][number] for step in steps]
        np.testing.assert_allclose([part["hidden"] for part in parts], trace.states, atol=TOLERANCE)
        assert list(parts[0]["gates"]) == list(trace.gates) == steps[0]["names"]
        for name, gate in trace.gates.items():
            np.testing.assert_allclose([part["gates"][name] for part in parts], gate, atol=TOLERANCE)
    assert steps[-1]["last"] == steps[-1]["layers"][-1]["hidden"]
    theirs = expected.to_dict()
    for record in (prediction, theirs):
        for timestep in (record, *record["timesteps"]):
            timestep["probability"] = pytest.approx(timestep["probability"], abs=TOLERANCE)
    assert (prediction["label"], prediction["text"]) == (theirs["label"], TEXT)
    assert [timestep["token"] for timestep in prediction["timesteps"]] == list(expected.tokens)
    assert prediction["probability"] == prediction["timesteps"][-1]["probability"]


@pytest.mark.parametrize(("cell", "layers"), [("gru", 2), ("lstm", 1), ("simple_rnn", 1)])
def test_a_next_word_model_predicts_the_same_words(tmp_path, make_next_word_run, cell, layers):
    model = NextWordModel.load(make_next_word_run(cell=cell, layers=layers))
    log_probabilities = model.predict(model.encode(TEXT).ids)
    expected = [model.find_likeliest(row, 40) for row in log_probabilities]
    with open_module(export(model, tmp_path)) as evaluate:
        steps = evaluate("[...model.iterate(value)].map((step) => [step.probability, step.next(40)])", TEXT)
        few = evaluate("[model.predict(value), model.predict(value, 2), model.task]", TEXT)
    for (probability, words), row in zip(steps, expected, strict=True):
        assert probability is None
        assert [word["token"] for word in words] == [word.token for word in row]
        np.testing.assert_allclose(
            [word["probability"] for word in words], [word.probability for word in row], atol=1e-5
        )
    likeliest = steps[-1][1]
    assert few == [{"text": TEXT, "likeliest": likeliest[:5]}, {"text": TEXT, "likeliest": likeliest[:2]}, "next_word"]


def test_a_clone_reads_on_by_itself(gru):
    model, evaluate = gru
    code = """(() => {
        const state = model.start();
        state.read("w1");
        const copy = state.clone();
        const other = copy.read("w2").probability;
        const same = state.last.token;
        return [other, same, state.read("w3").probability, state.last.timestep, copy.last.token, state.last.next()];
    })()"""
    other, same, own, timestep, token, words = evaluate(code)
    expected = [model.predict(text).probability for text in ("w1 w2", "w1 w3")]
    np.testing.assert_allclose([other, own], expected, atol=TOLERANCE)
    assert (same, timestep, token, words) == ("w1", 2, "w2", [])


def run_held(model, tokens, hold):
    """The hidden state of a GRU after some tokens, by its equations, with gates held after the start token."""
    cell = model.network.layers[0].forward
    h = np.zeros((1, cell.units), "f")
    for timestep, id in enumerate(model.vocabulary.encode(tokens)):
        change = hold if timestep else lambda gate, values: values
        x, past = cell.project(model.network.embedding[[id]]), h @ cell.recurrent_kernel + cell.bias[1]
        _, gates = cell.step(x, (h,))
        z, r = (change(gate, gates[gate]) for gate in ("update", "reset"))
        candidate = change("candidate", np.tanh(x[:, 2 * cell.units :] + r * past[:, 2 * cell.units :]))
        h = z * h + (1 - z) * candidate
    return h[0]


@pytest.mark.parametrize("name", ["update", "reset", "candidate"])
@pytest.mark.parametrize("units", [None, [2, 5]], ids=["all", "some"])
def test_gates_can_be_held(gru, name, units):
    model, evaluate = gru

    def hold(gate, values):
        values = values.copy()
        if gate == name:
            values[:, units or slice(None)] = 0.25
        return values

    code = """[undefined, value, [value]].map((hold) => {
        const state = model.start();
        for (const token of ["w1", "w2", "w3"]) state.read(token, { hold });
        return [...state.last.hidden];
    })"""
    value = 0.25 if units is None else {str(unit): 0.25 for unit in units}
    free, *held = evaluate(code, {name: value})
    np.testing.assert_allclose(free, model.network.compute_states(*encode(model, "w1 w2 w3"))[0, -1], atol=TOLERANCE)
    for hidden in held:
        np.testing.assert_allclose(hidden, run_held(model, ["w1", "w2", "w3"], hold), atol=TOLERANCE)
    assert np.abs(np.subtract(free, held[0])).max() > 1e-3


def encode(model, text):
    ids = model.encode(text).ids
    return ids[None], np.array([len(ids)])


@pytest.mark.parametrize("cell", CELLS)
def test_the_weights_of_a_unit_are_those_of_its_row_in_the_equations(tmp_path, cell):
    model = make_classifier(cell=cell)
    own = model.network.layers[0].forward
    with open_module(export(model, tmp_path)) as evaluate:
        weights = evaluate(
            """Object.fromEntries(Object.entries(model.layers[0].unit(value)).map(([name, part]) => [
                name, { ...part, input: [...part.input], recurrent: [...part.recurrent] },
            ]))""",
            4,
        )
        rows = evaluate(
            "[[...model.embedding.row(value)], [...model.layers[0].kernel.row(1)], model.layers[0].cell]", 4
        )
    biases = own.bias if own.bias.ndim == 2 else np.stack([own.bias, np.zeros_like(own.bias)])
    assert list(weights) == (list(own.gates) or ["hidden"])
    for block, part in enumerate(weights.values()):
        column = block * own.units + 4
        np.testing.assert_array_equal(np.array(part["input"], "f"), own.kernel[:, column])
        np.testing.assert_array_equal(np.array(part["recurrent"], "f"), own.recurrent_kernel[:, column])
        np.testing.assert_array_equal(np.array([part["bias"], part["recurrentBias"]], "f"), biases[:, column])
    np.testing.assert_array_equal(np.array(rows[0], "f"), model.network.embedding[4])
    np.testing.assert_array_equal(np.array(rows[1], "f"), own.kernel[1])
    assert rows[2] == cell


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("model.start().read(3)", "read takes a token, got 3: find the tokens of a text with tokenize"),
        ("model.start().read('w1', { hold: { forget: 1 } })", "a gru has no gate forget to hold: choose from update"),
        ("model.layers[0].unit(6)", "there is no unit 6: the layer has the units 0 to 5"),
        ("model.layers[0].unit('1')", "there is no unit 1: the layer has the units 0 to 5"),
        ("load('nowhere')", "no such file or directory"),
        ("load('http://127.0.0.1:9/nothing')", "fetch failed"),
    ],
)
def test_mistakes_are_reported(gru, code, message):
    assert message in gru[1](f"(() => {code})()")["error"]


def test_a_cell_without_gates_says_so(tmp_path):
    with open_module(export(make_classifier(cell="simple_rnn"), tmp_path)) as evaluate:
        answer = evaluate("model.start().read('w1', { hold: { update: 1 } })")
    assert answer["error"] == "a simple_rnn has no gate update to hold: choose from none"


def test_damaged_and_mixed_files_are_refused(tmp_path):
    good = export(make_classifier(), tmp_path)
    content = (good / "weights.bin").read_bytes()
    size = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + size])
    newer = json.dumps({**header, "format": 2}).encode()
    files = {
        "empty": b"",
        "short": content[:-10],
        "changed": content[: 9 + size] + bytes([content[9 + size] ^ 255]) + content[10 + size :],
        "other": b"\xff" * 100,
        "newer": len(newer).to_bytes(4, "little") + newer + content[4 + size :],
        "mixed": content,
    }
    with open_module(good) as evaluate:
        for name, changed in files.items():
            folder = shutil.copytree(good, tmp_path / name)
            (folder / "weights.bin").write_bytes(changed)
            if name == "mixed":
                vocabulary = json.loads((folder / "vocabulary.json").read_text())
                (folder / "vocabulary.json").write_text(json.dumps({**vocabulary, "words": ["one"]}))
            message = evaluate("load(value).then(() => 'loaded')", folder.as_uri())["error"]
            assert message == {
                "newer": "weights.bin has the format 2, not 1: use the imdb-gru.js beside it",
                "mixed": "weights.bin has 33 ids, but vocabulary.json has 4: use the files of one export",
            }.get(name, "weights.bin is damaged: copy it again")
        assert evaluate("load(value).then(() => 'loaded')", f"../{good.name}") == "loaded"


def test_models_are_also_built_from_the_content_of_files(gru, tmp_path):
    model, evaluate = gru
    folder = export(model, tmp_path)
    files = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("tokenizer", "vocabulary")}
    code = """build({ ...value, weights: Uint8Array.from(value.weights).buffer })
        .then((model) => [model.predict("w1 w2").probability, model.task, model.facts.layers])"""
    probability, *facts = evaluate(code, {**files, "weights": list((folder / "weights.bin").read_bytes())})
    assert probability == pytest.approx(model.predict("w1 w2").probability, abs=TOLERANCE)
    assert facts == ["sentiment", model.config.model.brief]
