"""A model that reads texts from their end does with them what its twin does with the reversed texts."""

import json
import math

import numpy as np
import pytest
from support.directions import limit, reverse, turn
from support.models import TWIN_WORDS, make_classifier

from imdb_gru.corpus.encoded import truncate
from imdb_gru.inspection.gradients import measure_curve
from imdb_gru.inspection.units import find_drivers
from imdb_gru.models.bulk import predict_file
from imdb_gru.models.evaluation import build_evaluation, evaluate_next_words, predict_reviews
from imdb_gru.models.next_word import NextWordModel, Sampling
from imdb_gru.sources.review import Review

RNG = np.random.default_rng(7)
TEXTS = [" ".join(f"w{RNG.integers(TWIN_WORDS + 2)}" for _ in range(length)) for length in (1, 2, 5, 12, 30, 0, 12)]
TURNED = [reverse(text) for text in TEXTS]


@pytest.fixture
def forward():
    return make_classifier()


@pytest.fixture
def backward(forward):
    return turn(forward)


def test_predictions_are_those_for_the_reversed_texts(forward, backward):
    ours, theirs = backward.predict_many(TEXTS), forward.predict_many(TURNED)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.probability, one.label, one.unknown, one.words) == (
            other.probability, other.label, other.unknown, other.words
        )  # fmt: skip
    assert backward.predict(TEXTS[3]).probability != forward.predict(TEXTS[3]).probability


def test_each_timestep_belongs_to_the_word_that_was_read(forward, backward):
    ours, theirs = (
        model.predict_many(texts, timesteps=True) for model, texts in ((backward, TEXTS), (forward, TURNED))
    )
    for text, one, other in zip(TEXTS, ours, theirs, strict=True):
        assert one.tokens == ("<start>", *reversed(text.split()))
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
        assert one.direction == "backward"
        assert one.to_dict()["direction"] == "backward"
        assert one.to_dict()["timesteps"] == other.to_dict()["timesteps"]
        assert "direction" not in other.to_dict()
    assert "direction" not in backward.predict(TEXTS[3]).to_dict()


@pytest.mark.parametrize("side", ["head", "tail", "middle"])
def test_texts_are_cut_before_they_are_reversed(forward, side):
    model = turn(limit(forward, 5, side))
    for text in TEXTS:
        kept = truncate(text.split(), 5, side)
        prediction = model.predict(text, timesteps=True)
        assert prediction.tokens == ("<start>", *reversed(kept))
        assert prediction.probability == forward.predict(" ".join(reversed(kept)), timesteps=True).probability


@pytest.mark.parametrize("options", [{}, {"cell": "lstm", "layers": 2}, {"dense": [4]}], ids=str)
def test_an_inspection_is_that_of_the_reversed_text(options):
    forward = make_classifier(**options)
    ours, theirs = turn(forward).inspect(TEXTS[3]), forward.inspect(TURNED[3])
    assert ours.tokens == ("<start>", *reversed(TEXTS[3].split()))
    ours_arrays, theirs_arrays = ours.to_arrays(), theirs.to_arrays()
    assert list(ours_arrays) == list(theirs_arrays)
    for name, values in ours_arrays.items():
        np.testing.assert_array_equal(values, theirs_arrays[name])
    record = ours.to_dict()
    assert record.pop("direction") == ours.direction == "backward"
    assert record == theirs.to_dict() | {"text": TEXTS[3]}
    assert [ours.name_cell(cell) for cell in ours.cells] == [
        theirs.name_cell(cell).replace("forward", "backward") for cell in theirs.cells
    ]
    assert ours.cells[0].half_life == theirs.cells[0].half_life


def test_units_and_gradients_are_those_of_the_reversed_texts(forward, backward):
    drivers = [find_drivers(*pair, words=3, min_count=1) for pair in ((backward, TEXTS), (forward, TURNED))]
    assert drivers[0] == drivers[1]
    curves = [measure_curve(*pair).to_dict() for pair in ((backward, TEXTS[:5]), (forward, TURNED[:5]))]
    assert curves[0] == curves[1]


