import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.text.spelling import find_candidates, find_spelling

RANKS = {
    **{"to": 6, "so": 39, "of": 5, "no": 60, "way": 90, "god": 585, "too": 103, "well": 75, "off": 130, "really": 80},
    **{"good": 54, "soon": 550, "boring": 400, "son": 486, "iii": 3524, "zzz": 9999, "it's": 50, "soo": 11797},
    **{"goo": 10893, "hmm": 7188},
}
"""Ranks as in IMDB."""


@pytest.mark.parametrize(
    ("word", "spelling"),
    [
        ("sooo", "so"),
        ("soooooooooo", "so"),
        ("goood", "good"),
        ("gooooooodddd", "good"),
        ("waaaaayyyy", "way"),
        ("reallllly", "really"),
        ("boooring", "boring"),
        ("sooon", "soon"),
        ("tooo", "too"),
        ("offf", "off"),
        ("hmmmmm", "hmm"),
        ("iiit's", "it's"),
        ("zzzzzz", "zzz"),
        *((word, None) for word in ("so", "good", "xyzzz", "iii", "xiii", "viii", "zzz", "111", "___", "")),
    ],
)
def test_a_lengthened_word_stands_for_a_known_one(word, spelling):
    assert find_spelling(word, RANKS) == spelling


def test_a_word_of_many_runs_is_tried_quickly():
    word = "aaabbb" * 10_000
    assert find_spelling(word, RANKS) is None
    assert find_spelling(word, {"ab" * 10_000: 3}) == "ab" * 10_000


@given(st.lists(st.text("ab\n\ud800", min_size=1, max_size=6)))
def test_candidates_are_the_words_with_three_equal_characters(words):
    expected = [word for word in words if any(letter * 3 in word for letter in set(word))]
    assert find_candidates(words) == expected
