"""The accuracy of a classifier when words are exchanged for their near neighbours in the classifier's embedding.

The words are exchanged one by one; each step makes the exchange that most lowers the probability of the correct label.
The search is greedy: the gradient of the logit ranks all possible exchanges of a single word (as in Ebrahimi et al.
2018, "HotFlip"), and the network computes the probability after each of the highest-ranked exchanges. A more thorough
search could find more harmful exchanges, so the measured accuracy after k exchanges is an upper bound on the accuracy
after the k most harmful exchanges.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from imdb_gru.corpus.encoded import EncodedText
from imdb_gru.inspection.neighbours import Neighbours
from imdb_gru.inspection.network_pass import run_network
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.exchange_evaluation import ChangedReview, Exchange, ExchangeEvaluation, ExchangeScores
from imdb_gru.models.metrics import compute_interval, find_correct
from imdb_gru.models.prediction import LABELS
from imdb_gru.sources.review import Review
from imdb_gru.system.arrays import Ids, Mask
from imdb_gru.system.progress import show_bar

CHUNK = 16
"""Number of reviews whose exchanges are computed together."""
CANDIDATES = 16
"""Number of exchanges tried in each review at each step: those that the gradient ranks highest."""


@dataclass
class _Attacked:
    """A review, the exchanges made in it so far, and random exchanges for comparison."""

    encoded: EncodedText
    label: int
    ids: Ids
    random_ids: Ids
    order: Sequence[int]
    """The timesteps of the random exchanges, in the order in which they are made."""
    correct: bool = True
    probability: float = 0.0
    changed: float = 0.0
    """The probability after the exchanges so far."""
    exchanges: list[Exchange] = field(default_factory=list)


def measure_exchanges(
    classifier: Classifier,
    split: str,
    reviews: Sequence[Review],
    *,
    exchanges: int,
    neighbours: int,
    errors: int = 0,
    seed: int = 0,
    caveat: str | None = None,
) -> ExchangeEvaluation:
    """Measure the accuracy after exchanging 0, 1, …, `exchanges` words in each labelled review.

    Each word is exchanged at most once, for one of its `neighbours` nearest neighbours. Of the reviews that become
    misclassified, at most `errors` are returned. `seed` is the seed of the random exchanges.
    """
    table = Neighbours(classifier, neighbours)
    rng = np.random.default_rng(seed)
    worst: list[Mask] = []
    random: list[Mask] = []
    changed: list[ChangedReview] = []
    with show_bar(total=len(reviews) * (exchanges + 1), desc="exchanging words", unit=" steps", delay=1) as bar:
        for start in range(0, len(reviews), CHUNK):
            part = [_open(classifier, table, review, rng) for review in reviews[start : start + CHUNK]]
            rounds = []
            for number in range(exchanges + 1):
                rounds.append(_judge(classifier, part) if number == 0 else _exchange(classifier, table, part, number))
                bar.update(len(part))
            worst.append(np.array([correct for correct, _ in rounds]))
            random.append(np.array([correct for _, correct in rounds]))
            changed += [_describe(review) for review in part if review.exchanges and not review.correct]
    by_worst, by_random = (np.concatenate(parts, axis=1).sum(axis=1).tolist() for parts in (worst, random))
    n = len(reviews)
    return ExchangeEvaluation(
        run=str(classifier.run),
        split=split,
        n=n,
        neighbours=table.count,
        threshold=classifier.threshold,
        accuracy_by_exchanges=[
            ExchangeScores(number, right / n, compute_interval(right, n), at_random / n)
            for number, (right, at_random) in enumerate(zip(by_worst, by_random, strict=True))
        ],
        caveat=caveat,
        errors=sorted(changed, key=lambda review: len(review.exchanges))[:errors] if errors else None,
    )


def _open(classifier: Classifier, table: Neighbours, review: Review, rng: np.random.Generator) -> _Attacked:
    encoded = classifier.encode(review.text)
    assert review.label is not None
    order = rng.permutation(np.flatnonzero(table.words[encoded.ids])).tolist()
    chosen = encoded.ids.copy()
    if order and table.count:
        found = table.find(encoded.ids[order])
        chosen[order] = found[np.arange(len(order)), rng.integers(table.count, size=len(order))]
    return _Attacked(encoded, review.label, encoded.ids.copy(), chosen, order)


def _judge(classifier: Classifier, reviews: Sequence[_Attacked]) -> tuple[list[bool], list[bool]]:
    """Classify the unchanged reviews, and return two lists as `_exchange` does; here, the lists are identical."""
    probabilities = classifier.predict_ids([review.ids for review in reviews])
    for review, probability in zip(reviews, probabilities.tolist(), strict=True):
        review.probability = review.changed = probability
        review.correct = _is_correct(classifier, review.label, probability)
    correct = [review.correct for review in reviews]
    return correct, correct


def _exchange(
    classifier: Classifier, table: Neighbours, reviews: Sequence[_Attacked], number: int
) -> tuple[list[bool], list[bool]]:
    """In each review that is still classified correctly, exchange one more word for a neighbour.

    Return two lists: whether each review is classified correctly after the exchanges made in it so far, and whether it
    is classified correctly after `number` random exchanges instead.
    """
    proposals = [_propose(classifier, table, review) if review.correct else [] for review in reviews]
    variants = [_replace(review.ids, *one) for review, found in zip(reviews, proposals, strict=True) for one in found]
    at_random = [_exchange_at_random(review, number) for review in reviews]
    probabilities = classifier.predict_ids([*variants, *at_random])
    place = 0
    for review, found in zip(reviews, proposals, strict=True):
        values = probabilities[place : place + len(found)]
        place += len(found)
        if not found:
            continue
        best = int(values.argmin() if review.label else values.argmax())
        value = float(values[best])
        if (value < review.changed) if review.label else (value > review.changed):
            timestep, id = found[best]
            words = classifier.vocabulary
            review.exchanges.append(Exchange(timestep, review.encoded.kept[timestep - 1], words.name_next(id)))
            review.ids, review.changed = _replace(review.ids, timestep, id), value
            review.correct = _is_correct(classifier, review.label, value)
    random = [
        _is_correct(classifier, review.label, value)
        for review, value in zip(reviews, probabilities[place:].tolist(), strict=True)
    ]
    return [review.correct for review in reviews], random


def _propose(classifier: Classifier, table: Neighbours, review: _Attacked) -> list[tuple[int, int]]:
    """Return (timestep, new id) for those exchanges that the gradient ranks highest, the most harmful first."""
    done = {exchange.timestep for exchange in review.exchanges}
    timesteps = np.array([step for step in np.flatnonzero(table.words[review.ids]) if step not in done], np.int64)
    if not len(timesteps) or not table.count:
        return []
    network = classifier.network
    gradients, _ = run_network(network, network.embedding[review.ids][None]).run_back()
    gradient = gradients[0, timesteps]  # (W, E)
    found = table.find(review.ids[timesteps])  # (W, neighbours)
    before = (network.embedding[review.ids[timesteps]] * gradient).sum(axis=-1, keepdims=True)
    gains = np.einsum("wne,we->wn", network.embedding[found], gradient) - before
    best = np.argsort(gains if review.label else -gains, axis=None, kind="stable")[:CANDIDATES]
    rows, columns = np.unravel_index(best, gains.shape)
    return list(zip(timesteps[rows].tolist(), found[rows, columns].tolist(), strict=True))


def _replace(ids: Ids, timestep: int, id: int) -> Ids:
    changed = ids.copy()
    changed[timestep] = id
    return changed


def _exchange_at_random(review: _Attacked, number: int) -> Ids:
    """Return the ids of the review after `number` random exchanges."""
    ids = review.encoded.ids.copy()
    chosen = review.order[:number]
    ids[chosen] = review.random_ids[chosen]
    return ids


def _is_correct(classifier: Classifier, label: int, probability: float) -> bool:
    labels, probabilities = np.array([label], np.int8), np.array([probability], np.float32)
    return bool(find_correct(labels, probabilities, classifier.threshold)[0])


def _describe(review: _Attacked) -> ChangedReview:
    return ChangedReview(
        review.encoded.text, LABELS[review.label], review.probability, review.changed, review.exchanges
    )
