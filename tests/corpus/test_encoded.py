import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.config import TextConfig
from imdb_gru.corpus.encoded import (
    ALIGNMENT,
    encode_reviews,
    encode_text,
    iter_batches,
    pad,
    tokenize_reviews,
    truncate,
)
from imdb_gru.corpus.stored import store_reviews
from imdb_gru.sources.review import Review
from imdb_gru.text.vocabulary import PAD, START, Vocabulary

LENGTHS = st.lists(st.integers(1, 500), min_size=1, max_size=300)


@pytest.mark.parametrize(
    ("side", "length", "kept"),
    [
        ("head", 3, "abc"),
        ("tail", 3, "efg"),
        ("middle", 3, "abg"),
        ("middle", 4, "abfg"),
        ("middle", 1, "a"),
        ("tail", 7, "abcdefg"),
        ("middle", 9, "abcdefg"),
    ],
)
def test_truncation_keeps_the_side_it_names(side, length, kept):
    assert "".join(truncate("abcdefg", length, side)) == kept


@given(st.lists(st.text()), st.integers(1, 20), st.sampled_from(["head", "tail", "middle"]))
def test_truncation_never_keeps_more(items, length, side):
    assert len(truncate(items, length, side)) == min(len(items), length)


def test_reviews_become_one_flat_array():
    reviews = store_reviews([Review("good film", 1), Review("", 0), Review("a good one two three", 0)])
    tokenized = tokenize_reviews(reviews, TextConfig(length=3))
    encoded = encode_reviews(tokenized, Vocabulary("words", ["good", "three"]))
    assert [encoded[row].tolist() for row in range(3)] == [[1, 3, 2], [1], [1, 2, 2, 4]]
    assert encoded.lengths.tolist() == [3, 1, 4]
    assert tokenized.lengths.tolist() == [2, 0, 5]
    assert encoded.unknown_share == pytest.approx(3 / 5)
    assert encoded.ids.ctypes.data % ALIGNMENT == 0  # training reads them where they are


def test_there_is_room_for_characters_that_stand_for_several_tokens():
    reviews = store_reviews([Review("㏂㏘" * 9, 1), Review("\x85" * 9, 0)])
    assert tokenize_reviews(reviews, TextConfig()).lengths.tolist() == [72, 27]


def test_tokens_are_counted_and_listed_as_they_stand():
    reviews = store_reviews([Review("a good good film", 1), Review("", 0), Review("bad", 0)])
    first = tokenize_reviews(reviews[:2], TextConfig(length=3))
    second = tokenize_reviews(reviews[2:], TextConfig(), first.lexicon)
    assert first.to_lists() == [["good", "good", "film"], []]
    assert second.to_lists() == [["bad"]]
    assert first.count_tokens() == {"good": 2, "film": 1}
    assert second.count_tokens() == {"bad": 1}


@given(LENGTHS, st.integers(1, 64), st.booleans(), st.integers(0, 5))
def test_batches_hold_every_row_once(lengths, batch_size, bucket, seed):
    batches = list(iter_batches(np.array(lengths), batch_size, np.random.default_rng(seed), bucket=bucket))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(0 < len(batch) <= batch_size for batch in batches)
    assert len(batches) == -(-len(lengths) // batch_size)


def test_buckets_save_padding_and_epochs_differ():
    lengths = np.random.default_rng(0).integers(1, 500, 5000)

    def count_padded(bucket):
        batches = iter_batches(lengths, 32, np.random.default_rng(1), bucket=bucket)
        return sum(lengths[batch].max() * len(batch) for batch in batches)

    assert count_padded(True) < 1.05 * lengths.sum() < 0.6 * count_padded(False)
    first, second = (np.concatenate(list(iter_batches(lengths, 32, np.random.default_rng(seed)))) for seed in (1, 2))
    assert first.tolist() != second.tolist()
    longest = [lengths[batch].max() for batch in iter_batches(lengths, 32, np.random.default_rng(1))]
    assert sorted(longest) != longest
    assert sorted(longest, reverse=True) != longest


@given(st.lists(st.lists(st.integers(2, 99), max_size=9), min_size=1, max_size=9))
def test_padding_is_on_the_right_and_no_row_is_all_padding(rows):
    sequences = [np.array([START, *row], dtype=np.int32) for row in rows]
    padded = pad(sequences)
    for row, sequence in zip(padded, sequences, strict=True):
        assert row[: len(sequence)].tolist() == sequence.tolist()
        assert (row[len(sequence) :] == PAD).all()
        assert (row != PAD).any()


def test_padding_reaches_a_given_length():
    assert pad([np.array([1, 5], dtype=np.int32)], 4).tolist() == [[1, 5, 0, 0]]


def test_a_text_knows_what_became_of_its_words():
    text = encode_text("a zzz b. A", Vocabulary("words", ["a", "b"]), TextConfig(length=4))
    assert (text.words, text.read, text.unknown) == (5, 4, 2)
    assert text.kept == ["zzz", "b", ".", "a"]
    assert text.ids.tolist() == [START, 2, 4, 2, 3]
