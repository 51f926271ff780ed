"""The figures of a suite, for a classifier whose probabilities are given."""

from types import SimpleNamespace

import pytest

from imdb_gru.models.suite_evaluation import FailedTest, evaluate_tests
from imdb_gru.sources.suite import Suite, SuiteText


class Oracle:
    """A classifier that knows its probabilities."""

    run = None

    def __init__(self, probabilities, threshold):
        self.threshold = threshold
        self.probabilities = {"": 0.625, **probabilities}

    def predict_many(self, texts, observe):
        return [SimpleNamespace(probability=self.probabilities[text]) for text in texts]


def evaluate(*rows, threshold=0.5, errors=0):
    """Evaluate rows of a probability and what a `SuiteText` has besides its text."""
    texts = [SuiteText(f"text {number}", *row[1:]) for number, row in enumerate(rows)]
    oracle = Oracle({text.text: row[0] for text, row in zip(texts, rows, strict=True)}, threshold)
    return evaluate_tests(oracle, Suite("mine", texts), errors)


def test_labels_are_counted_by_text_and_by_pair():
    figures = evaluate(
        (0.9, "x", 1, "p"), (0.2, "x", 0, "p"), (0.9, "x", 1, "q"), (0.8, "x", 0, "q"), (0.3, "x", 1), (0.6, "y", 1)
    )
    x, y = figures.kinds
    assert (x.kind, x.test, x.tests, x.passed, x.pairs, x.pairs_passed, x.change) == (
        "x",
        "label",
        5,
        0.6,
        2,
        0.5,
        None,
    )
    assert (y.passed, y.pairs, y.pairs_passed) == (1, 0, None)
    assert (figures.n, figures.empty_probability) == (6, 0.625)


def test_pairs_of_all_kinds_with_labels_give_one_share():
    contrast = evaluate(
        (0.9, "x", 1, "p"), (0.2, "x", 0, "p"),
        (0.9, "x", 1, "q"), (0.8, "x", 0, "q"), (0.7, "x", 0, "q"),
        (0.1, "y", 1, "p"), (0.2, "y", 0, "p"),
        (0.9, "y", 0), (0.5, "z", None, "p"), (0.4, "z", None, "p"),
    ).contrast  # fmt: skip
    assert (contrast.pairs, contrast.passed) == (3, pytest.approx(1 / 3))
    assert (contrast.first_accuracy, contrast.other_accuracy) == (pytest.approx(2 / 3), pytest.approx(2 / 4))
    low, high = contrast.passed_interval
    assert low < 1 / 3 < high
    assert evaluate((0.9, "x", 1), (0.5, "z", None, "p"), (0.4, "z", None, "p")).contrast is None


def test_a_label_depends_on_the_threshold():
    assert evaluate((0.6, "x", 1), threshold=0.7).kinds[0].passed == 0


def test_a_pair_without_labels_passes_if_no_text_has_another_label_than_the_first():
    (kind,) = evaluate(
        (0.9, "x", None, "p"),
        (0.6, "x", None, "p"),
        (0.7, "x", None, "p"),
        (0.6, "x", None, "q"),
        (0.4, "x", None, "q"),
    ).kinds
    assert (kind.test, kind.tests, kind.passed, kind.pairs) == ("invariance", 2, 0.5, None)
    assert kind.change == pytest.approx((0.3 + 0.2) / 2)


def test_a_direction_passes_unless_the_probability_goes_the_other_way():
    (kind,) = evaluate(
        (0.5, "x", None, "p"), (0.8, "x", None, "p", 1), (0.495, "x", None, "p", 1), (0.4, "x", None, "p", 1),
        (0.5, "x", None, "q"), (0.3, "x", None, "q", -1), (0.6, "x", None, "q", -1),
    ).kinds  # fmt: skip
    assert (kind.test, kind.tests, kind.passed) == ("direction", 5, pytest.approx(3 / 5))
    assert kind.change == pytest.approx((0.3 - 0.005 - 0.1 + 0.2 - 0.1) / 5)


def test_a_kind_may_test_labels_and_directions():
    kinds = evaluate((0.6, "x", 1, "p"), (0.4, "x", 1, "p", 1)).kinds
    assert [(kind.test, kind.passed) for kind in kinds] == [("label", 0.5), ("direction", 0.0)]


def test_the_worst_failures_come_first():
    figures = evaluate(
        (0.4, "x", 1), (0.1, "x", 1), (0.9, "x", 1), (0.9, "y", None, "p"), (0.1, "y", None, "p"), errors=1
    )
    assert [kind.failed for kind in figures.kinds] == [
        [FailedTest(["text 1"], [0.1])],
        [FailedTest(["text 3", "text 4"], [0.9, 0.1])],
    ]
