"""Comparisons that are stopped or refused."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from support.commands import BUDGET, TINY, call

pytestmark = pytest.mark.processes

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

pytestmark = pytest.mark.processes


@pytest.mark.keras
@pytest.mark.parametrize(
    ("number", "to_all", "code"),
    [
        (signal.SIGINT, True, 130),
        (signal.SIGTERM, False, 143),
    ],
)
def test_a_stopped_comparison_can_be_resumed(tmp_path, number, to_all, code):
    """Ctrl-C in a terminal reaches the training as well; kill reaches us alone."""
    command = [sys.executable, "-m", "imdb_gru", "compare", *TINY, "--models", "gru,linear", "--seeds", "1"]
    command += ["--set", "train.epochs=2000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        history = tmp_path / "runs" / "compare" / "gru-0" / "history.jsonl"
        deadline = time.monotonic() + 90
        while not history.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, number) if to_all else os.kill(process.pid, number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "stopped; to resume, repeat the command" in err
    assert "Traceback" not in err
    metrics = json.loads((history.parent / "metrics.json").read_text())
    assert metrics["interrupted"] is True
    assert (history.parent / "checkpoint.npz").exists()
    assert not (history.parent.parent / "linear-0").exists()


def test_missing_data_is_reported_before_any_training(tmp_path):
    result = call("compare", *TINY[2:], "--data", "nowhere.csv")
    assert result.returncode == 1
    assert result.stderr.startswith(f"Error: there are no reviews at {tmp_path / 'nowhere.csv'}: choose ")
    assert not (tmp_path / "runs").exists()


def test_ctrl_c_while_the_linear_model_is_fitted(tmp_path):
    command = [sys.executable, "-m", "imdb_gru", "compare", *BUDGET, "--set", "data.limit=null"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr.readline() == "1 of 2: training runs/compare/linear-0\n"
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "stopped; to resume, repeat the command\n" in err
    assert "\nStopped.\n" in err
    assert "Traceback" not in err
    assert not (tmp_path / "runs" / "compare" / "linear-0" / "figures.json").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["--models", "gru,transformer"],
            1,
            "unknown model 'transformer': choose from gru, lstm, simple_rnn, linear",
        ),
        (["--models", "gru,gru"], 1, "gru is given twice"),
        (["--models", "gru"], 1, "at least two models, got gru"),
        (["--seeds", "0"], 1, "at least one seed, got 0"),
        (["--seeds", "1,1"], 1, "the seed 1 is given twice"),
        (["--seeds", "1,x"], 2, "'1,x' is not a number of seeds, such as 3, or a list of seeds, such as 1,5,7"),
        (["--seeds", "-1,2"], 1, "the seed -1 is not an integer from 0 to 4294967295"),
        (["--engine", "fused"], 1, "fused computes only GRUs, and model.cell is lstm"),
        (["--engine", "torch"], 2, "'torch' is not one of 'auto', 'keras', 'fused'"),
        (["--config", "a/linear.yaml", "--config", "scratch"], 1, "a config cannot be called 'linear' in a comparison"),
        (["--config", "a/scratch.yaml", "--config", "scratch"], 1, "are both called scratch: rename one of the files"),
        (["--config", "scratch", "--config", "scratch"], 1, "the config scratch is given twice"),
        (["--config", "a/scratch.yaml", "--config", "tutorial"], 1, "use different reviews (train.validation_split is"),
        (["--set", "model.cell=gru"], 1, "model.cell cannot be set for a comparison"),
        (["--set", "train.seed=4"], 1, "train.seed cannot be set for a comparison"),
        (["--set", "train.epocs=4"], 1, "did you mean train.epochs?"),
        (["--set", "train.engine=fused"], 1, "fused computes only GRUs, and model.cell is lstm"),
        (["--config", "nowhere.yaml"], 1, "cannot read the config nowhere.yaml"),
        (["run"], 1, "there is no run at run"),
        (
            ["run", "other", "--seeds", "2"],
            2,
            "--config, --set, --models, --seeds and --engine cannot be used with RUNs",
        ),
        (["run", "other"], 1, "there is no run at run"),
        (["--into", "photos"], 1, "holds files that do not belong to a comparison"),
        (["--plots", "photos/cat.jpg"], 1, "cannot draw into photos/cat.jpg"),
        (["--into", "photos/cat.jpg/into"], 1, "is a file, not a folder: choose a folder"),
    ],
)
def test_wrong_arguments_are_reported_before_anything_is_trained(invoke, tmp_path, arguments, code, message):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "linear.yaml").touch()
    (tmp_path / "a" / "scratch.yaml").write_text("train: {validation_split: 0.3}")
    result = invoke("compare", "--data", "sample", *arguments)
    assert result.code == code
    assert message in " ".join(result.err.split())
    assert result.out == ""
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("package", ["sklearn", "scipy", "matplotlib"])
def test_a_missing_extra_is_reported_at_once(invoke, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    result = invoke("compare", "--data", "sample", "--plots", "plots")
    assert result.code == 1
    assert "imdb-gru[compare]" in result.err
    assert not (tmp_path / "runs").exists()


def test_a_run_of_another_budget_is_refused_before_any_is_trained(invoke, tmp_path):
    from imdb_gru.config import load_config
    from imdb_gru.runs.catalogue import create_run

    create_run(tmp_path / "runs" / "compare" / "lstm-0", load_config("scratch", {"model.cell": "lstm"}))
    result = invoke("compare", "--data", "sample")
    assert result.code == 1
    assert "lstm-0 was trained with another config (data.path is None, not sample" in result.err
    assert [path.name for path in (tmp_path / "runs" / "compare").iterdir()] == ["lstm-0"]


def test_a_training_that_fails_says_why(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nfine,1\nfine,1\n")
    for models in ("gru,linear", "linear,gru"):
        done = call("compare", "--data", "a.csv", "--models", models, "--seeds", "1")
        assert done.returncode == 1
        error = done.stderr.splitlines()[-1]
        assert error.startswith("Error: ")
        assert "has only positive training reviews" in error
        assert "Traceback" not in done.stderr
