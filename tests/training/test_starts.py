"""Trainings that start from another run: their schedule, their output layer, and starts that are refused."""

import numpy as np
import pytest

import imdb_gru
from imdb_gru.errors import ConfigError, DataError
from imdb_gru.events import ScheduleChosen
from imdb_gru.runs.weights import read_arrays
from imdb_gru.sources.in_memory import MemorySource

pytestmark = pytest.mark.keras

WORDS = ["the", "a", "and", "of", "it", "is", "film", "good", "bad", ".", ",", "not", "was", "this"]
TEXTS = [f"This film was {word} , {other} film {number} ." for number in range(30) for word, other in
         (("good", "and the"), ("bad", "not a"))]  # fmt: skip
LABELS = [1, 0] * 30


@pytest.fixture
def train(make_next_word_run, tmp_path):
    """Train a tiny classifier; return the run and its events."""
    encoder = make_next_word_run("encoder", words=WORDS)

    def train(name, texts=TEXTS, pretrained=encoder.path, **settings):
        events = []
        config = {
            "text": {"length": 20},
            "model": {"embedding": 5, "units": 6, "pretrained": str(pretrained)},
            "train": {"adversarial": None, "steps": 8, **settings},
        }
        source = MemorySource(texts, LABELS[: len(texts)])
        return imdb_gru.train(config, data=source, run=tmp_path / name, observer=events.append), events

    return train


def test_the_schedule_is_chosen_announced_and_kept(train):
    run, events = train("run")
    (chosen,) = (event for event in events if isinstance(event, ScheduleChosen))
    assert str(chosen) == (
        "schedule for 54 training reviews: the output layer first, then 2 epochs in batches of 16, which is 8 steps; "
        "the last epoch is kept"
    )
    config = run.load_config().train
    assert (config.epochs, config.batch_size, config.output_first, config.monitor) == (2, 16, True, "last")
    assert run.load_metrics().best.epoch == 2


def test_an_output_layer_that_is_fitted_first_knows_the_labels_before_the_first_step(train):
    slow = {"learning_rate": 1e-9, "epochs": 1}
    accuracies = {
        first: np.mean(
            [
                (prediction.label == "positive") == label
                for prediction, label in zip(
                    imdb_gru.load(train(f"run-{first}", output_first=first, **slow)[0]).predict_many(TEXTS),
                    LABELS,
                    strict=True,
                )
            ]
        )
        for first in (True, False)
    }
    assert accuracies[True] == 1.0
    assert accuracies[False] < 1.0


def test_a_classifier_is_trained_further_on_other_reviews_only(train):
    first, _ = train("first")
    with pytest.raises(DataError, match=r"was itself trained on 60 of these 60 reviews, so the validation figures"):
        train("second", pretrained=first.path)
    others = [text.replace("film", "food") for text in TEXTS]
    second, events = train("second", texts=others, pretrained=first.path, epochs=1, learning_rate=1e-9)
    assert not any("output layer" in str(event) for event in events)
    ours, theirs = (imdb_gru.load(run).predict("A good film.").probability for run in (first, second))
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_a_next_word_model_is_trained_further_on_other_reviews(make_next_word_run, tmp_path):
    base = make_next_word_run("base", words=WORDS)

    def pretrain(name, **train):
        config = {
            "text": {"length": 20},
            "model": {"embedding": 5, "units": 6, "pretrained": str(base.path)},
            "train": {"epochs": 1, "batch_size": 8, "validation_split": 0.1, **train},
        }
        events = []
        run = imdb_gru.pretrain(config, data=MemorySource(TEXTS, LABELS), run=tmp_path / name, observer=events.append)
        assert f"starting from {base.path}" in map(str, events)
        assert run.load_vocabulary().words == base.load_vocabulary().words
        with read_arrays(run) as ours, read_arrays(base) as theirs:
            return max(float(np.abs(mine - before).max()) for mine, before in zip(ours, theirs, strict=True))

    assert pretrain("still", learning_rate=1e-9) < 1e-6
    assert pretrain("moved", learning_rate=0.01) > 1e-3


def test_a_next_word_model_does_not_start_from_a_classifier(train, tmp_path):
    run, _ = train("classifier")
    config = {"text": {"length": 20}, "model": {"embedding": 5, "units": 6, "pretrained": str(run.path)}}
    with pytest.raises(ConfigError, match=r"is a classifier, but a next-word model can only start from a next-word"):
        imdb_gru.pretrain(config, data=MemorySource(TEXTS, LABELS), run=tmp_path / "words")
    assert not (tmp_path / "words").exists()
