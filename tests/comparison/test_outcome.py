import json
from pathlib import Path

import numpy as np
import pytest

from imdb_gru.cli._tables.comparison import print_comparison
from imdb_gru.comparison.baseline import Baseline, BaselineMetrics
from imdb_gru.comparison.candidates import Candidate
from imdb_gru.comparison.evaluating import EvaluatedCandidate
from imdb_gru.comparison.outcome import build_comparison, compute_mcnemar
from imdb_gru.comparison.predictions import Predictions
from imdb_gru.config import build_config
from imdb_gru.models.metrics import TimestepScores
from imdb_gru.records import Metrics
from imdb_gru.runs.run import Run

pytest.importorskip("scipy")


def evaluate(model, seed, correct, n=100, curve=((10, 0.5), (20, 0.6)), **metrics):
    """A candidate that classifies the first `correct` of `n` reviews correctly."""
    config = build_config({"train": {"seed": seed}}, "test")
    labels = np.arange(n, dtype=np.int8) % 2
    probabilities = np.where(np.arange(n) < correct, labels, 1 - labels).astype(np.float32)
    steps = [TimestepScores(timestep, accuracy, log_loss=0.5, ece=0.1) for timestep, accuracy in curve]
    path = Path(f"{model}-{seed}")
    figures = {"parameters": 10, "seconds": 6.0, "peak_memory_mb": 5.0, "data": {"hash": ""}, "files": {}}
    if model == "linear":
        result = Baseline(path)
        parsed = BaselineMetrics.parse({**figures, "config": {}, "C": 0.3, "splits": {}, **metrics})
    else:
        result = Run(path)
        figures |= {"format": 1, "interrupted": False, "best": {"epoch": 3}, "epochs": 3}
        parsed = Metrics.parse({**figures, **metrics})
    return EvaluatedCandidate(Candidate(model, config, result), parsed, labels, Predictions(probabilities, steps))


def test_mcnemar_by_hand():
    """1 and 5 discordant reviews: twice the chance of at most 1 head in 6 throws, 2 (1 + 6) / 64."""
    labels = np.ones(10, np.int8)
    first, second = np.ones(10, np.float32), np.ones(10, np.float32)
    first[:5], second[5] = 0, 0
    first[6] = second[6] = 0  # both are wrong, which does not count
    assert compute_mcnemar(labels, first, second) == (1, 5, pytest.approx(14 / 64))
    assert compute_mcnemar(labels, second, first) == (5, 1, pytest.approx(14 / 64))
    assert compute_mcnemar(labels, first, first) == (0, 0, 1.0)


def test_figures_over_seeds():
    comparison = build_comparison("test", [evaluate("gru", 0, 80), evaluate("linear", 0, 70), evaluate("gru", 1, 90)])
    gru, linear = comparison.models
    assert (gru.accuracy, gru.accuracy_spread) == (pytest.approx(0.85), pytest.approx(0.0707, abs=1e-4))
    low, high = gru.accuracy_interval
    assert low == pytest.approx(0.7672, abs=1e-4)  # Wilson's for 85 of 100
    assert high == pytest.approx(0.9069, abs=1e-4)
    assert [run.accuracy for run in gru.runs] == [0.8, 0.9]
    assert gru.seconds_per_epoch == 2.0
    assert [(row.timestep, row.accuracy) for row in gru.accuracy_by_timestep] == [(10, 0.5), (20, 0.6)]
    assert linear.seconds_per_epoch is None
    assert linear.accuracy_spread is None
    assert [run.C for model in comparison.models for run in model.runs] == [None, None, 0.3]
    (pair,) = comparison.pairs  # seed 1 of gru has no linear model to be paired with
    assert (pair.models, pair.seeds) == (("gru", "linear"), (0, 0))
    assert (pair.only_first_right, pair.only_second_right) == (10, 0)
    assert pair.p_value == pytest.approx(2 / 2**10)


def test_figures_that_a_run_does_not_have_are_none():
    first = evaluate("gru", 0, 80, curve=(), peak_memory_mb=None)
    (model, _) = build_comparison("test", [first, evaluate("b", 0, 1)]).models
    assert model.peak_memory_mb is None
    assert model.accuracy_by_timestep == []


def test_figures_that_a_run_did_not_record_are_null_and_shown_as_a_dash(capsys):
    bare = evaluate("bundled", 0, 90, parameters=None, seconds=None, epochs=None, peak_memory_mb=None)
    comparison = build_comparison("test", [bare, evaluate("gru", 0, 80)])
    model = comparison.models[0]
    names = ("parameters", "seconds", "seconds_per_epoch", "peak_memory_mb")
    assert [getattr(model, name) for name in names] == [getattr(model.runs[0], name) for name in names] == [None] * 4
    print_comparison(comparison)
    row = next(line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("bundled "))
    assert row[:6] == ["bundled", "0", "-", "-", "-", "-"]


