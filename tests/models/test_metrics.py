import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.models import metrics
from imdb_gru.runs.confidence import ConfidenceLimit, check_threshold

CASES = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1, width=32)), min_size=2, max_size=60)


@given(CASES, st.sampled_from([0.5, 0.0, 0.3, 1.0]))
def test_figures_are_those_of_scikit_learn(cases, threshold):
    judge = pytest.importorskip("sklearn.metrics")
    labels = np.array([label for label, _ in cases], dtype=np.int8)
    probabilities = np.array([probability for _, probability in cases], dtype=np.float32)
    called = probabilities.astype(float) >= threshold
    scores = metrics.compute_scores(labels, probabilities, threshold)
    assert scores.n == len(cases)
    assert scores.accuracy == pytest.approx(judge.accuracy_score(labels, called))
    assert [*map(list, scores.confusion_matrix)] == judge.confusion_matrix(labels, called, labels=[0, 1]).tolist()
    clipped = np.clip(probabilities.astype(float), 1e-7, 1 - 1e-7)
    assert scores.log_loss == pytest.approx(judge.log_loss(labels, clipped, labels=[0, 1]), rel=1e-3, abs=1e-6)
    for name, score in (("precision", judge.precision_score), ("recall", judge.recall_score), ("f1", judge.f1_score)):
        expected = score(labels, called, zero_division=np.nan)
        assert getattr(scores, name) == (None if np.isnan(expected) else pytest.approx(expected))
    if len(set(labels.tolist())) == 2:
        assert scores.roc_auc == pytest.approx(judge.roc_auc_score(labels, probabilities))
        assert scores.balanced_accuracy == pytest.approx(judge.balanced_accuracy_score(labels, called))
    else:
        assert scores.roc_auc is None
        assert scores.balanced_accuracy is None
    assert scores.majority_accuracy == pytest.approx(max(labels.mean(), 1 - labels.mean()))


@given(CASES)
def test_no_threshold_has_a_higher_balanced_accuracy_than_the_best(cases):
    labels = np.array([label for label, _ in cases], dtype=np.int8)
    probabilities = np.array([probability for _, probability in cases], dtype=np.float32)
    best = metrics.find_best_threshold(labels, probabilities)
    if len(set(labels.tolist())) < 2:
        assert best is None
        return

    def balance(threshold):
        return metrics.compute_scores(labels, probabilities, threshold).balanced_accuracy

    assert 0 <= best <= 1
    tried = [0.0, 0.5, 1.0, *np.nextafter(probabilities.astype(float), 2).clip(0, 1)]
    assert balance(best) >= max(map(balance, tried)) - 1e-6


def test_the_best_threshold_is_close_to_a_half_if_several_are_equally_good():
    labels, separable = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.9, 0.95], np.float32)
    assert metrics.find_best_threshold(labels, separable) == pytest.approx(0.55)
    assert metrics.find_best_threshold(labels, separable / 2) == pytest.approx(0.275)


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan"), "0.5", None])
def test_a_threshold_that_is_no_probability_is_refused(threshold):
    with pytest.raises(ValueError, match="give a number from 0 to 1"):
        check_threshold(threshold)


def test_interval_is_wilsons():
    low, high = metrics.compute_interval(90, 100)
    assert (low, high) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    for n in range(1, 500):
        assert metrics.compute_interval(n, n)[1] == 1.0
        assert metrics.compute_interval(0, n)[0] == 0.0


def test_coverage_is_the_accuracy_on_the_most_confident():
    probabilities = np.array([0.99, 0.02, 0.9, 0.2, 0.75, 0.3, 0.6, 0.45, 0.52, 0.49], np.float32)
    labels = np.array([1, 0, 1, 0, 1, 1, 1, 1, 0, 0], np.int8)  # three errors, of confidence 0.7, 0.55 and 0.52
    rows = metrics.compute_coverage(labels, probabilities)
    assert [(row.share, row.n) for row in rows] == [(0.99, 10), (0.95, 10), (0.9, 9), (0.8, 8), (0.5, 5)]
    assert [row.accuracy for row in rows] == pytest.approx([0.7, 0.7, 6 / 9, 6 / 8, 1.0])
    assert [row.confidence for row in rows] == pytest.approx([0.51, 0.51, 0.52, 0.55, 0.75], abs=1e-6)


