import numpy as np
import pytest

from imdb_gru.config import build_config
from imdb_gru.corpus.corpus import load_training_reviews
from imdb_gru.errors import DataError
from imdb_gru.sources.in_memory import MemorySource
from imdb_gru.sources.review import Review

TEXTS, LABELS = ["good", "bad", "fine", "dull"], [1, 0, True, np.int64(0)]


def test_an_undivided_source_yields_its_reviews_in_order():
    source = MemorySource(TEXTS, LABELS)
    assert source.splits == ("all",)
    reviews = [Review("good", 1), Review("bad", 0), Review("fine", 1), Review("dull", 0)]
    assert list(source.iter_reviews("all")) == list(source.iter_reviews("all")) == reviews


def test_validation_reviews_given_apart_are_those_of_a_training():
    source = MemorySource(TEXTS, LABELS, validation=(["great", "poor"], [1, 0]))
    assert source.splits == ("train", "validation")
    reviews = load_training_reviews(source, build_config({}, "test"))
    assert [review.text for review in reviews.train] == TEXTS
    assert list(reviews.validation) == [Review("great", 1), Review("poor", 0)]


def test_half_characters_are_replaced_as_in_a_table():
    (review,) = MemorySource(["a \ud83d b"], [1]).iter_reviews("all")
    assert review.text == "a \ufffd b"


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (["a"], [1, 0], "1 texts but 2 labels"),
        (["a", None], [1, 0], "text 1 is None"),
        (["a", 3], [1, 0], "text 1 is 3"),
        (["a", "b"], [1, 2], "label 1 is 2"),
        (["a", "b"], ["pos", 0], "label 0 is 'pos'"),
        (["a", "b"], [None, 0], "label 0 is None"),
    ],
)
def test_other_texts_and_labels_are_refused(texts, labels, message):
    with pytest.raises(DataError, match=message):
        MemorySource(texts, labels)
    with pytest.raises(DataError, match=message):
        MemorySource(TEXTS, LABELS, validation=(texts, labels))


def test_a_split_that_is_missing_is_named():
    with pytest.raises(DataError, match="no test split in the reviews in memory, only all"):
        list(MemorySource(TEXTS, LABELS).iter_reviews("test"))
