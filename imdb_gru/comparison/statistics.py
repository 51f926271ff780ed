"""The statistics of a comparison: tests of differences between models, corrected p-values, and bootstrap intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.models.metrics import Probabilities, find_correct
from imdb_gru.system.arrays import Labels

RESAMPLES = 10_000
"""Number of bootstrap samples."""
CONFIDENCE = 0.95
SAME = 1e-12
"""Differences whose spread is smaller than this count as equal, because rounding alone can cause such a spread."""

Values = NDArray[np.int8]


def compute_mcnemar(labels: Labels, first: Probabilities, second: Probabilities) -> tuple[int, int, float]:
    """Return (number of reviews that only the first model gets right, number that only the second gets right, p-value).

    The test is exact and two-sided (McNemar 1947). If both models are equally accurate, each is expected to be right
    on half of the reviews that only one of them gets right.
    """
    first_correct, second_correct = (find_correct(labels, probabilities) for probabilities in (first, second))
    only_first, only_second = int((first_correct & ~second_correct).sum()), int((second_correct & ~first_correct).sum())
    if not only_first + only_second:
        return 0, 0, 1.0
    from scipy.stats import binomtest

    return only_first, only_second, float(binomtest(only_first, only_first + only_second).pvalue)


def compute_paired_test(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Return the two-sided p-value of Student's paired t-test on the accuracies of two models with the same seeds.

    Returns None if there are fewer than two seeds, or if the difference is the same with every seed.
    """
    differences = np.subtract(first, second)
    if len(differences) < 2 or np.ptp(differences) < SAME:
        return None
    from scipy.stats import ttest_rel

    return float(ttest_rel(first, second).pvalue)


def adjust_p_values(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for the number of tests (Holm 1979); return them in the given order."""
    values = np.asarray(p_values, dtype=float)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]


def bootstrap_mean(values: Sequence[Values], *, shared: bool) -> tuple[float, float]:
    """Return the 95 % interval of a mean over seeds and reviews, both drawn with replacement (percentile bootstrap).

    `values` holds an array `(N,)` for each seed, with only a few distinct integers, such as 1 for a correct prediction.
    `shared` means that all seeds have the same reviews; each review is then drawn for all seeds at once.
    """
    rng = np.random.default_rng(0)
    groups = [np.stack(values)] if shared else [row[None] for row in values]
    means = np.concatenate([_draw_means(group, rng) for group in groups], axis=1)
    seeds = rng.integers(len(values), size=(RESAMPLES, len(values)))
    drawn = np.take_along_axis(means, seeds, axis=1).mean(axis=1)
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _draw_means(values: NDArray[Any], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw reviews with replacement from values `(S, N)`; return each seed's mean in each draw, `(RESAMPLES, S)`.

    Reviews with the same values for all seeds are interchangeable, so only the number of reviews of each kind is drawn.
    """
    kinds, counts = np.unique(values.T, axis=0, return_counts=True)
    total = int(counts.sum())
    drawn = rng.multinomial(total, counts / total, size=RESAMPLES)
    means: NDArray[np.float64] = drawn @ kinds / total
    return means
