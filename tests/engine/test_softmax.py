import numpy as np
import pytest

from imdb_gru.engine.softmax import BLOCK, normalise


def compute_by_hand(row, own, offsets, target, drawn):
    """One row's probabilities of the drawn words, its loss, and 1 − P(target), word by word."""
    others = {n: row[n] + offsets[n] for n in range(len(drawn)) if drawn[n] != target}
    total = np.exp(own) + sum(np.exp(logit) for logit in others.values())
    probabilities = [np.exp(others[n]) / total if n in others else 0 for n in range(len(drawn))]
    return probabilities, np.log(total) - own, 1 - np.exp(own) / total


@pytest.mark.parametrize("rows", [1, 7, BLOCK + 5])
def test_every_row_is_a_softmax_in_which_the_target_counts_once(rows):
    rng, size = np.random.default_rng(rows), 12
    drawn = np.array([1, 2, 5, 9], dtype=np.int32)
    places = np.full(size, -1, np.int32)
    places[drawn] = range(len(drawn))
    targets = rng.integers(1, size, rows).astype(np.int32)
    logits, true = rng.normal(0, 2, (rows, len(drawn))).astype("f"), rng.normal(0, 2, rows).astype("f")
    offsets = np.array([0, 0, 1, 2], "f")
    before = logits.copy()
    losses, misses = normalise(logits, true, offsets, targets, places)
    for row in range(rows):
        expected = compute_by_hand(before[row].astype(float), float(true[row]), offsets, targets[row], drawn)
        for found, wanted in zip((logits[row], losses[row], misses[row]), expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_great_logits_do_not_overflow():
    logits, true = np.array([[1e4, -1e4], [-1e4, -1e4]], "f"), np.array([9e3, 1e4], "f")
    losses, misses = normalise(logits, true, np.zeros(2, "f"), np.array([3, 3], "i4"), np.array([-1, 0, 1, -1], "i4"))
    np.testing.assert_allclose(losses, [1e3, 0], atol=1e-3)
    np.testing.assert_allclose(misses, [1, 0])
    np.testing.assert_allclose(logits, [[1, 0], [0, 0]])


def test_a_target_that_alone_was_drawn_is_certain():
    logits = np.array([[3.0]], "f")
    losses, misses = normalise(logits, np.array([3.0], "f"), np.zeros(1, "f"), np.zeros(1, "i4"), np.zeros(1, "i4"))
    assert losses.tolist() == misses.tolist() == [0]
    assert logits.tolist() == [[0]]
