"""The words that most raise or lower each unit's hidden state, averaged over many reviews."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from imdb_gru.corpus.encoded import pad
from imdb_gru.models.batches import cut_batches
from imdb_gru.models.classifier import Classifier
from imdb_gru.system.arrays import Array, Ids
from imdb_gru.system.progress import show_bar
from imdb_gru.text.vocabulary import FIRST_WORD


class DrivenUnit(NamedTuple):
    """A unit of the last layer, and the words that most change its hidden state."""

    unit: int
    """Index of the unit, starting at 0; in a bidirectional model, the backward units follow the forward units."""
    weights: dict[str, float]
    """The unit's weight in the output layer for each pooling; empty if pooling feeds a dense layer."""
    raised_by: Sequence[tuple[str, float]]
    """Words that raise the hidden state, each with its mean change (above 0); the largest increase comes first."""
    lowered_by: Sequence[tuple[str, float]]
    """Words that lower the hidden state, each with its mean change (below 0); the largest decrease comes first."""


def find_drivers(classifier: Classifier, texts: Iterable[str], *, words: int, min_count: int) -> list[DrivenUnit]:
    """Find the words that most raise or lower each unit's hidden state; the units with the largest weights come first.

    Each unit has two lists of at most `words` words; words that occur fewer than `min_count` times are ignored. A
    word's change is h_t − h_{t−1}, averaged over all occurrences of the word; in a backward cell, t is counted from the
    last word.
    """
    means, counts = _measure_changes(classifier, [classifier.encode(text).ids for text in texts])
    frequent = np.flatnonzero(counts >= min_count)
    frequent = frequent[frequent >= FIRST_WORD]
    names = [classifier.vocabulary.words[row - FIRST_WORD] for row in frequent]
    weights = classifier.network.output_weights
    driven = []
    for unit, changes in enumerate(means[frequent].T):
        order = np.argsort(changes, kind="stable")
        lowest, highest = order[:words], order[::-1][:words]
        driven.append(
            DrivenUnit(
                unit,
                {pooling: float(of_units[unit]) for pooling, of_units in weights.items()},
                [(names[row], float(changes[row])) for row in highest if changes[row] > 0],
                [(names[row], float(changes[row])) for row in lowest if changes[row] < 0],
            )
        )
    return sorted(driven, key=lambda one: -sum(map(abs, one.weights.values())))


def _measure_changes(classifier: Classifier, sequences: Sequence[Ids]) -> tuple[Array, NDArray[np.int64]]:
    """Return each unit's mean change for each id, `(V, U)`, and the number of occurrences of each id, `(V,)`."""
    from imdb_gru.engine.embedding import add_rows

    network = classifier.network
    size, units = len(network.embedding), network.layers[-1].forward.units
    all_lengths = np.array([len(sequence) for sequence in sequences])
    total = np.zeros((size, network.hidden_size), np.float32)
    counts = np.zeros(size, np.int64)
    with show_bar(total=len(sequences), desc="reading", unit=" reviews", delay=1) as bar:
        for rows in cut_batches(all_lengths):
            ids, lengths = pad([sequences[row] for row in rows]), all_lengths[rows]
            states = network.compute_states(ids, lengths)
            changes = np.diff(states, axis=1, prepend=0)
            if network.bidirectional:
                changes[:, :, units:] = -np.diff(states[:, :, units:], axis=1, append=0)
            real = np.arange(ids.shape[1]) < lengths[:, None]
            total += add_rows(ids[real], changes[real], size)
            counts += np.bincount(ids[real], minlength=size)
            bar.update(len(rows))
    return np.divide(total, np.maximum(counts, 1)[:, None], dtype=np.float32), counts
