"""The command: what it checks before anything starts, and how it shows what came of a sweep."""

import io
import json
import subprocess
import sys

import pytest
import yaml

pytest.importorskip("ray")

from support.comparisons import evaluate

from imdb_gru.cli._tables.sweep import (
    SweepPrinter,
    build_sweep_tables,
    describe_result,
    dump_sweep,
    print_sweep,
    shorten_keys,
)
from imdb_gru.comparison.outcome import build_comparison
from imdb_gru.errors import RunError
from imdb_gru.sweep.outcome import Outcome, TrialChanged

pytestmark = pytest.mark.processes

SWEEP = {
    "task": "sweep",
    "base": {"data": {"path": "sample"}, "train": {"epochs": 2}},
    "space": {"train.learning_rate": {"log_range": [0.001, 0.1]}, "model.pooling": {"choice": [["last"], ["max"]]}},
}


@pytest.fixture
def sweep_file(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump(SWEEP, sort_keys=False))
    return path


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "give one, as in 'imdb-gru sweep sweep'"),
        (["nowhere.yaml"], 1, "cannot read the config nowhere.yaml"),
        (["s.yaml", "--resume", "runs/sweep"], 2, "--resume uses the sweep's own file"),
        (["--resume", "runs/sweep", "--set", "train.epochs=3"], 2, "--resume uses the sweep's own file"),
        (["--resume", "runs/sweep"], 1, "runs/sweep is not a sweep, because it has no sweep.yaml"),
        (["s.yaml", "--set", "train.epocs=3"], 1, "train.epocs: there is no such key; did you mean train.epochs?"),
        (["s.yaml", "--trials", "0"], 2, "0 is not in the range"),
        (["s.yaml", "--minutes", "0"], 2, "0 is not in the range"),
        (["s.yaml", "--into", "photos"], 1, "holds files that do not belong to a sweep"),
        (["s.yaml", "--into", "photos/cat.jpg"], 1, "is a file: choose a folder"),
        (["s.yaml", "--plots", "photos/cat.jpg"], 1, "cannot draw into photos/cat.jpg"),
        (["s.yaml", "--data", "nowhere"], 1, "there are no reviews at "),
        (
            ["s.yaml", "--set", "train.validation_split=0.0"],
            1,
            "a sweep needs validation reviews",
        ),
    ],
)
def test_mistakes_are_told_before_anything_is_trained(invoke, tmp_path, sweep_file, arguments, code, message):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    result = invoke("sweep", *arguments)
    assert result.code == code
    assert message in " ".join(result.err.split())
    assert result.out == ""
    assert not list(tmp_path.glob("runs/sweep/trial-*"))


def test_a_sweep_that_is_there_is_not_replaced_unasked(invoke, tmp_path, sweep_file):
    (tmp_path / "runs" / "sweep" / "trial-000").mkdir(parents=True)
    (tmp_path / "runs" / "sweep" / "sweep.yaml").write_text("old")
    result = invoke("sweep", "s.yaml")
    assert result.code == 1
    assert "--resume runs/sweep, replace it with --overwrite" in result.err
    assert (tmp_path / "runs" / "sweep" / "trial-000").exists()


def test_a_dry_run_shows_what_would_be_searched_and_writes_nothing(invoke, tmp_path, sweep_file):
    result = invoke("sweep", "s.yaml", "--dry-run", "--trials", 7)
    assert result.code == 0, result.err
    for part in ("0.001 to 0.1, on a log scale", "last, max", "7 trials", "epochs: 2"):
        assert part in result.out
    plan = json.loads(invoke("sweep", "s.yaml", "--dry-run", "--json").out)
    assert plan["trials"] == 20
    assert plan["base"]["data"]["path"] == "sample"
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("package", ["ray", "optuna", "matplotlib"])
def test_a_missing_extra_is_told_at_once(invoke, tmp_path, monkeypatch, sweep_file, package):
    monkeypatch.setitem(sys.modules, package, None)
    result = invoke("sweep", "s.yaml", *(["--plots", "plots"] if package == "matplotlib" else []))
    assert result.code == 1
    assert "imdb-gru[plot]" in result.err if package == "matplotlib" else "imdb-gru[ray]" in result.err
    assert not (tmp_path / "runs").exists()


