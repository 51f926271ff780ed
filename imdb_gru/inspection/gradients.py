"""How gradients shrink or grow on their way back through time, over many reviews."""

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
    """The way back from the last word: medians over reviews, by distance in words from it, 0 first."""

    cell: str
    loss: Array
    """‖∂L/∂s_t‖ as a multiple of that at the last word, `(D,)`; L is the loss, s_t all that the cell carries on."""
    recurrence: Array
    """‖∂h_T/∂s_t‖ / √U (Frobenius), `(D,)`: the recurrence alone, without the ways that pooling opens."""
    reviews: Array
    """How many reviews reach so far back, `(D,)`."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON's types, a list entry a word back."""
        return {
            "cell": self.cell,
            "loss": self.loss.tolist(),
            "recurrence": self.recurrence.tolist(),
            "reviews": self.reviews.tolist(),
        }


def measure_curve(classifier: Classifier, texts: Iterable[str]) -> GradientCurve:
    """Take the gradient of each text's verdict back through the last layer's forward cell.

    The gradient of the loss is that of the logit times (probability − label), so their ratios are one.
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
    """Return the median at every distance over the curves that reach it, and their count."""
    table = np.full((len(curves), max(map(len, curves))), np.nan, np.float32)
    for row, curve in enumerate(curves):
        table[row, : len(curve)] = curve
    return np.nanmedian(table, axis=0), (~np.isnan(table)).sum(axis=0)
