import json
import re
from dataclasses import replace

import numpy as np
import pytest
from support.comparisons import evaluate

from imdb_gru.cli._tables.comparison import build_comparison_tables, print_comparison
from imdb_gru.comparison.outcome import build_comparison
from imdb_gru.config import build_config

pytest.importorskip("scipy")


def test_figures_over_seeds():
    comparison = build_comparison("test", [evaluate("gru", 0, 80), evaluate("linear", 0, 70), evaluate("gru", 1, 90)])
    gru, linear = comparison.models
    assert (gru.accuracy, gru.accuracy_spread) == (pytest.approx(0.85), pytest.approx(0.0707, abs=1e-4))
    low, high = gru.accuracy_interval  # over seeds and reviews
    assert 0.74 < low < 0.79
    assert 0.91 < high < 0.95
    low, high = linear.accuracy_interval  # Wilson's for 70 of 100
    assert (low, high) == (pytest.approx(0.6042, abs=1e-4), pytest.approx(0.7811, abs=1e-4))
    assert linear.accuracy_interval == linear.runs[0].accuracy_interval
    assert [run.accuracy for run in gru.runs] == [0.8, 0.9]
    assert gru.seconds_per_epoch == 2.0
    assert [(row.timestep, row.accuracy) for row in gru.accuracy_by_timestep] == [(10, 0.5), (20, 0.6)]
    assert linear.seconds_per_epoch is None
    assert linear.accuracy_spread is None
    assert [run.C for model in comparison.models for run in model.runs] == [None, None, 0.3]
    (pair,) = comparison.pairs  # seed 1 of gru has no linear model to be paired with
    assert (pair.models, pair.p_value, pair.difference) == (("gru", "linear"), None, pytest.approx(0.1))
    (test,) = pair.seeds
    assert (test.seeds, test.only_first_right, test.only_second_right) == ((0, 0), 10, 0)
    assert test.p_value == test.p_adjusted == pytest.approx(2 / 2**10)


def test_a_pair_is_tested_with_each_seed_and_over_seeds():
    right = {("gru", 0): 90, ("gru", 5): 92, ("lstm", 0): 80, ("lstm", 5): 84, ("rnn", 0): 79, ("rnn", 5): 84}
    comparison = build_comparison("test", [evaluate(model, seed, correct) for (model, seed), correct in right.items()])
    assert [pair.models for pair in comparison.pairs] == [("gru", "lstm"), ("gru", "rnn"), ("lstm", "rnn")]
    gru_lstm, gru_rnn, _ = comparison.pairs
    assert gru_lstm.difference == pytest.approx(0.09)
    low, high = gru_lstm.difference_interval
    assert 0.02 < low < 0.06 < 0.12 < high < 0.17
    assert [test.seeds for test in gru_rnn.seeds] == [(0, 0), (5, 5)]
    tests = {pair.models: pair.seeds for pair in comparison.pairs}
    first = [tests[models][0] for models in tests]
    assert [test.only_first_right for test in first] == [10, 11, 1]
    assert [test.p_value for test in first] == pytest.approx([2 / 2**10, 2 / 2**11, 1])
    assert [test.p_adjusted for test in first] == pytest.approx([4 / 2**10, 6 / 2**11, 1])  # Holm: times 2, 3 and 1
    over_seeds = [pair.p_value for pair in comparison.pairs]
    # with two seeds, t has one degree of freedom, and p = 2 / pi * arctan(1 / |t|)
    by_hand = [2 / np.pi * np.arctan(spread / mean) for mean, spread in ((9, 1), (9.5, 1.5), (0.5, 0.5))]
    assert over_seeds == pytest.approx(by_hand)
    adjusted = [pair.p_adjusted for pair in comparison.pairs]
    assert adjusted == pytest.approx([3 * by_hand[0], max(3 * by_hand[0], 2 * by_hand[1]), 0.5])


def test_models_without_a_common_seed_are_not_tested():
    evaluated = [evaluate("a", 0, 90), evaluate("a", 1, 90), evaluate("b", 2, 80), evaluate("b", 3, 80)]
    comparison = build_comparison("test", evaluated)
    assert comparison.pairs == []
    assert comparison.verdict.endswith("have no seed in common, so the difference was not tested")
    assert "pairs" not in [table.name for table in build_comparison_tables(comparison)]