def test_a_plan_and_the_help_start_no_ray_and_load_no_tensorflow(sweep_file):
    code = """
import sys
sys.argv = ["imdb-gru", "sweep", *sys.argv[1:]]
from imdb_gru.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print(sorted({"tensorflow", "keras", "ray.tune", "optuna"} & set(sys.modules)), file=sys.stderr)
"""
    for arguments in (["--help"], [str(sweep_file), "--dry-run"]):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
        assert done.stderr.splitlines()[-1] == "[]"


def make_trial(trial, state, accuracy, loss, epochs, seconds, reason=None):
    figures = {"accuracy": accuracy, "loss": loss, "epochs": epochs, "seconds": seconds}
    return {"trial": trial, "state": state, "reason": reason, **figures}


def make_figures():
    trials = [
        make_trial(1, "finished", 0.9, 0.3, 2, 3.0),
        make_trial(0, "stopped early", 0.8, 0.4, 1, 2.0),
        make_trial(2, "failed", None, None, 0, 0.0, "no\x1b room"),
    ]
    values = [
        {"train.learning_rate": 0.0123, "model.pooling": ["last", "max"], "model.dropout.word": 0.1},
        {"train.learning_rate": 0.5, "model.pooling": ["mean"], "model.dropout.word": 0.0},
        {"train.learning_rate": 0.001, "model.pooling": ["last"], "model.dropout.word": 0.4},
    ]
    trials = [{**trial, "values": row} for trial, row in zip(trials, values, strict=True)]
    best = {"trial": 1, "values": values[0], "accuracy": 0.91, "accuracy_spread": 0.01, "loss": 0.31, "failed": 0}
    best["runs"] = [{"run": "a", "seed": 0, "accuracy": 0.9}, {"run": "b", "seed": 1, "accuracy": 0.92}]
    base = {**best, "trial": 0, "values": values[1], "accuracy": 0.8, "accuracy_spread": None, "failed": 1}
    space = {
        "train.learning_rate": {"log_range": [0.001, 0.1]},
        "model.pooling": {"choice": [["last"], ["last", "max"]]},
        "model.dropout.word": {"range": [0.0, 0.5]},
    }
    return {
        "metric": "accuracy", "space": space, "trials": trials, "finalists": [best, base], "best": best, "base": base,
        "importance": {"train.learning_rate": 0.7, "model.pooling": 0.2, "model.dropout.word": 0.1},
    }  # fmt: skip


def test_a_person_gets_ranks_values_and_reasons(capsys):
    print_sweep(make_figures())
    lines = capsys.readouterr().out.splitlines()
    header = "rank trial state accuracy log loss epochs done seconds learning_rate pooling word"
    assert lines[1].split() == header.split()
    assert lines[2].split() == ["1", "1", "finished", "90.00%", "0.3000", "2", "3.0", "0.0123", "last+max", "0.1"]
    assert lines[4].split() == ["3", "2", "failed", "-", "-", "0", "0.0", "0.001", "last", "0.4"]
    assert lines[7].split(maxsplit=1) == ["2", "no\\x1b room"]
    assert "91.00% ± 1.00%" in lines[-4]
    assert "(1 failed)" in lines[-3]
    assert lines[-1].startswith("best: trial 1 (")


def test_finalists_and_trials_are_tables_for_other_programs():
    finalists, trials = build_sweep_tables(make_figures())
    assert [(table.name, table.title) for table in (finalists, trials)] == [
        ("finalists", "finalists"), ("trials", "trials, by validation accuracy")
    ]  # fmt: skip
    first = finalists.records[0]
    assert (first["trial"], first["accuracy"], first["seeds"], first["train.learning_rate"]) == (1, 0.91, "0 1", 0.0123)
    assert [record["reason"] for record in trials.records] == [None, None, "no\x1b room"]
    assert trials.records[1]["model.pooling"] == ["mean"]
    assert json.loads(dump_sweep(make_figures()))["comparison"] is None


