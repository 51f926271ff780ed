"""Scores of explanations: how the probability changes without the highest-ranked words, and with only these words.

An explanation ranks the words of a text by how strongly they support the predicted label. The scores were defined by
DeYoung et al. 2020, "ERASER: A Benchmark to Evaluate Rationalized NLP Models" (equations 1 and 2): p is the probability
of the predicted label, and r stands for the highest-ranked words, which make up a given share of the text.

    comprehensiveness = p(text) − p(text without r)      large if the model needs these words
    sufficiency       = p(text) − p(r alone)             small if these words are enough

Each score is averaged over the shares in `SHARES`.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from imdb_gru.errors import DataError
from imdb_gru.inspection.contributions import measure_contributions
from imdb_gru.inspection.network_pass import run_network
from imdb_gru.models.classifier import Classifier, load
from imdb_gru.models.metrics import find_positive
from imdb_gru.runs.run import Run
from imdb_gru.system.arrays import Ids, Rows
from imdb_gru.system.escaping import show_value
from imdb_gru.system.frames import build_frame, split_intervals
from imdb_gru.system.progress import show_bar
from imdb_gru.text.vocabulary import UNKNOWN

if TYPE_CHECKING:
    from pandas import DataFrame

Removal = Literal["delete", "unknown"]
"""How words are removed from a text: deleted, as in the paper, or replaced by the unknown word."""
SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
"""The scores are averaged over these fractions of a text's words, as in the paper; word counts are rounded up."""
SEED = 0


@dataclass(frozen=True)
class ShareScores:
    """One explanation method's mean scores for one share of the words."""

    share: float
    comprehensiveness: float
    sufficiency: float


@dataclass(frozen=True)
class MethodScores:
    """One explanation method's mean scores over many texts."""

    method: str
    """Name of the method: integrated gradients, occlusion or random order."""
    comprehensiveness: float
    """Mean drop in the probability when the highest-ranked words are removed; larger is better."""
    comprehensiveness_interval: tuple[float, float] | None
    """95 % confidence interval of the mean; None for a single text."""
    sufficiency: float
    """Mean drop in the probability when only the highest-ranked words are kept; smaller is better."""
    sufficiency_interval: tuple[float, float] | None
    """95 % confidence interval of the mean; None for a single text."""
    by_share: Sequence[ShareScores]


@dataclass(frozen=True)
class MethodDifference:
    """The mean differences between the scores of two methods on the same texts."""

    method: str
    other: str
    comprehensiveness: float
    """Mean difference in comprehensiveness; above 0 if `method` is better than `other`."""
    comprehensiveness_interval: tuple[float, float] | None
    """95 % confidence interval of the mean of the paired differences; None for a single text."""
    sufficiency: float
    """Mean difference in sufficiency; below 0 if `method` is better than `other`."""
    sufficiency_interval: tuple[float, float] | None
    """95 % confidence interval of the mean of the paired differences; None for a single text."""


@dataclass(frozen=True, repr=False)
class ExplanationScores:
    """The scores of all explanation methods on the same texts."""

    run: str
    n: int
    """Number of texts with at least one word."""
    removal: Removal
    methods: Sequence[MethodScores]
    differences: Sequence[MethodDifference]
    """The differences between each pair of methods."""

    def to_dict(self) -> dict[str, Any]:
        """Return the dictionary that `inspect score --json` prints."""
        return asdict(self)

    def list_records(self) -> list[dict[str, Any]]:
        """Return one record of scores for each method, with each interval split into two values."""
        return [
            split_intervals({name: value for name, value in vars(method).items() if name != "by_share"})
            for method in self.methods
        ]

    def to_frame(self) -> "DataFrame":
        """Return a pandas data frame with a row for each method; pandas must be installed."""
        return build_frame(self.list_records())

    def __repr__(self) -> str:
        """Describe the object: the comprehensiveness and the sufficiency of each method."""
        scores = ", ".join(f"{one.method}: {one.comprehensiveness:.3f} {one.sufficiency:.3f}" for one in self.methods)
        return f"ExplanationScores({self.run!r}, n={self.n}, {scores})"


