"""The statistics of a comparison against SciPy, statsmodels and cases worked by hand."""

import numpy as np
import pytest

from imdb_gru.comparison.statistics import adjust_p_values, bootstrap_mean, compute_mcnemar, compute_paired_test

pytest.importorskip("scipy")


def test_mcnemar_by_hand():
    """1 and 5 discordant reviews: twice the chance of at most 1 head in 6 throws, 2 (1 + 6) / 64."""
    labels = np.ones(10, np.int8)
    first, second = np.ones(10, np.float32), np.ones(10, np.float32)
    first[:5], second[5] = 0, 0
    first[6] = second[6] = 0  # both are wrong, which does not count
    assert compute_mcnemar(labels, first, second) == (1, 5, pytest.approx(14 / 64))
    assert compute_mcnemar(labels, second, first) == (5, 1, pytest.approx(14 / 64))
    assert compute_mcnemar(labels, first, first) == (0, 0, 1.0)


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"), [(9, 25, 0.00904118549078703), (30, 14, 0.022628841205914796)]
)
def test_mcnemar_as_statsmodels_computes_it(only_first, only_second, p_value):
    """statsmodels 0.15: mcnemar([[50, b], [c, 20]], exact=True).pvalue."""
    labels = np.ones(50 + only_first + only_second + 20, np.int8)
    first = np.repeat([1, 1, 0, 0], [50, only_first, only_second, 20]).astype(np.float32)
    second = np.repeat([1, 0, 1, 0], [50, only_first, only_second, 20]).astype(np.float32)
    assert compute_mcnemar(labels, first, second) == (only_first, only_second, pytest.approx(p_value))


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.2, 0.02, 0.02], [0.2, 0.06, 0.06]),
        ([0.7, 0.9, 0.001], [1.0, 1.0, 0.003]),
        ([0.5], [0.5]),
        ([], []),
    ],
)
def test_holms_correction_as_statsmodels_computes_it(p_values, adjusted):
    """statsmodels 0.15: multipletests(p_values, method="holm")[1]."""
    assert adjust_p_values(p_values) == pytest.approx(adjusted)


def test_the_paired_test_by_hand():
    """Differences of 2, 0.5 and 3 points: t = 2.5236 with 2 degrees of freedom, as statsmodels 0.15 has it too."""
    first, second = [0.91, 0.90, 0.93], [0.89, 0.895, 0.90]
    differences = np.subtract(first, second)
    t = differences.mean() / (differences.std(ddof=1) / np.sqrt(3))
    assert t == pytest.approx(2.52357307)
    by_hand = 1 - t / np.sqrt(2 + t**2)  # the two-sided tail of Student's t with 2 degrees of freedom
    assert compute_paired_test(first, second) == pytest.approx(by_hand) == pytest.approx(0.12764325571)
    assert compute_paired_test(second, first) == pytest.approx(by_hand)


def test_one_seed_or_one_difference_has_no_paired_test():
    assert compute_paired_test([0.9], [0.8]) is None
    assert compute_paired_test([0.9, 0.8, 0.7], [0.8, 0.7, 0.6]) is None  # apart from rounding


def test_the_bootstrap_of_one_seed_is_that_of_scipy():
    from scipy.stats import bootstrap

    correct = (np.arange(400) % 10 > 1).astype(np.int8)  # 80 %
    theirs = bootstrap(
        (correct,), np.mean, n_resamples=10_000, method="percentile", vectorized=True, rng=np.random.default_rng(1)
    ).confidence_interval
    assert bootstrap_mean([correct], shared=True) == pytest.approx((theirs.low, theirs.high), abs=0.004)
    assert bootstrap_mean([correct], shared=True) == bootstrap_mean([correct], shared=False)


def test_the_bootstrap_draws_seeds_and_reviews():
    """The variance of the mean is that over seeds, which are drawn with replacement, plus that over reviews."""
    rng = np.random.default_rng(2)
    shares = np.array([0.7, 0.8, 0.9])
    values = [(rng.permutation(2000) < 2000 * share).astype(np.int8) for share in shares]
    for shared in (True, False):
        low, high = bootstrap_mean(values, shared=shared)
        over_seeds = shares.var() / 3
        over_reviews = np.mean(shares * (1 - shares)) / 2000 / 3
        deviation = np.sqrt(over_seeds + over_reviews)
        assert (high - low) / 2 == pytest.approx(1.96 * deviation, rel=0.12)
        assert (high + low) / 2 == pytest.approx(0.8, abs=0.01)


def test_reviews_that_all_seeds_share_are_drawn_together():
    """Three seeds with the same predictions say no more about the reviews than one."""
    correct = (np.arange(500) % 4 > 0).astype(np.int8)
    together = bootstrap_mean([correct] * 3, shared=True)
    apart = bootstrap_mean([correct] * 3, shared=False)
    alone = bootstrap_mean([correct], shared=True)
    assert together[1] - together[0] == pytest.approx(alone[1] - alone[0], rel=0.05)
    assert apart[1] - apart[0] < 0.8 * (alone[1] - alone[0])
    assert bootstrap_mean([np.zeros(9, np.int8)] * 2, shared=True) == (0.0, 0.0)


def test_seeds_may_have_different_numbers_of_reviews():
    low, high = bootstrap_mean([np.ones(40, np.int8), np.zeros(10, np.int8)], shared=False)
    assert (low, high) == (0.0, 1.0)
