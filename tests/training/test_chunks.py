import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.next_word_runs import build_next_word_config

from imdb_gru.corpus.encoded import encode_sequences
from imdb_gru.text.vocabulary import PAD, START

pytestmark = pytest.mark.keras

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=30)


def cut(lengths, timesteps, batch_size, epoch, seed=0):
    from imdb_gru.training.next_word.chunks import ReviewChunks

    rng = np.random.default_rng(seed)
    sequences = [np.array([START, *rng.integers(2, 50, length - 1)], dtype=np.int32) for length in lengths]
    config = build_next_word_config(train={"timesteps": timesteps, "batch_size": batch_size, "seed": seed})
    return sequences, ReviewChunks(encode_sequences(sequences, np.zeros(len(lengths), np.int8)), config, epoch)


@given(LENGTHS, st.integers(1, 15), st.integers(1, 8), st.none() | st.integers(0, 2))
def test_chunks_put_together_are_the_reviews_and_what_comes_next(lengths, timesteps, batch_size, epoch):
    sequences, chunks = cut(lengths, timesteps, batch_size, epoch)
    seen, count = [], 0
    for number, rows in enumerate(chunks.batches):
        parts = list(chunks.cut(number))
        count += len(parts)
        widths = [part.ids.shape[1] for part in parts]
        assert max(widths) <= timesteps
        assert max(widths) - min(widths) <= 1
        ids, targets = (np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("ids", "targets"))
        for row, read, wanted in zip(rows, ids, targets, strict=True):
            length = lengths[row]
            assert read[:length].tolist() == sequences[row].tolist()
            assert wanted[:length].tolist() == [*sequences[row][1:], START]
            assert (read[length:] == PAD).all()
            assert (wanted[length:] == PAD).all()
        assert chunks.count_words(number) == np.count_nonzero(targets)
        seen += list(rows)
    assert sorted(seen) == list(range(len(lengths)))
    assert len(chunks) == count


def test_epochs_differ_and_the_seed_decides():
    lengths = list(range(1, 41))
    orders = [
        [row for rows in cut(lengths, 10, 4, *choice)[1].batches for row in rows] for choice in ((0,), (0,), (1,))
    ]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0] != [row for rows in cut(lengths, 10, 4, 0, 1)[1].batches for row in rows]


def test_judged_reviews_come_longest_first():
    lengths, (_, chunks) = [3, 9, 5, 1], cut([3, 9, 5, 1], 4, 2, None)
    assert [[lengths[row] for row in rows] for rows in chunks.batches] == [[9, 5], [3, 1]]
