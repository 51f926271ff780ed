"""Which runs are listed, and which run a command uses."""

import json
import shutil
from pathlib import Path

import pytest


@pytest.mark.keras
def test_runs_lists_states(invoke, sample_run, tmp_path):
    for name in ("good", "unfinished", "damaged"):
        shutil.copytree(sample_run.path, tmp_path / "runs" / name)
    (tmp_path / "runs" / "unfinished" / "metrics.json").unlink()
    (tmp_path / "runs" / "damaged" / "model.keras").write_bytes(b"")
    rows = {Path(row["run"]).name: row for row in json.loads(invoke("runs", "--json").out)}
    assert {name: row["state"] for name, row in rows.items()} == {
        "good": "complete",
        "unfinished": "in progress",
        "damaged": "damaged",
    }
    assert rows["good"]["epochs"] == "2/2"
    assert {(row["task"], row["validation_perplexity"]) for row in rows.values()} == {("sentiment", None)}
    assert 0 <= rows["good"]["validation_accuracy"] <= 1
    table = invoke("runs").out
    assert "gru 8, embedding 8, last" in table
    (tmp_path / "empty").mkdir()
    assert "no runs in empty" in invoke("runs", "empty").err


@pytest.mark.keras
def test_the_newest_run_is_used_and_named(invoke, sample_run, tmp_path):
    shutil.copytree(sample_run.path, tmp_path / "runs" / "only")
    result = invoke("predict", "fine")
    assert result.code == 0
    assert f"using {Path('runs/only')}" in result.err


def test_without_any_run_the_one_in_the_package_is_used_and_named(invoke, bundled):
    for arguments in (["predict", "w1"], ["inspect", "w1"], ["next", "w1"], ["evaluate", "--data", "sample"]):
        result = invoke(*arguments)
        assert result.code == 0, result.err
        assert result.err.splitlines()[0] == "using bundled"
    assert json.loads(invoke("evaluate", "--data", "sample", "--json").out)["run"] == "bundled"
    assert invoke("report", "--data", "sample", "--output", "page.html", "--examples", 1).code == 0


def test_the_run_in_the_package_can_be_named(invoke, bundled, make_next_word_run):
    make_next_word_run("runs/other")
    for command in ("predict", "next"):
        result = invoke(command, "--run", "bundled", "w1")
        assert result.code == 0, result.err
        assert "using" not in result.err
    assert invoke("predict", "w1").err.startswith("using bundled")
    assert invoke("next", "w1").err.startswith("using runs/other")


def test_the_run_in_the_package_is_accepted_wherever_a_run_is(invoke, bundled, tmp_path):
    _, _, run = bundled
    data = ["--data", "sample"]
    for arguments in (
        ["compare", run.path, "bundled", *data],
        ["inspect", "gradients", "--run", "bundled", "--run", run.path, "--reviews", "2", *data],
        ["inspect", "units", "--run", "bundled", *data],
        ["report", "bundled", "--examples", "0", *data],
        ["evaluate", "--run", "bundled", *data],
        ["runs", "check", "bundled"],
    ):
        result = invoke(*arguments)
        assert result.code == 0, result.err
        assert str(tmp_path / "package") not in result.out + result.err
    assert (tmp_path / "bundled.html").exists()
    figures = json.loads(invoke("compare", "bundled", run.path, *data, "--json").out)
    model = figures["models"][0]
    assert (model["model"], model["runs"][0]["run"]) == ("bundled", "bundled")
    assert (model["parameters"], model["seconds"]) == (None, None)  # which the fixture does not record
    evaluated = json.loads(invoke("evaluate", "--run", "bundled", *data, "--json").out)
    assert model["accuracy"] == evaluated["accuracy"]
    assert "are the same run" in invoke("compare", "bundled", "./bundled").err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--resume", "bundled"], "cannot be resumed: start a new run from it"),
        (["pretrain", "--resume", "bundled"], "cannot be resumed: start a new run from it"),
        (["train", "--run", "bundled", "--data", "sample"], "cannot be replaced: choose another folder with --run"),
        (["compare", "--into", "bundled"], "cannot hold a comparison: choose another folder with --into"),
        (["sweep", "s.yaml", "--into", "bundled"], "cannot hold a sweep: choose another folder with --into"),
    ],
)
def test_the_run_in_the_package_cannot_be_written_to(invoke, tmp_path, arguments, message):
    result = invoke(*arguments)
    assert (result.code, result.out) == (1, "")
    assert f"bundled is the model that comes with the package; it {message}" in result.err
    assert not (tmp_path / "bundled").exists()