def test_a_threshold_decides_which_label_a_confidence_is_of():
    probabilities, labels = np.array([0.95, 0.75, 0.6, 0.1], np.float32), np.array([1, 1, 0, 0], np.int8)
    rows = metrics.compute_coverage(labels, probabilities, 0.8)  # 0.75 is negative, with a confidence of 0.25
    assert [(row.share, row.n, row.accuracy) for row in rows[-2:]] == [(0.8, 3, 1.0), (0.5, 2, 1.0)]
    assert [row.confidence for row in rows[-2:]] == pytest.approx([0.4, 0.9])
    assert (rows[0].accuracy, rows[0].confidence) == (0.75, 0.25)


def test_answers_are_judged_alone():
    labels, probabilities = np.array([1, 0, 1, 0], np.int8), np.array([0.9, 0.8, 0.7, 0.4], np.float32)
    limit = ConfidenceLimit(0.1, 0.65, 100, 80, 2)
    answers = metrics.compute_answers(labels, probabilities, np.array([True, True, False, False]), limit)
    assert (answers.n, answers.share, answers.error) == (2, 0.5, 0.5)
    assert metrics.compute_answers(labels, probabilities, np.zeros(4, bool), limit).error is None


def test_calibration_error_is_the_gap_within_bins():
    labels = np.array([1, 1, 0, 0], dtype=np.int8)
    assert metrics.compute_ece(labels, np.array([1, 1, 0, 0], dtype=np.float32)) == 0
    assert metrics.compute_ece(labels, np.array([0.75] * 4, dtype=np.float32)) == pytest.approx(0.25)
    both = np.array([0.9, 0.9, 0.9, 0.1], dtype=np.float32)
    assert metrics.compute_ece(labels, both) == pytest.approx((3 * (0.9 - 2 / 3) + 0.1) / 4, abs=1e-6)


def test_reliability_counts_what_each_bin_holds():
    labels = np.array([1, 0, 1, 0], dtype=np.int8)
    probabilities = np.array([1, 0.95, 0.94, 0.25], dtype=np.float32)
    low, high = metrics.compute_reliability(labels, probabilities, bins=4)
    assert (low.low, low.high, low.n) == (0.25, 0.5, 1)
    assert (high.low, high.high, high.n) == (0.75, 1, 3)
    assert (high.probability, high.positive_share) == pytest.approx((2.89 / 3, 2 / 3))


def test_accuracy_by_timestep_keeps_the_last_belief_of_a_short_review():
    labels = np.array([1, 0], dtype=np.int8)
    short = np.array([0.5, 0.2, 0.9], dtype=np.float32)
    long = np.concatenate([np.full(20, 0.8), np.full(20, 0.1)]).astype(np.float32)
    rows = metrics.compute_accuracy_by_timestep(labels, [short, long], 30)
    assert [(row.timestep, row.accuracy) for row in rows] == [(10, 0.5), (25, 1.0), (30, 1.0)]


def test_accuracy_by_length_names_its_ranges():
    labels = np.array([1, 1, 0, 1], dtype=np.int8)
    probabilities = np.array([0.9, 0.1, 0.1, 0.9], dtype=np.float32)
    rows = metrics.compute_accuracy_by_length(labels, probabilities, np.array([3, 50, 51, 5000]))
    assert [row.to_dict() for row in rows] == [
        {"from": 0, "to": 50, "n": 2, "accuracy": 0.5},
        {"from": 51, "to": 100, "n": 1, "accuracy": 1.0},
        {"from": 1001, "to": None, "n": 1, "accuracy": 1.0},
    ]
