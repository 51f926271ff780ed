"""Fitting the output layer of a classifier while the pretrained weights below it stay fixed.

Fine-tuning from a random output layer distorts pretrained weights before the output layer has learned anything. With
few reviews, the model is more accurate if this layer is fitted first (linear probing, then fine-tuning: Kumar et al.
2022).
"""

import numpy as np
from numpy.typing import NDArray

from imdb_gru.system.arrays import Array, Labels

PENALTY = 100.0
"""Weight of the penalty, which is the squared L2 norm of the kernel for standardised features."""
MOST_ITERATIONS = 30
TOLERANCE = 1e-6

Doubles = NDArray[np.float64]


def fit_output_layer(features: Array, labels: Labels, penalty: float = PENALTY) -> tuple[Array, Array]:
    """Fit a ridge logistic regression by Newton's method to features `(N, F)` and labels `(N,)`, each 0 or 1.

    Returns the kernel `(F, 1)` and the bias `(1,)` of the output layer, float32. The penalty is computed for
    standardised features, and does not include the bias.
    """
    mean, deviation = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    # A feature that hardly changes would get a huge weight, and dropout would turn it into noise.
    scale = np.maximum(deviation, np.median(deviation) / 2) + 1e-6
    x: Doubles = np.column_stack([(features - mean) / scale, np.ones(len(features))])
    penalties = np.append(np.full(features.shape[1], penalty), 1e-6)
    weights = np.zeros(len(penalties))
    for _ in range(MOST_ITERATIONS):
        probability = np.exp(-np.logaddexp(0.0, -x @ weights))  # the sigmoid
        gradient = x.T @ (probability - labels) + penalties * weights
        curvature = (x.T * (probability * (1 - probability))) @ x + np.diag(penalties)
        move = np.linalg.solve(curvature, gradient)
        weights -= move
        if np.abs(move).max() < TOLERANCE:
            break
    kernel = weights[:-1] / scale
    bias = weights[-1] - mean @ kernel
    return kernel.astype(np.float32)[:, None], np.array([bias], np.float32)
