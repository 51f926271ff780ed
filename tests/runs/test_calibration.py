"""The limit that keeps errors rare, judged by the validation reviews."""

import functools
import json
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.config import Config
from imdb_gru.errors import RunError
from imdb_gru.runs import calibration as calibrations
from imdb_gru.runs.calibration import Calibration, count_allowed
from imdb_gru.runs.catalogue import create_run
from imdb_gru.runs.confidence import check_max_error
from imdb_gru.runs.run import Run

FIGURES = {"interrupted": False, "best": {"epoch": 1}, "data": {"hash": "a"}}
CALIBRATION = Calibration(reviews=4, limits=[0.9, 0.0], answered=[2, 4], errors=[0, 1])


def draw(rng, count, scale=3.0):
    """Labels and the true probabilities that they are positive."""
    probabilities = 1 / (1 + np.exp(-rng.normal(0, scale, count)))
    return (rng.random(count) < probabilities).astype(np.int8), probabilities.astype(np.float32)


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95])), min_size=1))
def test_answers_and_errors_are_counted_above_each_confidence(cases):
    labels = np.array([label for label, _ in cases], np.int8)
    probabilities = np.array([probability for _, probability in cases], np.float32)
    measured = Calibration.measure(labels, probabilities)
    said = [(max(p, 1 - p), (p >= 0.5) != label) for label, p in zip(labels, probabilities.tolist(), strict=True)]
    for limit, answered, errors in zip(measured.limits, measured.answered, measured.errors, strict=True):
        above = [wrong for confidence, wrong in said if confidence > limit]
        assert (len(above), sum(above)) == (answered, errors)
    assert measured.limits[-1] == 0
    assert measured.answered[-1] == measured.reviews == len(cases)
    assert Calibration.parse(json.loads(json.dumps(measured.to_dict()))) == measured


def test_a_thousand_limits_are_stored_at_most():
    measured = Calibration.measure(*draw(np.random.default_rng(0), 5000))
    assert len(measured.limits) == calibrations.MOST_ROWS
    assert measured.answered[-1] == 5000


@pytest.mark.parametrize("max_error", [0.01, 0.05, 0.3])
def test_the_errors_that_pass_are_those_of_the_exact_binomial_test(max_error):
    counts = np.arange(1, 300)
    for n, allowed in zip(counts.tolist(), count_allowed(counts, max_error).tolist(), strict=True):
        terms = [comb(n, e) * max_error**e * (1 - max_error) ** (n - e) for e in range(allowed + 2)]
        assert sum(terms[:-1]) <= 0.1 + 1e-12
        assert sum(terms) > 0.1 - 1e-12


def test_a_hundred_million_reviews_take_little_time_and_memory():
    (allowed,) = count_allowed(np.array([10**8]), 0.05).tolist()
    assert allowed == pytest.approx(5e6 - 1.2816 * (5e6 * 0.95) ** 0.5, abs=3)


def test_without_errors_45_answers_show_an_error_of_5_percent():
    assert count_allowed(np.array([44, 45, 76, 77]), 0.05).tolist() == [-1, 0, 0, 1]


@pytest.mark.parametrize(("count", "max_error"), [(300, 0.1), (1000, 0.05)])
def test_the_error_exceeds_its_maximum_at_most_once_in_ten(monkeypatch, count, max_error):
    monkeypatch.setattr(calibrations, "_count_allowed", functools.cache(calibrations._count_allowed))  # saves time
    rng = np.random.default_rng(7)
    _, everyone = draw(np.random.default_rng(1), 100_000)
    confidence = calibrations.compute_confidence(everyone)
    draws, exceeded, errors, shares = 200, 0, [], []
    for _ in range(draws):
        found = Calibration.measure(*draw(rng, count)).find_limit(max_error)
        if found:
            answered = confidence > found.confidence
            errors.append((1 - confidence[answered]).mean())
            shares.append(answered.mean())
            exceeded += errors[-1] > max_error
    assert exceeded / draws <= calibrations.DOUBT + 2 * (0.1 * 0.9 / draws) ** 0.5
    assert max_error / 2 < np.mean(errors) < max_error  # and no more are unsure than need be
    assert len(errors) / draws > 0.95
    assert np.mean(shares) > 0.4


def test_a_model_that_is_good_enough_is_sure_of_every_text():
    labels, probabilities = draw(np.random.default_rng(0), 2000, scale=20)
    found = Calibration.measure(labels, probabilities).find_limit(0.1)
    assert (found.confidence, found.answered) == (0, 2000)
    assert str(found).startswith("sure of every text: the model labelled 100.0% of 2,000 validation reviews, and ")


def test_a_wrong_label_at_the_top_does_not_end_the_search():
    labels, probabilities = draw(np.random.default_rng(0), 2500)
    top = int(calibrations.compute_confidence(probabilities).argmax())
    labels[top] = probabilities[top] < 0.5
    found = Calibration.measure(labels, probabilities).find_limit(0.05)
    assert found.answered > 500
    assert "unsure if the confidence is at most 0." in str(found)


def test_too_few_reviews_show_nothing():
    measured = Calibration.measure(np.ones(20, np.int8), np.linspace(0.6, 0.99, 20).astype("f"))
    assert measured.find_limit(0.05) is None
    assert measured.find_smallest_error() == 0.11
    assert measured.find_limit(0.11).answered == 20
    assert Calibration.measure(np.zeros(20, np.int8), np.full(20, 0.9, np.float32)).find_smallest_error() is None


@pytest.mark.parametrize("given", [0, 0.5, 1, -0.1, 5, float("nan"), True, "5%", None])
def test_a_maximum_error_is_a_share_below_a_half(given):
    with pytest.raises(ValueError, match=r"give a share above 0 and below 0\.5, such as 0\.05"):
        check_max_error(given)


def make_run(path) -> Run:
    run = create_run(path, Config())
    for file in run.sealed_paths[1:]:
        if file != run.calibration_path:
            file.write_text("")
    run.seal(FIGURES)
    return run


def test_a_run_is_whole_with_its_calibration_and_without(tmp_path):
    run = make_run(tmp_path / "run")
    assert (run.state, run.load_calibration()) == ("complete", None)
    run.calibration_path.write_text("written by a process that was killed then")
    assert (run.state, run.load_calibration()) == ("complete", None)
    run.keep_calibration(CALIBRATION, FIGURES)
    assert (run.state, run.load_calibration()) == ("complete", CALIBRATION)
    run.calibration_path.unlink()
    assert run.find_damage() == "calibration.json is missing"


@pytest.mark.parametrize(
    "changes",
    [
        {"answered": [2]},
        {"answered": [4, 2]},
        {"answered": [0, 4]},
        {"reviews": 3},
        {"reviews": 10**12},
        {"limits": ["a", 0.0]},
        {"limits": [0.0] * 2000, "answered": [4] * 2000, "errors": [1] * 2000},
    ],
)
def test_a_calibration_that_cannot_be_is_damage(tmp_path, changes):
    run = make_run(tmp_path / "run")
    run.calibration_path.write_text(json.dumps({**CALIBRATION.to_dict(), **changes}))
    run.seal(FIGURES)
    with pytest.raises(RunError, match=r"calibration\.json cannot be read"):
        run.load_calibration()
