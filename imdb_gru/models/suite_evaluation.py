"""Evaluation of a classifier on a suite of behavioural tests."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from imdb_gru.models.classifier import Classifier
from imdb_gru.models.metrics import Probabilities, compute_interval, find_positive
from imdb_gru.sources.suite import Suite, SuiteText, group_by_pair
from imdb_gru.system.frames import build_frame
from imdb_gru.system.progress import show_bar

if TYPE_CHECKING:
    from pandas import DataFrame

TestName = Literal["label", "direction", "invariance"]
TOLERANCE = 0.01
"""A test of direction is passed even if the probability changes by up to this much in the wrong direction."""


@dataclass(frozen=True)
class FailedTest:
    """A test that a classifier failed."""

    texts: Sequence[str]
    """The misclassified text or, if the test compares texts, the first text and those compared with it."""
    probabilities: Sequence[float]
    """The probability of positive for each text."""


@dataclass(frozen=True)
class KindScores:
    """The result of the tests of one kind."""

    kind: str
    test: TestName
    """What is tested: the label, the direction in which the probability changes, or the invariance of the label."""
    tests: int
    """Number of tests; each text with a label, each text with a direction, and each pair with neither is one test."""
    passed: float
    """Share of the tests that the classifier passed; 1 minus the failure rate."""
    pairs: int | None = None
    """Number of pairs of labelled texts; None for tests of direction and invariance."""
    pairs_passed: float | None = None
    """Share of the `pairs` in which all labelled texts are classified correctly; None if `pairs` is 0 or None."""
    change: float | None = None
    """Mean change in the probability, compared with the first text of the pair; None for tests of labels. In tests of
    direction, a change in the expected direction is positive. In tests of invariance, only the largest absolute change
    in each pair counts."""
    failed: Sequence[FailedTest] = ()
    """The worst failures; empty unless requested."""


@dataclass(frozen=True)
class ContrastScores:
    """The result on all pairs of labelled texts, whatever their kind (contrast sets: Gardner et al. 2020)."""

    pairs: int
    """Number of pairs; a pair may have more than two texts."""
    passed: float
    """Share of the pairs in which all texts are classified correctly; Gardner et al. call this consistency."""
    passed_interval: tuple[float, float]
    """95 % confidence interval (Wilson 1927)."""
    first_accuracy: float
    """Accuracy on the first texts of the pairs."""
    other_accuracy: float
    """Accuracy on the other texts of the pairs."""


@dataclass(frozen=True, repr=False)
class SuiteEvaluation:
    """A classifier's results on a suite of behavioural tests."""

    run: str
    suite: str
    n: int
    """Number of texts."""
    threshold: float
    """Lowest probability at which a text counts as positive."""
    empty_probability: float
    """The probability of positive for an empty text."""
    kinds: Sequence[KindScores]
    contrast: ContrastScores | None = None
    """The result on all pairs of labelled texts; None if there are no such pairs."""

    def to_dict(self) -> dict[str, Any]:
        """Return the dictionary that `evaluate --suite … --json` prints."""
        return asdict(self)

    def list_records(self) -> list[dict[str, Any]]:
        """Return one record for each kind of test."""
        return [{name: value for name, value in vars(kind).items() if name != "failed"} for kind in self.kinds]

    def to_frame(self) -> "DataFrame":
        """Return a pandas data frame with a row for each kind of test; pandas must be installed."""
        return build_frame(self.list_records())

    def __repr__(self) -> str:
        """Return, for each kind, the share of its tests that were passed."""
        shares = ", ".join(f"{kind.kind}: {kind.passed:.3f}" for kind in self.kinds)
        return f"SuiteEvaluation({self.run!r}, {shares})"


@dataclass(frozen=True)
class _Outcome:
    """The outcome of one test."""

    test: TestName
    rows: Sequence[int]
    passed: bool
    change: float
    """Change in the probability; 0 if the test checks a label."""
    error: float
    """How wrong the probability is; the worst failures are listed first."""


