"""Judge the model that ships with the package: whole, small, and as good as its card says on a few reviews."""

import pytest
from support.commands import assert_not_loaded
from support.paths import README

from imdb_gru.config import Config
from imdb_gru.config.prediction import PredictionConfig
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.next_word import NextWordModel
from imdb_gru.runs.catalogue import BUNDLE, BundledRun

CARD = (BUNDLE / "CARD.md").read_text("utf-8")


@pytest.mark.parametrize("task", ["sentiment", "next_word"])
def test_it_is_whole_and_says_nothing_of_where_it_was_made(task):
    run = BundledRun(task)
    assert run.find_damage() is None
    for path in (run.config_path, run.metrics_path):
        assert "/aclImdb" not in path.read_text("utf-8")


def test_it_is_of_four_megabytes_at_most():
    assert sum(path.stat().st_size for path in BUNDLE.rglob("*") if path.is_file()) <= 4_000_000


def test_the_quick_way_to_load_it_gives_what_the_whole_config_gives(monkeypatch):
    run, text = BundledRun("sentiment"), "A slow start, but the ending is superb. " * 100
    assert run.load_prediction_config() == PredictionConfig.select(run.load_config())
    quick = Classifier.load(run)
    monkeypatch.setattr(run, "prediction_path", BUNDLE / "missing.json")
    slow = Classifier.load(run)
    assert type(run.load_prediction_config()) is Config
    for timesteps in (False, True):
        ours, theirs = (model.predict(text, timesteps=timesteps).to_dict() for model in (quick, slow))
        assert ours == theirs
    assert quick.config == slow.config
    assert quick.calibration == slow.calibration
    assert repr(quick) == repr(slow)


@pytest.mark.processes
def test_predicting_with_it_loads_only_what_it_needs():
    slow = {"pydantic", "yaml", "numpy.ma", "numpy.random", "statistics", "importlib.metadata", "imdb_gru.sources",
            "imdb_gru.events", "imdb_gru.config.schema", "imdb_gru.cli.train"}  # fmt: skip
    assert_not_loaded(["predict", "--run", "bundled", "--timesteps", "--json", "Fine."], slow)


def test_it_knows_good_from_bad():
    texts = {
        "One of the best films I have ever seen. The acting is superb and the ending moved me to tears.": True,
        "A complete waste of time. The plot makes no sense, the acting is wooden and the jokes are awful.": False,
        "I was bored from the first minute to the last.": False,
        "A slow start, but the ending is superb.": True,
    }
    predictions = Classifier.load(BundledRun("sentiment")).predict_many(texts)
    assert {prediction.text: prediction.probability > 0.5 for prediction in predictions} == texts


def test_it_knows_when_it_does_not_know():
    classifier = Classifier.load(BundledRun("sentiment"))
    assert classifier.calibration.reviews == 2500
    assert classifier.predict("").label == "unsure"
    text = "Two hours that I will never get back."
    assert classifier.predict(text).label == "positive"  # with a probability of 0.56
    assert classifier.predict(text, max_error=0.05).label == "unsure"


def test_its_card_and_the_readme_say_what_it_says():
    classifier = Classifier.load(BundledRun("sentiment"))
    for text in ("Not bad at all.", "It is not dull.", "Oh great, another sequel nobody asked for."):
        prediction = classifier.predict(text)
        assert text in CARD
        assert f"({prediction.probability:.2f})" in CARD.partition(text)[2][:60]
    prediction = classifier.predict("A slow start, but the ending is superb.")
    assert f"positive\t{prediction.probability:.4f}" in README.read_text("utf-8")


def test_its_next_words_make_sense():
    model = NextWordModel.load(BundledRun("next_word"))
    text = model.encode("one of the best movies i have ever")
    assert model.find_likeliest(model.predict_last(text.ids), 1)[0].token == "seen"