def test_json_holds_every_figure_under_its_name():
    comparison = build_comparison("test", [evaluate("gru", 0, 80), evaluate("linear", 0, 70)])
    figures = json.loads(json.dumps(comparison.to_dict()))
    assert list(figures) == ["split", "n", "models", "pairs", "verdict"]
    model, pair = figures["models"][0], figures["pairs"][0]
    assert list(model) == [
        "model", "accuracy", "accuracy_spread", "accuracy_interval", "log_loss", "ece", "parameters", "seconds",
        "seconds_per_epoch", "peak_memory_mb", "accuracy_by_timestep", "runs",
    ]  # fmt: skip
    assert list(model["runs"][0]) == [
        "seed", "run", "n", "accuracy", "accuracy_interval", "log_loss", "ece", "parameters", "epochs", "seconds",
        "seconds_per_epoch", "peak_memory_mb", "C", "accuracy_by_timestep",
    ]  # fmt: skip
    assert model["accuracy_by_timestep"][0] == {"timestep": 10, "accuracy": 0.5, "log_loss": 0.5, "ece": 0.1}
    assert pair == {
        "models": ["gru", "linear"], "seeds": [0, 0], "only_first_right": 10, "only_second_right": 0,
        "p_value": pytest.approx(2 / 2**10),
    }  # fmt: skip
    assert repr(comparison).startswith("Comparison(split='test', n=100, {gru: 0.8000, linear: 0.7000}, 'gru wins")


@pytest.mark.parametrize(
    ("evaluated", "verdict"),
    [
        (
            [evaluate("gru", 0, 80), evaluate("lstm", 0, 79), evaluate("linear", 0, 99)],
            "linear wins: 99.0 % against 80.0 % for the best network (gru), p < 0.001",
        ),
        ([evaluate("gru", 0, 80), evaluate("linear", 0, 99)], "linear wins: 99.0 % against 80.0 % for gru, p < 0.001"),
        (
            [evaluate("lstm", 0, 80), evaluate("gru", 0, 90), evaluate("linear", 0, 80)],
            "gru wins: 90.0 % against 80.0 % for linear, p = 0.002",
        ),
        (
            [evaluate("gru", 0, 80), evaluate("linear", 0, 78)],
            "gru is ahead of linear by 2.00 points, which may be chance on 100 reviews (p = 0.5)",
        ),
        (
            [evaluate("gru", 0, 80), evaluate("linear", 0, 80)],
            "gru and linear are equally accurate: 80.0 % of 100 reviews",
        ),
        (
            [evaluate("a", 4, 80), evaluate("b", 7, 99), evaluate("c", 4, 98)],
            "b is ahead of c by 1.00 points, which may be chance on 100 reviews (p = 1)",
        ),
        (
            [evaluate("gru", 0, 80), evaluate("linear", 0, 99), evaluate("gru", 1, 80), evaluate("linear", 1, 90)],
            "linear wins: 94.5 % against 80.0 % for gru, p ≤ 0.002 with each of 2 seeds",
        ),
        (
            [evaluate("gru", 0, 80), evaluate("linear", 0, 99), evaluate("gru", 1, 81), evaluate("linear", 1, 80)],
            "linear is ahead of gru by 9.00 points, which may be chance on 100 reviews (p ≥ 0.05 with 1 of 2 seeds)",
        ),
        (
            [evaluate("gru", 0, 70), evaluate("linear", 0, 99), evaluate("gru", 1, 90), evaluate("linear", 1, 80)],
            "linear is ahead of gru by 9.50 points, which may be chance on 100 reviews (p ≥ 0.05 with 1 of 2 seeds)",
        ),
    ],
)
def test_verdicts(evaluated, verdict):
    assert build_comparison("test", evaluated).verdict == verdict


def test_a_table_shows_each_pair_with_its_first_seed(capsys):
    evaluated = [evaluate(model, seed, correct) for seed, correct in ((0, 80), (1, 90)) for model in ("gru", "lstm")]
    evaluated[1] = evaluate("lstm", 0, 77)
    print_comparison(build_comparison("test", evaluated))
    out = capsys.readouterr().out
    (row,) = (line.split() for line in out.splitlines() if line.startswith("gru    lstm"))
    assert row == ["gru", "lstm", "3", "0", "0.250"]
    (model,) = (line for line in out.splitlines() if line.startswith("gru ") and "%" in line)
    assert "0, 1" in model
    assert "85.00% ± 7.07%" in model
