import json

import numpy as np
import pytest
from support.table_runs import ROWS, write_rows

import imdb_gru
from imdb_gru.errors import DataError
from imdb_gru.events import EpochDone, ReadingReviews
from imdb_gru.records import Epoch
from imdb_gru.sources.in_memory import MemorySource
from imdb_gru.tasks import folds
from imdb_gru.tasks.folds import FoldDone, FoldStarted

KEYS = {"model.units": 6, "model.embedding": 5}


class Remembering:
    """A model that is sure of the reviews that it was trained on, and takes all others for positive."""

    def __init__(self, texts):
        self.texts = texts

    def predict_many(self, texts):
        for text in texts:
            yield imdb_gru.Prediction(text, 0.0 if text in self.texts else 0.9, words=1, read=1, unknown=0)


@pytest.fixture
def trainings(monkeypatch):
    """Put a model that only remembers in place of a training, and list the sources of the trainings."""
    sources = []

    def train(config, source, observer=None):
        assert (config.data.limit, config.data.test_split) == (None, 0)
        sources.append(source)
        observer(ReadingReviews(source.name))
        observer(EpochDone(Epoch(epoch=1, loss=0.5, accuracy=0.5, seconds=1)))
        return Remembering([review.text for review in source.iter_reviews("train")]), [], None

    monkeypatch.setattr(folds, "train_in_memory", train)
    return sources


def cross_validate(data, count=5, events=None, **overrides):
    observer = None if events is None else events.append
    return imdb_gru.cross_validate("scratch", data=data, folds=count, overrides=KEYS | overrides, observer=observer)


def test_the_folds_are_the_rows_of_a_data_frame(trainings, tmp_path):
    pytest.importorskip("pandas")
    result = cross_validate(write_rows(tmp_path / "a.csv"), count=3)
    frame = result.to_frame()
    assert frame["fold"].tolist() == [1, 2, 3]
    assert frame["accuracy"].tolist() == [fold.accuracy for fold in result.folds]
    assert frame["n"].tolist() == [30, 30, 30]
    assert "confusion_matrix" not in frame
    intervals = frame[["accuracy_low", "accuracy_high"]].values.tolist()
    assert intervals == [list(fold.accuracy_interval) for fold in result.folds]


def test_each_review_is_predicted_by_the_model_that_was_trained_without_it(trainings, tmp_path):
    events = []
    result = cross_validate(write_rows(tmp_path / "a.csv"), events=events)
    assert [fold.n for fold in result.folds] == [18] * 5
    assert result.pooled.n == 90
    assert result.pooled.accuracy == pytest.approx(60 / 90)  # all are new to the model, so it says positive
    assert result.pooled.majority_accuracy == pytest.approx(60 / 90)
    accuracies = [fold.accuracy for fold in result.folds]
    assert result.accuracy_mean == pytest.approx(np.mean(accuracies))
    assert result.accuracy_deviation == pytest.approx(np.std(accuracies, ddof=1))
    parts = [{text for text, _ in ROWS} - {review.text for review in one.iter_reviews("train")} for one in trainings]
    assert len(set().union(*parts)) == sum(map(len, parts)) == 90
    assert [type(event) for event in events] == [ReadingReviews, *[FoldStarted, EpochDone, FoldDone] * 5]
    assert str(events[1]) == "fold 1 of 5: training without 18 reviews"
    assert str(events[3]) == "fold 1 of 5: accuracy 66.67%"
    figures = json.loads(json.dumps(result.to_dict()))
    assert list(figures) == ["accuracy_mean", "accuracy_deviation", "pooled", "folds"]
    assert (len(figures["folds"]), figures["pooled"]["n"]) == (5, 90)


def test_the_test_part_and_a_limit_apply_before_the_folds(trainings, tmp_path):
    path = write_rows(tmp_path / "a.csv")
    assert cross_validate(path, 2, **{"data.test_split": 0.2}).pooled.n == 72
    assert cross_validate(path, 2, **{"data.limit": 40}).pooled.n == 40


def test_a_source_keeps_its_validation_reviews(trainings):
    texts, labels = zip(*ROWS, strict=True)
    source = MemorySource(texts, labels, validation=(["fine", "poor"], [1, 0]))
    assert cross_validate(source, 3).pooled.n == 90
    assert trainings[0].splits == ("train", "validation")
    assert [review.text for review in trainings[0].iter_reviews("validation")] == ["fine", "poor"]


@pytest.mark.parametrize(
    ("rows", "count"),
    [([("one", 1), ("two", 0), ("three", 1)], 5), ([("same", number % 2) for number in range(30)], 2)],
)
def test_too_few_reviews_for_the_folds_are_refused(trainings, tmp_path, rows, count):
    with pytest.raises(DataError, match=f"has too few distinct reviews for {count} folds: choose fewer folds"):
        cross_validate(write_rows(tmp_path / "a.csv", rows), count)
    assert not trainings


@pytest.mark.parametrize("count", [1, 0, 2.0, "5"])
def test_a_number_of_folds_that_makes_no_sense_is_refused(count):
    with pytest.raises(ValueError, match="give an integer of at least 2"):
        cross_validate("sample", count)


def test_a_stopped_training_stops_the_cross_validation(monkeypatch, tmp_path):
    calls, events = [], []

    def train(config, source, observer=None):
        calls.append(source)
        return Remembering([]), [], KeyboardInterrupt()

    monkeypatch.setattr(folds, "train_in_memory", train)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(write_rows(tmp_path / "a.csv"), events=events)
    assert len(calls) == 1
    assert str(events[-1]) == "stopped in fold 1 of 5; nothing is saved"
