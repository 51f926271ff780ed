"""Predictions for texts of which the model is not sure."""

import csv
import json

import pytest
from support.models import CALIBRATION, make_calibrated_classifier, make_classifier

from imdb_gru.config import TextConfig
from imdb_gru.errors import DataError, RunError
from imdb_gru.models.bulk import predict_file
from imdb_gru.models.counts import Counts
from imdb_gru.models.prediction import Prediction
from imdb_gru.runs.calibration import Calibration

TEXTS = [" ".join(f"w{(number * 7 + k) % 30}" for k in range(number % 5 + 1)) for number in range(30)]


@pytest.mark.parametrize(
    ("probability", "doubt", "limit", "label"),
    [
        (0.9, None, 0.0, "positive"),
        (0.5, None, 0.0, "positive"),
        (0.4, None, 0.0, "negative"),
        (0.8, None, 0.8, "unsure"),
        (0.8, None, 0.79, "positive"),
        (0.1, None, 0.91, "unsure"),
        (0.1, None, 0.89, "negative"),
        (0.9, "no words", 0.0, "unsure"),
        (0.9, "no known words", 0.0, "unsure"),
        (0.9, "unknown words", 0.0, "positive"),
        (0.9, "another language", 0.0, "positive"),
    ],
)
def test_a_label_is_unsure_for_want_of_words_or_confidence(probability, doubt, limit, label):
    prediction = Prediction("text", probability, 1, 1, 0, doubt, limit)
    assert (prediction.label, prediction.unsure) == (label, label == "unsure")
    note = {"note": doubt} if doubt else {}
    assert prediction.to_dict() == {"text": "text", "label": label, "probability": probability, **note}


@pytest.mark.parametrize(
    ("doubt", "threshold", "label"),
    [
        (None, 0.7, "negative"),
        (None, 0.6, "positive"),
        ("another language", 0.7, "negative"),
        ("no words", 0.6, "unsure"),
        ("no words", 0.7, "unsure"),
    ],
)
def test_a_threshold_decides_only_labels_that_are_not_unsure(doubt, threshold, label):
    assert Prediction("text", 0.6, 1, 1, 0, doubt, threshold=threshold).label == label


def test_a_model_with_a_threshold_keeps_no_maximum_error():
    classifier = make_calibrated_classifier()
    for classifier.threshold, label in ((0.0, "positive"), (1.0, "negative")):
        assert classifier.predict("w1").label == classifier.inspect("w1").label == label
        with pytest.raises(ValueError, match=r"with the threshold \d: use the threshold 0\.5"):
            classifier.predict("w1", max_error=0.1)


def test_labels_below_the_limit_are_unsure():
    classifier = make_calibrated_classifier()
    sure, careful = (list(classifier.predict_many(TEXTS, max_error=error)) for error in (None, 0.1))
    labels = [one.label if max(one.probability, 1 - one.probability) > 0.6 else "unsure" for one in sure]
    assert [one.label for one in careful] == labels
    assert {"positive", "unsure"} < set(labels)
    assert [one.probability for one in careful] == [one.probability for one in sure]
    text = TEXTS[labels.index("unsure")]
    assert (classifier.predict(text).label, classifier.predict(text, max_error=0.1).label) != ("unsure", "unsure")
    assert classifier.predict(text, max_error=0.1).label == "unsure"


def test_a_text_without_words_is_unsure_also_in_an_inspection():
    classifier = make_classifier()
    for text in ("", "unheard"):
        assert classifier.predict(text).label == classifier.inspect(text).label == "unsure"


def test_what_the_reviews_cannot_show_is_refused_with_what_they_can():
    classifier = make_calibrated_classifier()
    with pytest.raises(
        RunError,
        match=r"to guarantee .* at most 0\.01: the smallest share that they can guarantee is about 5%; allow more",
    ):
        classifier.predict("w1", max_error=0.01)
    classifier.calibration = Calibration.parse({**CALIBRATION, "errors": [50, 80, 100]})
    with pytest.raises(RunError, match=r"is at most 0\.1: train with more reviews"):
        classifier.predict_many(["w1"], max_error=0.1)
    with pytest.raises(RunError, match=r"no record of its confidence .* train the model again, with validation"):
        make_classifier().predict("w1", max_error=0.1)
    with pytest.raises(ValueError, match="give a share"):
        classifier.predict("w1", max_error=5)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_files_carry_the_label(tmp_path, suffix):
    notices, classifier = [], make_calibrated_classifier()
    output = tmp_path / f"out.{suffix}"
    counts = predict_file([*TEXTS, ""], output, model=classifier, max_error=0.1, observer=notices.append)
    with output.open() as file:
        rows = list(csv.DictReader(file)) if suffix == "csv" else [json.loads(line) for line in file]
    expected = [one.label for one in classifier.predict_many(TEXTS, max_error=0.1)] + ["unsure"]
    assert [row["label"] for row in rows] == expected
    assert counts.unsure == expected.count("unsure")
    first, *_, last = map(str, notices)
    assert first.startswith(
        "unsure if the confidence is at most 0.6000: the model labelled 80.0% of 100 validation reviews, and "
    )
    assert last == f"{counts.unsure} of 31 texts are unsure ({counts.unsure / 31:.1%})"


def test_a_file_is_not_resumed_with_another_maximum_error(tmp_path, monkeypatch):
    (tmp_path / "in.txt").write_text("\n".join(TEXTS))
    classifier = make_calibrated_classifier()
    monkeypatch.setattr("imdb_gru.models.bulk.identify_run", lambda _: [])

    def predict(max_error, observer=None):
        options = {"model": classifier, "resume": True, "max_error": max_error, "observer": observer}
        predict_file(tmp_path / "in.txt", tmp_path / "out.csv", **options)

    monkeypatch.setattr("imdb_gru.models.bulk.open_output", lambda _: pytest.fail("stop before the end"))
    with pytest.raises(BaseException, match="stop before the end"):
        predict(0.1)
    with pytest.raises(DataError, match="was started with a different set of options"):
        predict(0.2)


@pytest.mark.parametrize(
    ("counts", "lines"),
    [
        ({"all": 1, "empty": 1, "unsure": 1}, ["the text is without words, so the label is unsure"]),
        ({"all": 9, "foreign": 1}, ["1 text is probably in a language that the model was not trained on, so the "]),
        (
            {"all": 9, "unfamiliar": 2},
            ["2 texts are at least half made of words that the model does not know, so the "],
        ),
        (
            {"all": 9, "strange": 2, "unsure": 2},
            ["2 texts are without a word that the model knows, so the prediction "],
        ),
        ({"all": 9, "unsure": 3}, ["3 of 9 texts are unsure (33.3%)"]),
        ({"all": 1, "unsure": 1}, []),
    ],
)
def test_each_kind_of_doubt_has_its_note(counts, lines):
    twice = Counts()
    twice.add(Counts(**counts))
    for line, start in zip(twice.describe(TextConfig(), 0), lines, strict=True):
        assert line.startswith(start)
