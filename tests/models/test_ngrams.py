import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.models.ngrams import NgramIndex, compute_log_count_ratios

WORDS = st.lists(st.sampled_from("abc"), max_size=7)
CORPORA = st.lists(WORDS, min_size=1, max_size=6)


def name_ngrams(index):
    """Every feature's n-gram, spelled out."""
    words = list(index.words)
    names, shorter = [(word,) for word in words], [(word,) for word in words]
    for codes in index.codes:
        shorter = [(*shorter[code // len(words)], words[code % len(words)]) for code in codes]
        names += shorter
    return names


def list_first_places(review, known, order):
    """The oracle: every known n-gram of a review with the place of its last word where it first ends."""
    places = {}
    for size in range(1, order + 1):
        for end in range(size, len(review) + 1):
            places.setdefault(tuple(review[end - size : end]), end - 1)
    return {ngram: place for ngram, place in places.items() if ngram in known}


@given(CORPORA, CORPORA, st.integers(1, 3))
def test_first_places_are_those_of_a_plain_search(train, others, order):
    index = NgramIndex.build(train, order)
    names = name_ngrams(index)
    known = {ngram for review in train for ngram in list_first_places(review, _Everything(), order)}
    assert len(index) == len(names)
    assert set(names) == known
    others = [*others, ["a", "unseen", "b"]]
    found = index.locate(others)
    for row, review in enumerate(others):
        own = found.rows == row
        places = found.places[own] - found.offsets[row]
        ngrams = [names[feature] for feature in found.features[own]]
        assert len(set(ngrams)) == len(ngrams)
        assert dict(zip(ngrams, places.tolist(), strict=True)) == list_first_places(review, known, order)


class _Everything:
    def __contains__(self, _):
        return True


def test_log_count_ratios_are_those_computed_by_hand():
    """Two features, a and b: in 2 and 1 of 2 positive reviews, in 0 and 1 of 1 negative; each count plus 1."""
    train = [["a", "a"], ["a", "b"], ["b"]]
    index = NgramIndex.build(train, 1)
    ratios = compute_log_count_ratios(index.locate(train), np.array([1, 1, 0], np.int8), len(index))
    assert list(index.words) == ["a", "b"]
    assert ratios == pytest.approx([math.log((3 / 5) / (1 / 3)), math.log((2 / 5) / (2 / 3))])
