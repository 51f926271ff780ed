"""The sizes of gradients that are propagated back through time, measured over many reviews."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from imdb_gru.inspection.cell_pass import measure_norms
from imdb_gru.inspection.network_pass import run_network
from imdb_gru.models.classifier import Classifier
from imdb_gru.system.arrays import Array
from imdb_gru.system.progress import show_bar


@dataclass(frozen=True, slots=True, eq=False)
class GradientCurve:
    """Median gradient norms over many reviews, by distance in words from the last word (distance 0)."""

    cell: str
    loss: Array
    """‖∂L/∂s_t‖ relative to its value at the last word, `(D,)`; L is the loss, and s_t the state after timestep t."""
    recurrence: Array
    """‖∂h_T/∂s_t‖ / √U (Frobenius), `(D,)`: the effect of the recurrence alone, without pooling."""
    reviews: Array
    """For each distance, the number of reviews that are long enough to have a gradient there, `(D,)`."""

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as JSON-compatible values; each list has one entry for each distance."""
        return {
            "cell": self.cell,
            "loss": self.loss.tolist(),
            "recurrence": self.recurrence.tolist(),
            "reviews": self.reviews.tolist(),
        }


def measure_curve(classifier: Classifier, texts: Iterable[str]) -> GradientCurve:
    """Measure the gradient curve of the last layer's forward cell over several texts.

    The labels are not needed: the gradient of the loss is the gradient of the logit, multiplied by
    (probability − label). This factor is the same at every distance, so it does not affect the relative sizes.
    """
    network = classifier.network
    by_loss, by_recurrence = [], []
    for text in show_bar(texts, desc="measuring", unit=" reviews", delay=1):
        read = run_network(network, network.embedding[classifier.encode(text).ids][None])
        _, gradients = read.run_back()
        norms = measure_norms(gradients[-1][0])[::-1]
        by_loss.append(norms / (norms[0] or 1))
        by_recurrence.append(read.layers[-1][0].measure_jacobians()[::-1])
    loss, reviews = _find_medians(by_loss)
    return GradientCurve(classifier.config.model.cell, loss, _find_medians(by_recurrence)[0], reviews)


def _find_medians(curves: list[Array]) -> tuple[Array, Array]:
    """Return, for every distance, the median over the curves that reach it, and the number of those curves."""
    table = np.full((len(curves), max(map(len, curves))), np.nan, np.float32)
    for row, curve in enumerate(curves):
        table[row, : len(curve)] = curve
    return np.nanmedian(table, axis=0), (~np.isnan(table)).sum(axis=0)