def test_an_evaluation_is_that_of_the_reversed_texts(forward, backward):
    def evaluate(model, texts):
        reviews = [Review(text, number % 2) for number, text in enumerate(texts)]
        return build_evaluation("run", "test", predict_reviews(model, reviews)).to_dict()

    ours, theirs = evaluate(backward, TEXTS), evaluate(forward, TURNED)
    assert ours.pop("direction") == "backward"
    assert ours == theirs
    assert ours["accuracy_by_timestep"]


def test_files_of_predictions_name_the_direction_beside_timesteps(forward, backward, tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"text": text, "direction": "up"}) + "\n" for text in TEXTS))

    def write(model, **options):
        notices = []
        predict_file(source, tmp_path / "out.jsonl", model=model, observer=notices.append, **options)
        return [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()], notices

    records, notices = write(backward, timesteps=True)
    assert [(record["direction"], record["input_direction"]) for record in records] == [("backward", "up")] * len(TEXTS)
    assert "the model read the texts from their end" in map(str, notices)
    assert [record["direction"] for record in write(backward)[0]] == ["up"] * len(TEXTS)
    records, notices = write(forward, timesteps=True)
    assert [record["direction"] for record in records] == ["up"] * len(TEXTS)
    assert not any("from their end" in str(notice) for notice in notices)


@pytest.fixture
def next_words(make_next_word_run):
    model = NextWordModel.load(make_next_word_run())
    return model, turn(model)


def test_a_next_word_model_predicts_the_words_of_the_reversed_text(next_words):
    forward, backward = next_words
    for text, turned in zip(TEXTS, TURNED, strict=True):
        one, other = backward.encode(text), forward.encode(turned)
        np.testing.assert_array_equal(backward.predict(one.ids), forward.predict(other.ids))
        assert backward.follow(one, 3) == forward.follow(other, 3)
    steps, _ = backward.follow(backward.encode("w1 w2 w3"), 1)
    assert [(step.token, step.next_token) for step in steps] == [
        ("<start>", "w3"), ("w3", "w2"), ("w2", "w1"), ("w1", None)
    ]  # fmt: skip
    ours, theirs = (
        evaluate_next_words(model, "test", [Review(text, None) for text in texts]).to_dict()
        for model, texts in ((backward, TEXTS), (forward, TURNED))
    )
    assert ours.pop("direction") == "backward"
    assert ours == theirs
    assert math.isfinite(ours["loss"])


def test_generated_words_precede_the_text(next_words):
    forward, backward = next_words
    text, turned = "w1 w2 w3", "w3 w2 w1"
    sampling = Sampling(seed=3)
    ours = list(backward.generate(backward.encode(text).ids, 6, sampling))
    assert ours == list(forward.generate(forward.encode(turned).ids, 6, sampling))
    assert len(ours) > 1
    written = backward.write(backward.encode(text), ours)
    assert written.lower().split() == [candidate.token for candidate in reversed(ours)]
    assert written.endswith(" ")
    assert backward.write(backward.encode(", w1"), ours) + ", w1" == written.rstrip() + ", w1"
    assert backward.write(backward.encode(text), []) == ""
    assert backward.write(backward.encode(""), ours) == written.rstrip()


def test_charts_say_that_the_words_were_read_from_the_end(backward, forward):
    pytest.importorskip("matplotlib")
    from imdb_gru.report.inspections import build_inspection_charts
    from imdb_gru.report.matplotlib_setup import prepare_matplotlib

    with prepare_matplotlib():
        for model, label in ((backward, "words read from the end"), (forward, "")):
            for chart in build_inspection_charts(model.inspect(TEXTS[3])):
                assert label in [axes.get_xlabel() for axes in chart.draw().axes]