def test_one_model_has_a_mean_and_no_rival(capsys):
    comparison = build_comparison("test", [evaluate("gru", 0, 80), evaluate("gru", 1, 90)])
    assert comparison.verdict == "gru classifies 85.0 % of 100 reviews correctly, the mean of 2 seeds"
    print_comparison(comparison)
    assert "85.00% ± 7.07%" in capsys.readouterr().out


def on(engine, precision="float32", **more):
    return {"environment": {"engine": engine, "precision": precision, **more}}


def test_costs_on_different_engines_are_not_compared_in_silence(capsys):
    evaluated = [evaluate("gru", 0, 80, **on("fused", "bfloat16")), evaluate("lstm", 0, 79, **on("keras"))]
    comparison = build_comparison("test", [*evaluated, evaluate("linear", 0, 80)])
    assert [model.engine for model in comparison.models] == ["fused bfloat16", "keras", "scikit-learn"]
    assert comparison.caveat == (
        "times and memory were measured on different engines (fused bfloat16 trained gru; keras trained lstm), so they "
        "are not comparable; --engine keras trains all networks on the same engine"
    )
    print_comparison(comparison)
    out = capsys.readouterr().out
    assert comparison.caveat in out
    assert next(line for line in out.splitlines() if line.startswith("gru ")).split()[1:3] == ["fused", "bfloat16"]
    same = [evaluate("gru", 0, 80, **on("keras")), evaluate("lstm", 0, 79, **on("keras"))]
    assert build_comparison("test", same).caveat is None
    elsewhere = [same[0], evaluate("lstm", 0, 79, **on("keras", cores=64))]
    assert build_comparison("test", elsewhere).caveat == (
        "times and memory were measured on different machines or with different numbers of threads, so they are not "
        "comparable"
    )


def test_the_baseline_says_what_it_is(capsys):
    chosen = {"data": {"hash": "", "validation": 9}}
    evaluated = [
        evaluate("gru", 0, 80),
        evaluate("linear", 0, 80, **chosen),
        evaluate("linear", 1, 80, C=3.0, **chosen),
    ]
    comparison = build_comparison("test", evaluated)
    assert comparison.models[1].description == (
        "logistic regression on n-grams of up to 3 words, with one constant (C = 0.3, 3) chosen on the validation "
        "reviews"
    )
    assert comparison.models[0].description == "gru 512, embedding 128, last+mean+max"
    print_comparison(comparison)
    assert f"linear: {comparison.models[1].description}\n" in capsys.readouterr().out
    unchosen = build_comparison("test", [evaluate("gru", 0, 80), evaluate("linear", 0, 80)])
    assert unchosen.models[1].description.endswith("(C = 0.3) which is the default")


def test_configs_that_differ_are_shown_with_their_differences(capsys):
    large = evaluate("large", 0, 80)
    config = build_config({"model": {"units": 9, "pretrained": None}}, "test")
    large = replace(large, candidate=replace(large.candidate, config=config))
    comparison = build_comparison("test", [evaluate("small", 0, 70), large, evaluate("linear", 0, 70)])
    (table,) = [table for table in build_comparison_tables(comparison) if table.name == "settings"]
    assert table.rows == [("model.units", "512", "9", "-"), ("model.pretrained", "bundled", "None", "-")]
    print_comparison(comparison)
    assert "config keys that differ" in capsys.readouterr().out
    cells = [evaluate("gru", 0, 80), evaluate("lstm", 0, 70)]
    for number, cell in enumerate(("gru", "lstm")):
        config = build_config({"model": {"cell": cell, "pretrained": None}}, "test")
        cells[number] = replace(cells[number], candidate=replace(cells[number].candidate, config=config))
    tables = build_comparison_tables(build_comparison("test", cells))
    assert "settings" not in [table.name for table in tables]  # only the cells differ, which the names say


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
    assert row[:8] == ["bundled", "-", "0", "-", "-", "-", "-", "-"]


