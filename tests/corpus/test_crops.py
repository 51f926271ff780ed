"""Crops: which passages they are, and how their targets are balanced."""

import numpy as np
import pytest

from imdb_gru.corpus.crops import balance, make_crops
from imdb_gru.corpus.stored import store_reviews
from imdb_gru.sources.review import Review
from imdb_gru.system.arrays import NO_LABEL

TEXT = 'I went at night. "What a film!" Was it good?<br /><br />Yes, and the actors were better than in the book.'


@pytest.fixture
def crops():
    return list(make_crops(store_reviews([Review(TEXT, 1, "film")]), 400))


def test_every_review_gives_the_same_number_of_crops_in_order():
    reviews = store_reviews([Review(f"only {number} here.", 0, f"film {number}") for number in range(5)])
    crops = make_crops(reviews, 3)
    assert [crop.film for crop in crops] == [f"film {number}" for number in range(5) for _ in range(3)]
    assert {crop.label for crop in crops} == {None}
    assert crops.store is reviews.store
    assert [crop.text for crop in make_crops(reviews, 3)] == [crop.text for crop in crops]


def test_crops_are_sentences_openings_endings_and_parts_of_sentences(crops):
    texts = [crop.text for crop in crops]
    assert "I went at night." in texts
    assert "I went at night" in texts
    assert 'I went at night. "What a film!"' in texts
    assert "Was it good? Yes, and the actors were better than in the book." in texts
    assert "the actors were" in texts
    plain = TEXT.replace("<br /><br />", " ")
    assert all(text and text in plain for text in texts)


def test_openings_and_endings_are_more_frequent_than_passages_between(crops):
    texts = [crop.text for crop in crops]
    starts = sum(text.startswith("I went at night") for text in texts)
    ends = sum(text.rstrip(".").endswith("than in the book") for text in texts)
    middles = sum(text.startswith('"What a film!"') for text in texts)
    assert starts > middles < ends


@pytest.mark.parametrize("text", ["", "...", "<br /><br />", "one"])
def test_a_review_without_sentences_gives_what_there_is(text):
    assert len(make_crops(store_reviews([Review(text, 0)]), 20)) == 20


def test_balanced_crops_are_as_often_positive_as_reviews_whatever_their_length():
    rng = np.random.default_rng(0)
    lengths, labels = rng.integers(1, 100, 4000), rng.integers(0, 2, 4000).astype(np.int8)
    logits = rng.normal(size=4000) + 2 / lengths + labels
    probabilities = (1 / (1 + np.exp(-logits))).astype(np.float32)
    balanced = balance(probabilities, labels, lengths)
    for low in (0, 20, 60):
        members = (lengths > low) & (lengths <= low + 20)
        assert abs(probabilities[members].mean() - labels[members].mean()) > 0.08
        assert abs(balanced[members].mean() - labels[members].mean()) < 0.03
    assert balanced.dtype == np.float32
    few = np.flatnonzero(lengths < 5)
    assert (np.argsort(balanced[few]) == np.argsort(probabilities[few])).mean() > 0.9


def test_crops_of_unlabelled_reviews_are_corrected_with_the_others():
    probabilities = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    labels = np.array([1, 0, NO_LABEL, NO_LABEL], np.int8)
    balanced = balance(probabilities, labels, np.full(4, 3))
    assert balanced[:2].mean() == pytest.approx(0.5, abs=1e-5)
    assert (balanced < probabilities).all()
    assert np.array_equal(balance(probabilities, np.full(4, NO_LABEL, np.int8), np.full(4, 3)), probabilities)


def test_certain_teachers_can_be_balanced():
    balanced = balance(np.ones(4, np.float32), np.array([0, 1, 0, 1], np.int8), np.arange(4))
    assert np.isfinite(balanced).all()
