"""Crops: short passages cut from training reviews, to teach a model that a text can end after a few words.

A crop has no label, because a passage from a positive review need not be positive. Its target is the
teachers' probability.
"""

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from imdb_gru.corpus.stored import StoredReviews, store_reviews
from imdb_gru.sources.review import Review
from imdb_gru.system.arrays import NO_LABEL, Array, Labels, Lengths
from imdb_gru.system.progress import show_bar

CROP_SEED = 2**32 + 1
"""The seed for cutting crops; because it is fixed, all training runs on the same reviews use the same crops."""
MOST_SENTENCES, MOST_WORDS = 3, 6
"""Maximum length of a crop: in sentences if it consists of whole sentences, and in words otherwise."""
PART_SHARE, EDGE_SHARE, UNENDED_SHARE = 0.2, 0.25, 0.3
"""The fraction of crops that do not consist of whole sentences; the fraction cut from the start of a review, which is
also the fraction cut from the end; and the fraction whose final period is removed."""
GROUPS = 10
"""Number of groups into which `balance` divides the crops by length."""

_BETWEEN_SENTENCES = re.compile(r"""(?:(?<=[.!?…])|(?<=[.!?…]["')]))\s+|\s*(?:<br\s*/?>\s*)+""")


def make_crops(reviews: StoredReviews, count: int) -> StoredReviews:
    """Cut `count` crops from each review, in the order of the reviews, and add them to the reviews' store."""
    bar = show_bar(reviews, desc="cutting crops", unit=" reviews", delay=1)
    rng = np.random.default_rng(CROP_SEED)
    return store_reviews((crop for review in bar for crop in _cut(review, count, rng)), reviews.store)


def _cut(review: Review, count: int, rng: np.random.Generator) -> Iterator[Review]:
    sentences = [sentence for sentence in _BETWEEN_SENTENCES.split(review.text) if sentence] or [review.text]
    for _ in range(count):
        kind, unended = rng.random(2)
        size = int(rng.integers(1, MOST_SENTENCES + 1))
        if kind < EDGE_SHARE:
            start = 0
        elif kind < 2 * EDGE_SHARE:
            start = max(0, len(sentences) - size)
        else:
            start = int(rng.integers(len(sentences)))
        text = " ".join(sentences[start : start + size])
        if kind > 1 - PART_SHARE:
            words = text.split()
            first = int(rng.integers(max(1, len(words))))
            text = " ".join(words[first : first + int(rng.integers(1, MOST_WORDS + 1))])
        yield Review(text.rstrip(" .") if unended < UNENDED_SHARE else text, None, review.film)


def balance(probabilities: Array, labels: Labels, lengths: Lengths) -> Array:
    """Correct the teachers' probabilities for crops.

    These probabilities can be too high or too low, because crops are so short.

    `probabilities` `(N,)` are the teachers' mean probabilities for the crops, `labels` `(N,)` are the labels of the
    reviews from which the crops were cut, and `lengths` `(N,)` are the crops' lengths. The crops are divided into
    `GROUPS` groups of similar length. In each group, a constant is added to all logits; it is chosen so that the mean
    probability equals the (smoothed) share of positive labels.
    """
    edges = np.unique(np.quantile(lengths, np.arange(1, GROUPS) / GROUPS))
    groups = np.searchsorted(edges, lengths)
    balanced = probabilities.copy()
    for group in range(len(edges) + 1):
        members = groups == group
        known = members & (labels != NO_LABEL)
        if known.any():
            share = float((labels[known].sum() + 1) / (known.sum() + 2))
            shift = _find_shift(probabilities[known], share)
            balanced[members] = _move(probabilities[members], shift)
    return balanced


def _find_shift(probabilities: Array, share: float) -> float:
    """Find, by bisection, the constant to add to the logits so that the mean probability equals `share`."""
    low, high = -20.0, 20.0
    for _ in range(40):
        middle = (low + high) / 2
        if float(_move(probabilities, middle).mean(dtype=np.float64)) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _move(probabilities: Array, shift: float) -> Array:
    p: NDArray[np.float64] = np.clip(probabilities.astype(np.float64), 1e-7, 1 - 1e-7)
    odds = p / (1 - p) * np.exp(shift)
    balanced: Array = (odds / (1 + odds)).astype(np.float32)
    return balanced
