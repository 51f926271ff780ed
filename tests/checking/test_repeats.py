import numpy as np
import pytest

from imdb_gru.checking import repeats
from imdb_gru.checking.repeats import SHINGLE, SIMILARITY, Texts


def make_texts(*reviews):
    texts = Texts()
    for review in reviews:
        texts.add(review.split() if isinstance(review, str) else review)
    return texts


def find_twins(texts, rows, others):
    return texts.find_twins(np.array(rows, np.int64), np.array(others, np.int64))


def edit(rng, words, edits):
    words = list(words)
    for place in rng.choice(len(words), edits, replace=False):
        words[place] = f"new{rng.integers(10**9)}"
    return words


def make_pairs(edits, count=200):
    """Reviews of 120 words, and each with some words replaced."""
    rng = np.random.default_rng(5)
    originals = [[f"w{number}" for number in rng.integers(3000, size=120)] for _ in range(count)]
    return make_texts(*originals, *(edit(rng, words, edits) for words in originals))


def test_what_is_nearly_the_same_is_found_and_nothing_else():
    texts = make_pairs(edits=7)
    same, near = find_twins(texts, range(200, 400), range(200))
    true = {row for row in range(200, 400) if texts.measure_similarity(row, row - 200) >= SIMILARITY}
    assert 50 < len(true) < 200  # edits are at random places, so some stay under the threshold
    assert same == {}
    assert near == {row: row - 200 for row in true}


def test_a_candidate_below_the_threshold_is_not_reported(monkeypatch):
    texts = make_pairs(edits=12)
    monkeypatch.setattr(repeats, "_hash_bands", lambda words: np.zeros(repeats.BANDS, np.uint64))
    one_bucket = make_texts(*([str(word) for word in words] for words in texts.words[:5] + texts.words[200:205]))
    assert find_twins(one_bucket, range(5, 10), range(5)) == ({}, {})


def test_similarity_is_that_of_runs_of_words():
    texts = make_texts("a b c d e", "a b c d f", "a b", "a b", "b a", "a b c a b c a")
    assert SHINGLE == 3
    assert texts.measure_similarity(0, 1) == 2 / 4  # abc bcd, cde, cdf
    assert texts.measure_similarity(2, 3) == 1
    assert texts.measure_similarity(2, 4) == 0
    assert texts.measure_similarity(5, 0) == 1 / 5  # abc bca cab, bcd cde


def test_the_same_words_are_the_same_and_not_near_and_no_words_are_neither():
    texts = make_texts("a good film", "", "a bad film", "a good film", "", "a good film")
    assert find_twins(texts, [3, 4, 5], [0, 1, 2]) == ({3: 0, 5: 0}, {})
    assert texts.group(range(6)) == [[0, 3, 5]]
    assert find_twins(texts, [], [0]) == ({}, {})
    assert find_twins(texts, [0], []) == ({}, {})
    assert find_twins(texts, [1], [4]) == ({}, {})


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5000])
def test_a_review_of_any_length_is_near_one_of_one_more_word_where_it_is(length):
    words = [f"w{number}" for number in range(length)]
    texts = make_texts(words, [*words, "more"])
    near = texts.measure_similarity(0, 1) >= SIMILARITY
    assert near == (length > 4)
    assert find_twins(texts, [1], [0]) == ({}, {1: 0} if near else {})