def evaluate_tests(classifier: Classifier, suite: Suite, errors: int = 0) -> SuiteEvaluation:
    """Evaluate a classifier on a suite; `errors` is the maximum number of failures to return for each kind."""
    texts = suite.texts
    with show_bar(total=len(texts), desc="evaluating", unit=" texts", delay=1) as bar:
        predictions = classifier.predict_many(["", *(text.text for text in texts)], observe=bar.update)
        empty, *probabilities = (prediction.probability for prediction in predictions)
    found: dict[tuple[str, TestName], list[_Outcome]] = {}
    for outcome in _iter_outcomes(texts, np.array(probabilities), classifier.threshold):
        found.setdefault((texts[outcome.rows[0]].kind, outcome.test), []).append(outcome)
    kinds = []
    for (kind, test), outcomes in found.items():
        pairs = _find_pairs(texts, outcomes) if test == "label" else None
        failed = sorted((outcome for outcome in outcomes if not outcome.passed), key=lambda outcome: -outcome.error)
        scores = KindScores(
            kind=kind,
            test=test,
            tests=len(outcomes),
            passed=1 - len(failed) / len(outcomes),
            pairs=None if pairs is None else len(pairs),
            pairs_passed=sum(pairs) / len(pairs) if pairs else None,
            change=None if test == "label" else float(np.mean([outcome.change for outcome in outcomes])),
            failed=[
                FailedTest([texts[row].text for row in outcome.rows], [probabilities[row] for row in outcome.rows])
                for outcome in failed[:errors]
            ],
        )
        kinds.append(scores)
    contrast = _compute_contrast(texts, np.array(probabilities), classifier.threshold)
    return SuiteEvaluation(str(classifier.run), suite.name, len(texts), classifier.threshold, empty, kinds, contrast)


def _compute_contrast(texts: Sequence[SuiteText], values: Probabilities, threshold: float) -> ContrastScores | None:
    """Return the result on the pairs of labelled texts, or None if there are no such pairs."""
    positive = find_positive(values, threshold)
    labelled = ([row for row in rows if texts[row].label is not None] for rows in group_by_pair(texts))
    pairs = [[bool(positive[row] == texts[row].label) for row in rows] for rows in labelled if len(rows) > 1]
    if not pairs:
        return None
    passed = sum(map(all, pairs))
    others = [correct for _, *rest in pairs for correct in rest]
    return ContrastScores(
        pairs=len(pairs),
        passed=passed / len(pairs),
        passed_interval=compute_interval(passed, len(pairs)),
        first_accuracy=sum(first for first, *_ in pairs) / len(pairs),
        other_accuracy=sum(others) / len(others),
    )


def _iter_outcomes(texts: Sequence[SuiteText], values: Probabilities, threshold: float) -> Iterator[_Outcome]:
    """Yield the outcomes of all tests."""
    positive = find_positive(values, threshold)
    for rows in group_by_pair(texts):
        changes = values[rows] - values[rows[0]]
        for row, change in zip(rows, changes.tolist(), strict=True):
            label, direction = texts[row].label, texts[row].direction
            if label is not None:
                yield _Outcome("label", [row], bool(positive[row] == label), 0.0, abs(label - values[row]))
            if direction:
                risen = direction * change
                yield _Outcome("direction", [rows[0], row], risen >= -TOLERANCE, risen, -risen)
        if all(texts[row].label is None and not texts[row].direction for row in rows):
            change = float(np.abs(changes).max())
            yield _Outcome("invariance", rows, bool((positive[rows] == positive[rows[0]]).all()), change, change)


def _find_pairs(texts: Sequence[SuiteText], outcomes: Sequence[_Outcome]) -> list[bool]:
    """Return, for each pair of labelled texts, whether all texts in the pair are classified correctly."""
    pairs: dict[str, list[bool]] = {}
    for outcome in outcomes:
        if pair := texts[outcome.rows[0]].pair:
            pairs.setdefault(pair, []).append(outcome.passed)
    return [all(passed) for passed in pairs.values() if len(passed) > 1]
