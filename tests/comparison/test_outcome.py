from pathlib import Path

import numpy as np
import pytest

from imdb_gru.cli.standings import print_comparison
from imdb_gru.comparison.contestants import Contestant
from imdb_gru.comparison.judging import Entry
from imdb_gru.comparison.outcome import build_figures, compute_mcnemar
from imdb_gru.config import build_config

pytest.importorskip("scipy")


def judge(model, seed, right, n=100, curve=((10, 0.5), (20, 0.6)), **metrics):
    """A contestant that calls the first `right` of `n` reviews rightly."""
    config = build_config({"train": {"seed": seed}}, "test")
    labels = np.arange(n, dtype=np.int8) % 2
    probabilities = np.where(np.arange(n) < right, labels, 1 - labels).astype(np.float32)
    steps = [{"timestep": timestep, "accuracy": accuracy} for timestep, accuracy in curve]
    metrics = {"parameters": 10, "seconds": 6.0, "epochs": 3, "peak_memory_mb": 5.0} | metrics
    return Entry(Contestant(model, config, Path(f"{model}-{seed}")), metrics, labels, probabilities, steps)


def test_mcnemar_by_hand():
    """1 and 5 discordant reviews: twice the chance of at most 1 head in 6 throws, 2 (1 + 6) / 64."""
    labels = np.ones(10, np.int8)
    first, second = np.ones(10, np.float32), np.ones(10, np.float32)
    first[:5], second[5] = 0, 0
    first[6] = second[6] = 0  # wrong with both, which says nothing
    assert compute_mcnemar(labels, first, second) == (1, 5, pytest.approx(14 / 64))
    assert compute_mcnemar(labels, second, first) == (5, 1, pytest.approx(14 / 64))
    assert compute_mcnemar(labels, first, first) == (0, 0, 1.0)


def test_figures_over_seeds():
    figures = build_figures("test", [judge("gru", 0, 80), judge("linear", 0, 70, epochs=None), judge("gru", 1, 90)])
    gru, linear = figures["models"]
    assert (gru["accuracy"], gru["accuracy_spread"]) == (pytest.approx(0.85), pytest.approx(0.0707, abs=1e-4))
    low, high = gru["accuracy_interval"]
    assert low == pytest.approx(0.7672, abs=1e-4)  # Wilson's for 85 of 100
    assert high == pytest.approx(0.9069, abs=1e-4)
    assert [run["accuracy"] for run in gru["runs"]] == [0.8, 0.9]
    assert gru["seconds_per_epoch"] == 2.0
    assert gru["accuracy_by_timestep"] == [{"timestep": 10, "accuracy": 0.5}, {"timestep": 20, "accuracy": 0.6}]
    assert linear["seconds_per_epoch"] is None
    assert linear["accuracy_spread"] is None
    (pair,) = figures["pairs"]  # seed 1 of gru has no linear beside it
    assert (pair["models"], pair["seeds"]) == (["gru", "linear"], [0, 0])
    assert (pair["only_first_right"], pair["only_second_right"]) == (10, 0)
    assert pair["p_value"] == pytest.approx(2 / 2**10)


def test_what_a_run_does_not_tell_is_none():
    (model, _) = build_figures("test", [judge("gru", 0, 80, curve=(), peak_memory_mb=None), judge("b", 0, 1)])["models"]
    assert model["peak_memory_mb"] is None
    assert model["accuracy_by_timestep"] == []


def test_figures_that_a_run_did_not_record_are_null_and_shown_as_a_dash(capsys):
    bare = judge("bundled", 0, 90)
    for name in ("parameters", "seconds", "epochs", "peak_memory_mb"):
        del bare.metrics[name]
    figures = build_figures("test", [bare, judge("gru", 0, 80)])
    model = figures["models"][0]
    names = ("parameters", "seconds", "seconds_per_epoch", "peak_memory_mb")
    assert [model[name] for name in names] == [model["runs"][0][name] for name in names] == [None] * 4
    print_comparison(figures)
    row = next(line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("bundled "))
    assert row[:6] == ["bundled", "0", "-", "-", "-", "-"]


@pytest.mark.parametrize(
    ("judgements", "verdict"),
    [
        (
            [judge("gru", 0, 80), judge("lstm", 0, 79), judge("linear", 0, 99)],
            "linear wins: 99.0 % against 80.0 % of the best network (gru), p < 0.001",
        ),
        ([judge("gru", 0, 80), judge("linear", 0, 99)], "linear wins: 99.0 % against 80.0 % of gru, p < 0.001"),
        (
            [judge("lstm", 0, 80), judge("gru", 0, 90), judge("linear", 0, 80)],
            "gru wins: 90.0 % against 80.0 % of linear, p = 0.002",
        ),
        (
            [judge("gru", 0, 80), judge("linear", 0, 78)],
            "gru is ahead of linear by 2.00 points, which these 100 reviews do not tell from chance (p = 0.5)",
        ),
        (
            [judge("gru", 0, 80), judge("linear", 0, 80)],
            "gru and linear are equally often right: 80.0 % of 100 reviews",
        ),
        (
            [judge("a", 4, 80), judge("b", 7, 99), judge("c", 4, 98)],
            "b is ahead of c by 1.00 points, which these 100 reviews do not tell from chance (p = 1)",
        ),
        (
            [judge("gru", 0, 80), judge("linear", 0, 99), judge("gru", 1, 80), judge("linear", 1, 90)],
            "linear wins: 94.5 % against 80.0 % of gru, p ≤ 0.002 with each of 2 seeds",
        ),
        (
            [judge("gru", 0, 80), judge("linear", 0, 99), judge("gru", 1, 81), judge("linear", 1, 80)],
            "linear is ahead of gru by 9.00 points, which these 100 reviews do not tell from chance "
            "(p ≥ 0.05 with 1 of 2 seeds)",
        ),
        (
            [judge("gru", 0, 70), judge("linear", 0, 99), judge("gru", 1, 90), judge("linear", 1, 80)],
            "linear is ahead of gru by 9.50 points, which these 100 reviews do not tell from chance "
            "(p ≥ 0.05 with 1 of 2 seeds)",
        ),
    ],
)
def test_verdicts(judgements, verdict):
    assert build_figures("test", judgements)["verdict"] == verdict


def test_a_table_shows_each_pair_with_its_first_seed(capsys):
    judgements = [judge(model, seed, right) for seed, right in ((0, 80), (1, 90)) for model in ("gru", "lstm")]
    judgements[1] = judge("lstm", 0, 77)
    print_comparison(build_figures("test", judgements))
    out = capsys.readouterr().out
    (row,) = (line.split() for line in out.splitlines() if line.startswith("gru    lstm"))
    assert row == ["gru", "lstm", "3", "0", "0.250"]
    (model,) = (line for line in out.splitlines() if line.startswith("gru ") and "%" in line)
    assert "0, 1" in model
    assert "85.00% ± 7.07%" in model
