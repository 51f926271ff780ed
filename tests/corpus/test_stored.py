import numpy as np
import pytest

from imdb_gru.corpus import stored
from imdb_gru.corpus.stored import TextStore, store_reviews
from imdb_gru.sources.review import Review

REVIEWS = [Review("a fine film", 1, "x"), Review("", 0), Review("café \ud800", None, "y"), Review("bad", 0, "x")]


@pytest.mark.parametrize("most", [1, 2**20], ids=["in a file", "in memory"])
def test_reviews_come_back_as_they_went_in(monkeypatch, most):
    monkeypatch.setattr(stored, "MOST_IN_MEMORY", most)
    reviews = store_reviews(iter(REVIEWS))
    assert list(reviews) == REVIEWS
    assert list(reviews[1:3]) == REVIEWS[1:3]
    assert reviews[-1] == REVIEWS[-1]
    assert reviews.count_bytes().tolist() == [11, 0, 9, 3]
    assert reviews.take(np.array([3, 0])).count_bytes().tolist() == [3, 11]


def test_parts_of_a_store_are_put_together():
    store = TextStore()
    first, second = store_reviews(REVIEWS[:2], store), store_reviews(REVIEWS[2:], store)
    assert list(second + first) == [*REVIEWS[2:], *REVIEWS[:2]]
    assert list(first.take(np.array([1])) + second[1:]) == [REVIEWS[1], REVIEWS[3]]
    assert list(store_reviews([])) == []