def test_json_holds_every_figure_under_its_name():
    comparison = build_comparison("test", [evaluate("gru", 0, 80), evaluate("linear", 0, 70)])
    figures = json.loads(json.dumps(comparison.to_dict()))
    assert list(figures) == ["split", "n", "models", "pairs", "caveat", "verdict"]
    model, pair = figures["models"][0], figures["pairs"][0]
    assert list(model) == [
        "model", "description", "engine", "accuracy", "accuracy_spread", "accuracy_interval", "log_loss", "ece",
        "parameters", "seconds", "seconds_per_epoch", "compile_seconds", "peak_memory_mb", "accuracy_by_timestep",
        "runs",
    ]  # fmt: skip
    assert list(model["runs"][0]) == [
        "seed", "engine", "run", "n", "accuracy", "accuracy_interval", "log_loss", "ece", "parameters", "epochs",
        "seconds", "seconds_per_epoch", "compile_seconds", "peak_memory_mb", "C", "accuracy_by_timestep", "config",
    ]  # fmt: skip
    assert model["runs"][0]["config"] == build_config({}, "test").model_dump(mode="json")
    assert model["accuracy_by_timestep"][0] == {"timestep": 10, "accuracy": 0.5, "log_loss": 0.5, "ece": 0.1}
    assert pair == {
        "models": ["gru", "linear"], "difference": pytest.approx(0.1),
        "difference_interval": pair["difference_interval"],
        "p_value": None, "p_adjusted": None, "seeds": [{
            "seeds": [0, 0], "only_first_right": 10, "only_second_right": 0, "p_value": pytest.approx(2 / 2**10),
            "p_adjusted": pytest.approx(2 / 2**10),
        }],
    }  # fmt: skip
    assert repr(comparison).startswith("Comparison(split='test', n=100, {gru: 0.8000, linear: 0.7000}, 'gru wins")


@pytest.mark.parametrize(
    ("evaluated", "verdict"),
    [
        (
            [evaluate("gru", 0, 80), evaluate("lstm", 0, 79), evaluate("linear", 0, 99)],
            "linear wins: 99.0 % against 80.0 % for the best network (gru), p < 0.001, corrected for 3 pairs",
        ),
        ([evaluate("gru", 0, 80), evaluate("linear", 0, 99)], "linear wins: 99.0 % against 80.0 % for gru, p < 0.001"),
        (
            [evaluate("lstm", 0, 80), evaluate("gru", 0, 90), evaluate("linear", 0, 80)],
            "gru wins: 90.0 % against 80.0 % for linear, p = 0.0059, corrected for 3 pairs",
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
            "b is ahead of c by 1.00 points, which may be chance on 100 reviews (p = 1, corrected for 3 pairs)",
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


def test_a_table_shows_each_pair_with_all_its_seeds(capsys):
    evaluated = [evaluate(model, seed, correct) for seed, correct in ((0, 80), (1, 90)) for model in ("gru", "lstm")]
    evaluated[1] = evaluate("lstm", 0, 77)
    print_comparison(build_comparison("test", evaluated))
    out = capsys.readouterr().out
    assert "McNemar's exact test, seeds 0, 1, and a paired t-test over seeds\n" in out
    (row,) = (line for line in out.splitlines() if line.startswith("gru    lstm"))
    assert re.split(r"\s{2,}", row)[2:] == ["+1.50%", "+0.00% to +5.00%", "3, 0", "0, 0", "0.250, 1.000", "0.500"]
    (model,) = (line for line in out.splitlines() if line.startswith("gru ") and "±" in line)
    assert "0, 1" in model
    assert "85.00% ± 7.07%" in model


def test_figures_of_runs_are_a_data_frame():
    pandas = pytest.importorskip("pandas")
    evaluated = [evaluate("gru", seed, correct, **on("keras")) for seed, correct in ((3, 80), (5, 90))]
    frame = build_comparison("test", [*evaluated, evaluate("linear", 3, 70)]).to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame[["model", "engine", "seed", "accuracy"]].values.tolist() == [
        ["gru", "keras", 3, 0.8], ["gru", "keras", 5, 0.9], ["linear", "scikit-learn", 3, 0.7],
    ]  # fmt: skip
    assert frame.accuracy_low.is_monotonic_increasing is False
    assert frame.groupby("model").accuracy.mean()["gru"] == pytest.approx(0.85)
