"""The linear baseline: logistic regression on binary n-gram features, each multiplied by its log-count ratio.

Wang & Manning, Baselines and Bigrams: Simple, Good Sentiment and Topic Classification, ACL 2012.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.cells.cell import sigmoid
from imdb_gru.corpus.encoded import Tokenized
from imdb_gru.errors import DataError
from imdb_gru.models.metrics import Probabilities, compute_log_loss, find_correct
from imdb_gru.models.ngrams import NgramIndex, Occurrences, compute_log_count_ratios
from imdb_gru.system.arrays import Labels
from imdb_gru.system.progress import show_bar

STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Inverse regularization strengths (scikit-learn's C) to try; the one with the best validation result is chosen."""
DEFAULT_STRENGTH = 1.0
"""Inverse regularization strength to use if there are no validation reviews."""
MOST_PASSES = 1000

Weights = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A linear model: a bias, and a weight for every n-gram."""

    index: NgramIndex
    weights: Weights
    """Log-count ratio of each n-gram times its coefficient, `(F,)` float64."""
    bias: float
    strength: float
    """Inverse regularization strength (scikit-learn's C) used in the fit."""

    @property
    def parameters(self) -> int:
        """Return the number of weights, plus one for the bias."""
        return len(self.weights) + 1

    def predict_timesteps(self, reviews: Sequence[Sequence[str]]) -> list[Probabilities]:
        """For each review, return the probability of positive before the first word and after each word, `(T,)`."""
        occurrences = self.index.locate(reviews)
        moves = np.zeros(int(occurrences.offsets[-1]))
        np.add.at(moves, occurrences.places, self.weights[occurrences.features])
        return list(self._iter_curves(moves, occurrences))

    def _iter_curves(self, moves: Weights, occurrences: Occurrences) -> Iterator[Probabilities]:
        for start, stop in zip(occurrences.offsets[:-1], occurrences.offsets[1:], strict=True):
            logits = self.bias + np.concatenate([[0.0], np.cumsum(moves[start:stop])])
            yield sigmoid(logits.astype(np.float32))


def fit_linear(train: Tokenized, validation: Tokenized | None = None, monitor: str = "accuracy") -> LinearModel:
    """Fit the baseline with each C in `STRENGTHS`, and return the model that is best on the validation reviews.

    `monitor` is the config's `train.monitor`: if it is "loss", the best model is the one with the lowest loss;
    otherwise, the one with the highest accuracy. Without validation reviews, C is `DEFAULT_STRENGTH`. Needs
    scikit-learn. Raises `DataError` if the training reviews contain no words.
    """
    tokens = train.to_lists()
    index = NgramIndex.build(tokens)
    if not len(index):
        raise DataError("the training reviews contain no words: choose other data with --data")
    occurrences = index.locate(tokens)
    ratios = compute_log_count_ratios(occurrences, train.labels, len(index))
    matrix = _build_matrix(occurrences, ratios)
    if validation is None or not len(validation.labels):
        return _fit(index, matrix, train.labels, ratios, DEFAULT_STRENGTH)
    bar = show_bar(STRENGTHS, desc="fitting", unit=" models", delay=1)
    models = (_fit(index, matrix, train.labels, ratios, strength) for strength in bar)
    return min(models, key=lambda model: _rank(model, validation, monitor))


def _build_matrix(occurrences: Occurrences, ratios: Weights) -> Any:
    """Return the features, `(N, F)` sparse: each review's row holds the log-count ratios of the n-grams it contains."""
    from scipy.sparse import csr_matrix

    shape = len(occurrences.offsets) - 1, len(ratios)
    return csr_matrix((ratios[occurrences.features], (occurrences.rows, occurrences.features)), shape=shape)


def _fit(index: NgramIndex, matrix: Any, labels: Labels, ratios: Weights, strength: float) -> LinearModel:
    from sklearn.linear_model import LogisticRegression

    # The dual problem has one variable per review; the primal problem has one per n-gram, a hundred times as many.
    regression = LogisticRegression(
        C=strength, solver="liblinear", dual=True, max_iter=MOST_PASSES, random_state=0
    ).fit(matrix, labels)
    return LinearModel(index, ratios * regression.coef_[0], float(regression.intercept_[0]), strength)


def _rank(model: LinearModel, validation: Tokenized, monitor: str) -> tuple[float, ...]:
    """Return a sort key that is lowest for the best model, using the same rule as for a network's best epoch."""
    probabilities = np.array([curve[-1] for curve in model.predict_timesteps(validation.to_lists())])
    loss = compute_log_loss(validation.labels, probabilities)
    if monitor == "loss":
        return (loss,)
    return float((~find_correct(validation.labels, probabilities)).mean()), loss