def score_explanations(
    model: str | Path | Run | Classifier | None, texts: Iterable[str], *, removal: Removal = "delete", seed: int = SEED
) -> ExplanationScores:
    """Score three explanation methods on texts: integrated gradients, occlusion and a random order of the words.

    `model` is a classifier, or anything that `load` accepts. Texts without words are left out. If `removal` is
    "delete", words are deleted from a text, as in the paper; if it is "unknown", they are replaced by the unknown word,
    as in integrated gradients and occlusion. `seed` is the seed of the random order. Raises `TypeError` if `texts` is a
    string or contains anything other than strings, `ValueError` if `removal` has any other value, and `DataError` if
    none of the texts has any words.
    """
    if isinstance(texts, str):
        raise TypeError(
            f"score_explanations takes several texts, but got only one ({show_value(texts)}): put it in a list"
        )
    if removal not in get_args(Removal):
        raise ValueError(f"removal is {show_value(removal)}: choose 'delete' or 'unknown'")
    classifier = model if isinstance(model, Classifier) else load(model)
    texts = list(texts)
    rows = []
    for number, text in enumerate(show_bar(texts, desc="scoring", unit=" texts", delay=1)):
        if not isinstance(text, str):
            raise TypeError(f"score_explanations takes strings, but one of the texts is {show_value(text)}")
        ids = classifier.encode(text).ids
        if len(ids) > 1:
            rng = np.random.default_rng([seed, number])
            rows.append(_score_text(classifier, ids, removal, rng))
    if not rows:
        raise DataError("none of the texts has any words, so there is nothing to score: choose texts with words")
    scores = np.array([list(row.values()) for row in rows])  # (N, methods, 2, shares)
    by_method = dict(zip(rows[0], scores.swapaxes(0, 1), strict=True))
    return ExplanationScores(
        str(classifier.run),
        len(rows),
        removal,
        [_summarise(name, values) for name, values in by_method.items()],
        [_subtract(one, other, by_method) for one, other in itertools.combinations(by_method, 2)],
    )


def rank_words(network_ids: Ids, contributions: Mapping[str, NDArray[Any]], sign: int) -> dict[str, Rows]:
    """Return each method's ranking: the timesteps of the words, with the word that most supports the label first.

    `sign` is 1 if the label is positive, and -1 if it is negative.
    """
    return {
        name: 1 + np.argsort(-sign * values[1 : len(network_ids)], kind="stable")
        for name, values in contributions.items()
    }


def _score_text(
    classifier: Classifier, ids: Ids, removal: Removal, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Return each method's comprehensiveness and sufficiency for each share of the words, `(2, shares)`."""
    network = classifier.network
    read = run_network(network, network.embedding[ids][None])
    found = measure_contributions(network, ids, read)
    (probability,) = classifier.predict_ids([ids])
    sign = 1 if find_positive(np.array([probability]), classifier.threshold)[0] else -1
    orders = rank_words(
        ids,
        {
            "integrated gradients": found.integrated_gradients,
            "occlusion": found.occlusion,
            "random order": rng.random(len(ids)),
        },
        sign,
    )
    counts = [math.ceil(round(share * (len(ids) - 1), 9)) for share in SHARES]
    variants = [
        _take_out(ids, order, count, kept, removal)
        for order in orders.values()
        for kept in (False, True)
        for count in counts
    ]
    changed = classifier.predict_ids(variants).astype(np.float64).reshape(len(orders), 2, len(counts))
    return dict(zip(orders, sign * (float(probability) - changed), strict=True))


def _take_out(ids: Ids, order: Rows, count: int, kept: bool, removal: Removal) -> Ids:
    """Remove the first `count` words of `order` from the ids; if `kept` is true, keep only those words instead."""
    gone = np.zeros(len(ids), bool)
    gone[order[count:] if kept else order[:count]] = True  # the start token is always kept
    left: Ids = np.where(gone, UNKNOWN, ids).astype(ids.dtype) if removal == "unknown" else ids[~gone]
    return left


def _summarise(name: str, scores: NDArray[np.float64]) -> MethodScores:
    """Return a method's mean scores, given its scores for each text, `(N, 2, shares)`."""
    comprehensiveness, sufficiency = scores.mean(axis=2).T
    return MethodScores(
        name,
        float(comprehensiveness.mean()),
        _find_interval(comprehensiveness),
        float(sufficiency.mean()),
        _find_interval(sufficiency),
        [ShareScores(share, *map(float, pair)) for share, pair in zip(SHARES, scores.mean(axis=0).T, strict=True)],
    )


def _subtract(name: str, other: str, by_method: Mapping[str, NDArray[np.float64]]) -> MethodDifference:
    comprehensiveness, sufficiency = (by_method[name] - by_method[other]).mean(axis=2).T
    return MethodDifference(
        name,
        other,
        float(comprehensiveness.mean()),
        _find_interval(comprehensiveness),
        float(sufficiency.mean()),
        _find_interval(sufficiency),
    )


def _find_interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the 95 % confidence interval of a mean, based on the normal distribution; None for a single value."""
    if len(values) < 2:
        return None
    half = NormalDist().inv_cdf(0.975) * float(values.std(ddof=1)) / math.sqrt(len(values))
    mean = float(values.mean())
    return mean - half, mean + half
