"""Test the head, in either precision, by plain arithmetic in float64."""

import numpy as np
import pytest

from imdb_gru.engine.bfloat16.unit import find_bfloat16_obstacle
from imdb_gru.engine.softmax.head import Head, HeadWeights

needs_bfloat16 = pytest.mark.skipif(find_bfloat16_obstacle() is not None, reason=f"{find_bfloat16_obstacle()}")
PRECISIONS = ["float32", pytest.param("bfloat16", marks=needs_bfloat16)]
SIZES = [(1, 8, 3, 2), (7, 33, 40, 33), (300, 20, 128, 1000), (1100, 64, 32, 64)]
"""Of N, U, E and S."""


def draw(rows, units, width, words, seed=0, scale=1.0):
    """Return what `Head.run` takes; about half of the targets were drawn, and some rows have none."""
    rng = np.random.default_rng(seed)
    x = np.tanh(rng.normal(size=(rows, units)))
    real = rng.random(rows) < 0.8
    real[0] = True
    places = np.where(rng.random(rows) < 0.5, rng.integers(0, words, rows), -1).astype("i4")
    kernel, others = rng.normal(size=(units, width)) / units**0.5, rng.normal(size=(words, width)) * scale
    true = np.where((places >= 0)[:, None], others[places], rng.normal(size=(rows, width)))
    bias, offsets, true_bias = rng.normal(size=width), rng.normal(size=words), rng.normal(size=rows)
    x, true, true_bias, *weights = (part.astype("f") for part in (x, true, true_bias, kernel, others, bias, offsets))
    return x, real, true, true_bias, places, HeadWeights(*weights)


def compute_plainly(x, real, true, true_bias, places, weights):
    """Compute in float64, every logit and every probability at once."""
    x, true, true_bias = (part.astype(float) for part in (x, true, true_bias))
    kernel, others, bias, offsets = (part.astype(float) for part in weights)
    queries = x @ kernel + bias
    own = (queries * true).sum(axis=1) + true_bias
    logits = queries @ others.T + offsets
    logits[np.arange(len(x)), places] = np.where(places >= 0, -np.inf, logits[np.arange(len(x)), places])
    joined = np.column_stack([own, logits])
    peaks = joined.max(axis=1, keepdims=True)
    totals = np.exp(joined - peaks).sum(axis=1, keepdims=True)
    losses = (np.log(totals) + peaks)[:, 0] - own
    chances = np.exp(joined - peaks) / totals * (real / real.sum())[:, None]
    misses, chances = chances[:, 0] - real / real.sum(), chances[:, 1:]
    into_queries = chances @ others + misses[:, None] * true
    return [
        losses * real, into_queries @ kernel.T, misses[:, None] * queries, misses, x.T @ into_queries,
        chances.T @ queries, into_queries.sum(axis=0), chances.sum(axis=0),
    ]  # fmt: skip


def flatten(result):
    return [*result[:-1], *result.weights]


def measure(found, wanted):
    return np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-6)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_losses_and_gradients_are_those_of_plain_arithmetic(sizes, precision):
    inputs = draw(*sizes)
    found, wanted = flatten(Head(precision).run(*inputs)), compute_plainly(*inputs)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.shape == theirs.shape
        bound = 0.06 if precision == "bfloat16" else 1e-5  # 2⁻⁹ of logits of about 40 makes 0.08 of probabilities
        assert measure(ours, theirs) < bound
        if precision == "bfloat16" and ours.size > 1:
            assert np.vdot(ours, theirs) > 0.999 * np.linalg.norm(ours) * np.linalg.norm(theirs)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_same_again_gives_the_same(precision):
    head, inputs = Head(precision), draw(700, 40, 24, 50)
    first = [part.copy() for part in flatten(head.run(*inputs))]
    head.run(*draw(900, 40, 24, 50, seed=1))  # other contents in the memory that is used again
    for ours, theirs in zip(first, flatten(head.run(*inputs)), strict=True):
        assert (ours == theirs).all()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_great_logits_do_not_overflow(precision):
    inputs = draw(40, 8, 32, 20, scale=1e4)
    assert all(np.isfinite(part).all() for part in flatten(Head(precision).run(*inputs)))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_target_that_alone_was_drawn_is_certain(precision):
    x, real, true, true_bias, places, weights = draw(5, 8, 3, 1)
    result = Head(precision).run(x, real, true, true_bias, np.zeros_like(places), weights)
    assert not any(part.any() for part in flatten(result))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_what_is_not_a_number_does_not_hide(precision):
    x, *others = draw(5, 8, 3, 4)
    x[0, 0] = np.nan
    assert np.isnan(Head(precision).run(x, *others).losses[0])
