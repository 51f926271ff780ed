import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.config import TextConfig
from imdb_gru.corpus.digests import (
    NO_WORDS,
    SeenReviews,
    digest_texts,
    digest_tokenized,
    digest_words,
    find_repeated,
)
from imdb_gru.corpus.encoded import tokenize_reviews
from imdb_gru.corpus.stored import store_reviews
from imdb_gru.sources.review import Review
from imdb_gru.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary("words", ["a", "film"], emoticons=True)


@given(st.lists(st.text(max_size=30), max_size=8), st.integers(1, 5), st.sampled_from(["head", "tail", "middle"]))
def test_a_text_has_the_digest_that_it_had_in_training(texts, length, side):
    config = TextConfig(length=length, truncate=side)
    tokenized = tokenize_reviews(store_reviews(Review(text, 1) for text in texts), config)
    np.testing.assert_array_equal(digest_texts(texts, config, VOCABULARY), digest_tokenized(tokenized))


def test_the_digest_is_that_of_the_words():
    digests = digest_texts(["A fine  film!", "a FINE film !", "a film fine!", "", "<br />"], TextConfig(), VOCABULARY)
    assert digests[0] == digests[1] != digests[2]
    assert digests[3:].tolist() == [NO_WORDS, NO_WORDS]
    # These digests are stored in runs, so they must be the same in every process and version.
    assert digest_words(["a", "fine", "film", "!"]) == int(digests[0]) == 5765048161639308453


def test_reviews_without_words_are_never_repeated():
    digests = np.array([NO_WORDS, 7, 8], np.uint64)
    assert find_repeated(digests, digests[:2]).tolist() == [False, True, False]


def test_validation_reviews_were_not_trained_on_unless_they_repeat_a_training_review():
    one, both, other = (np.array(numbers, np.uint64) for numbers in ([32, 5], [32, 5, 8], [16, 5, 8]))
    seen = SeenReviews.build(one, other)
    assert (seen.digests.tolist(), seen.trained.tolist()) == ([5, 8, 16, 32], [5, 32])
    assert SeenReviews.build(both, other).trained.tolist() == [5, 8, 32]
    assert (seen.thin(16).digests.tolist(), seen.thin(16).trained.tolist()) == ([16, 32], [32])
    assert SeenReviews(one).trained.tolist() == [5, 32]  # it is unknown which ones are validation reviews


def test_all_seen_reviews_are_counted_and_of_a_part_estimated():
    digests = digest_texts([f"review {number}" for number in range(4000)], TextConfig(), VOCABULARY)
    other = digest_texts([f"another {number}" for number in range(4000)], TextConfig(), VOCABULARY)
    seen = SeenReviews(np.unique(digests))
    assert (seen.count(digests[:50]), seen.count(other), seen.count(np.append(other, digests[:3]))) == (50, 0, 3)
    part = seen.thin(16)
    assert len(part.digests) == pytest.approx(4000 / 16, rel=0.2)
    assert part.count(digests[:2000]) == pytest.approx(2000, rel=0.2)
    assert part.count(other) == 0
    assert part.count(part.digests[:5]) == 5  # never more than there are
