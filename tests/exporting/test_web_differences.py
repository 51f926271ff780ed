"""Weights that are stored as differences from the model that another one was trained from, as in the live page."""

import base64
import dataclasses
import json

import numpy as np
import pytest
from support.models import make_classifier
from support.nodes import open_module

import imdb_gru
from imdb_gru.exporting.web_format import list_matrices, serialize_model
from imdb_gru.exporting.web_weights import pack_difference

BUILD = """(async () => {
    const [weights, base] = value.map((text) => text && new Uint8Array(Buffer.from(text, "base64")));
    const files = {};
    for (const name of ["tokenizer", "vocabulary"]) {
        files[name] = JSON.parse(await (await import("node:fs/promises")).readFile(FOLDER + name + ".json", "utf-8"));
    }
    try {
        const other = await build({ weights, base: base || undefined, ...files });
        return [other.predict("w1 w2 w3").probability, [...other.embedding.row(4)]];
    } catch (error) {
        return error.message;
    }
})()"""


def encode(content):
    return base64.b64encode(content).decode()


@pytest.fixture
def pair():
    """Two models whose weights differ by small whole numbers of steps."""
    rng = np.random.default_rng(0)
    base = make_classifier(seed=4)
    steps = rng.integers(-3, 4, base.network.embedding.shape) * np.float32(0.03)
    other = make_classifier(seed=4)
    other.network = dataclasses.replace(other.network, embedding=(base.network.embedding + steps).astype("f"))
    return base, other


@pytest.mark.processes
def test_a_difference_is_added_to_the_other_model(tmp_path, pair):
    base, other = pair
    folder = imdb_gru.export(base, format="web", path=tmp_path / "exported")
    differences, whole = serialize_model(other, base), serialize_model(base)
    header = json.loads(differences[4 : 4 + int.from_bytes(differences[:4], "little")])
    assert [matrix.get("difference", False) for matrix in header["matrices"][:4]] == [True] * 4
    assert len(differences) < len(serialize_model(other))
    code = BUILD.replace("FOLDER", json.dumps(f"{folder}/"))
    with open_module(folder) as evaluate:
        probability, row = evaluate(code, [encode(differences), encode(whole)])
        message = evaluate(code, [encode(differences), ""])
    assert probability == pytest.approx(other.predict("w1 w2 w3").probability, abs=1e-6)
    np.testing.assert_allclose(row, other.network.embedding[4], atol=1e-6)
    assert message == "weights.bin has differences from another model: give that model's weights.bin as base"


def test_a_difference_that_is_no_whole_number_of_steps_is_not_packed(pair):
    base, other = (list_matrices(model.network)[0] for model in pair)
    assert pack_difference(other, base) is not None
    assert pack_difference(other, base[:-1]) is None
    changed = other.copy()
    changed[3, 2] += 0.0123
    assert pack_difference(changed, base) is None


@pytest.mark.processes
def test_a_temperature_makes_likely_words_likelier(tmp_path, make_next_word_run):
    model = imdb_gru.load_next_word(make_next_word_run())
    folder = imdb_gru.export(model, format="web", path=tmp_path / "exported")
    with open_module(folder) as evaluate:
        plain, sharp = evaluate(
            "[1, 0.5].map((t) => model.start().last.next(1e6, t).map(({ probability }) => probability))"
        )
    expected = np.array(plain) ** 2 / np.sum(np.array(plain) ** 2)
    np.testing.assert_allclose(sharp, expected, atol=1e-6)