def test_finalists_are_compared_if_they_can_be(tmp_path, monkeypatch, capsys):
    from imdb_gru.sweep import search

    figures, asked, told = {**make_figures(), "sweep": str(tmp_path), "config": "best.yaml"}, [], []
    comparison = build_comparison("validation", [evaluate("trial-001", 0, 90), evaluate("trial-000", 0, 80)])

    def compare(runs, split, observer):
        asked.append((runs, split))
        return comparison

    monkeypatch.setattr(search, "compare", compare)
    assert search._compare_finalists(figures, told.append) is comparison
    assert asked == [([tmp_path / name for name in ("a", "b", "a", "b")], "validation")]
    whole = {**figures, "comparison": comparison}
    assert [table.name for table in build_sweep_tables(whole)][2:5] == ["models", "runs", "pairs"]
    assert json.loads(dump_sweep(whole))["comparison"]["verdict"] == comparison.verdict
    print_sweep(whole)
    out = capsys.readouterr().out
    assert "McNemar's exact test, seed 0\n" in out
    assert out.endswith("train a model with the best config: imdb-gru train --config best.yaml\n")

    def refuse(runs, split, observer):
        raise RunError("they use different reviews")

    monkeypatch.setattr(search, "compare", refuse)
    assert search._compare_finalists(figures, told.append) is None
    assert [str(event) for event in told] == ["the finalists were not compared: they use different reviews"]
    best = {**figures["best"], "runs": figures["best"]["runs"][:1]}
    assert search._compare_finalists({**figures, "finalists": [best]}, told.append) is None


def test_what_came_of_it_is_said_against_the_base():
    figures = make_figures()
    assert "+11.00 percentage points of accuracy" in describe_result(figures)
    assert "the unchanged base" in describe_result({**figures, "best": figures["base"]})
    assert "has no result" in describe_result({**figures, "base": None})


def test_keys_are_short_where_they_can_be():
    assert shorten_keys(["model.dropout.word", "train.epochs"]) == ["word", "epochs"]
    assert shorten_keys(["a.word", "b.word"]) == ["a.word", "b.word"]


@pytest.mark.parametrize(("width", "keys"), [(200, 3), (75, 2), (50, 0)])
def test_a_live_table_has_the_keys_that_there_is_room_for(width, keys):
    from rich.console import Console

    values = {"train.learning_rate": 0.0125, "train.batch_size": 64, "model.dropout.word": 0.1}
    outcome = Outcome(0, 0, "trial-000", values, "running", 2, 0.9125, 0.3125, 12.5)
    printer = SweepPrinter()
    file = io.StringIO()
    printer.live.console = Console(file=file, width=width, height=20, force_terminal=True, color_system=None)
    printer(TrialChanged(outcome, [outcome]))
    columns = printer.live.get_renderable().columns
    printer.live.stop()
    assert [str(column.header) for column in columns[5:]] == ["seconds", "learning_rate", "batch_size", "word"][
        : keys + 1
    ]
    figures = ["000", "running", "91.25%", "0.3125", "2", "12.5", "0.0125", "64", "0.1"][: keys + 6]
    assert [str(cell) for column in columns for cell in column.cells] == figures
    assert set(figures) <= set(file.getvalue().split())


def test_pictures_are_drawn_even_of_a_base_outside_the_space(tmp_path):
    from imdb_gru.report.charts import save_charts
    from imdb_gru.report.sweep import _place_results, build_sweep_charts

    paths = save_charts(build_sweep_charts(make_figures()), tmp_path / "plots", "runs/sweep")
    assert {path.stem for path in paths} == {"importance", "parallel_coordinates"}
    text = (tmp_path / "plots" / "parallel_coordinates.svg").read_text()
    assert "<!-- last+max -->" in text
    assert "<!-- mean -->" in text
    assert _place_results([0.901, 0.9]) == ([pytest.approx(0.51), pytest.approx(0.49)], {
        "0.9000": pytest.approx(0.49), "0.9010": pytest.approx(0.51),
    })  # fmt: skip
    assert _place_results([0.9, 0.8])[0] == pytest.approx([1, 0])
    assert [chart.name for chart in build_sweep_charts({**make_figures(), "importance": {}})] == [
        "parallel_coordinates"
    ]
