import io
import json
import shutil
import zipfile

import h5py
import numpy as np
import pytest
from support.corpora import rewrite_zip

import imdb_gru
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import read_arrays, save_arrays
from imdb_gru.system.environment import describe_environment
from imdb_gru.system.reading import hash_file
from imdb_gru.text.vocabulary import Vocabulary

pytestmark = pytest.mark.keras  # the runs that serve here are trained by Keras


@pytest.fixture(params=["sample_run", "next_word_run"])
def run(request, tmp_path):
    """A copy of a finished run of either task, to be damaged."""
    shutil.copytree(request.getfixturevalue(request.param).path, tmp_path / "copy")
    return Run(tmp_path / "copy")


def change_figures(run, **changes):
    """Write other figures, with the hashes of the files as they are."""
    figures = run.load_metrics().to_dict()
    run.seal(figures | changes)


def check(invoke, path="copy"):
    result = invoke("runs", "check", path, "--json")
    return result, json.loads(result.out)


def test_a_run_that_nobody_touched_is_whole(invoke, run):
    result, (row,) = check(invoke)
    assert (result.code, result.err) == (0, "")
    assert row["whole"]
    assert row["task"] == run.task
    names = {
        "config.yaml", "vocabulary.json", "model.keras", "weights.npz", "history.jsonl", "environment.jsonl",
        "seen.npz",
    }  # fmt: skip
    if run.task == "sentiment":
        names.add("calibration.json")
    assert row["files"] == dict.fromkeys(names, "ok")
    assert (row["faults"], row["environment"]) == ([], {})
    table = invoke("runs", "check", "copy").out.splitlines()
    assert "model.keras        ok" in table
    assert table[-1] == "environment        the same as during training"


def test_every_file_is_told(invoke, run):
    run.history_path.unlink()
    run.config_path.write_text(run.config_path.read_text() + "# mine\n")
    result, (row,) = check(invoke)
    assert result.code == 1
    assert result.err.startswith("Error: copy has changed since it was completed")
    assert not row["whole"]
    states = {name: state for name, state in row["files"].items() if state != "ok"}
    assert states == {"history.jsonl": "missing", "config.yaml": "changed"}
    assert "history.jsonl      missing" in invoke("runs", "check", "copy").out


def test_other_weights_in_one_of_the_two_files_are_told(invoke, run):
    with read_arrays(run) as arrays:
        arrays = list(arrays)
    arrays[1][0, 0] += 1
    save_arrays(run, arrays)
    change_figures(run)
    result, (row,) = check(invoke)
    assert result.code == 1
    assert set(row["files"].values()) == {"ok"}
    assert row["faults"] == ["model.keras and weights.npz contain different weights"]


def test_weights_of_another_config_or_vocabulary_are_told(invoke, run):
    words = run.load_vocabulary().words
    Vocabulary("words", [*words, "more"]).save(run.vocabulary_path)
    change_figures(run)
    result, (row,) = check(invoke)
    assert result.code == 1
    assert row["faults"][0].startswith(
        "weights.npz does not fit config.yaml and vocabulary.json: array 0 has the shape ("
    )
    run.weights_path.unlink()
    result, (row,) = check(invoke)
    assert row["files"]["weights.npz"] == "missing"
    assert row["faults"][0].startswith("copy/weights.npz has no weights that fit its config")


def test_a_model_that_cannot_be_read_is_told(invoke, run):
    with zipfile.ZipFile(run.model_path) as archive, io.BytesIO(archive.read("model.weights.h5")) as stored:
        with h5py.File(stored, "r+") as file:
            del file["layers"]["embedding"]
        rewrite_zip(run.model_path, {"model.weights.h5": stored.getvalue()})
    result, (row,) = check(invoke)
    assert result.code == 1
    assert row["files"]["model.keras"] == "changed"
    assert "has no weights that fit its config" in row["faults"][0]


def test_another_environment_is_told_and_no_fault(invoke, run):
    before = run.load_metrics().environment
    change_figures(run, environment=before | {"numpy": "1.0", "seed": 9})
    result, (row,) = check(invoke)
    assert result.code == 0
    assert row["environment"] == {"numpy": ["1.0", np.__version__]}
    assert f"numpy              was 1.0, is {np.__version__} now" in invoke("runs", "check", "copy").out


def test_the_versions_are_those_of_the_packages():
    from imdb_gru.training import keras, tf

    found = describe_environment()
    assert found["imdb_gru"] == imdb_gru.__version__
    assert (found["tensorflow"], found["keras"], found["numpy"]) == (tf.__version__, keras.__version__, np.__version__)
    assert found["threads"] >= 1


def test_what_is_no_finished_run_ends_in_one_line(invoke, run, tmp_path):
    run.metrics_path.unlink()
    assert "is not complete: resume it with" in invoke("runs", "check", "copy").err
    assert "nowhere is not a run" in invoke("runs", "check", "nowhere").err
    assert invoke("runs", "check").code == 2


def test_the_models_in_the_package_are_checked(invoke, bundled):
    folder, *_ = bundled
    result, rows = check(invoke, "bundled")
    assert result.code == 0
    assert [(row["run"], row["task"], row["whole"]) for row in rows] == [
        ("bundled", "sentiment", True), ("bundled", "next_word", True),
    ]  # fmt: skip
    path = folder / "next_word" / "weights.npz"
    path.write_bytes(path.read_bytes() + b" ")
    result, rows = check(invoke, "bundled")
    assert result.code == 1
    assert [row["files"]["weights.npz"] for row in rows] == ["ok", "changed"]
    started = invoke("train", "--data", "sample", "--set", "model.pretrained=bundled", "--run", "new")
    assert started.code == 1
    assert "bundled is damaged: weights.npz has changed" in started.err


def test_a_run_of_a_newer_format_asks_for_an_upgrade(invoke, run):
    figures = json.loads(run.metrics_path.read_text())
    run.metrics_path.write_text(json.dumps(figures | {"format": 2, "files": ["of", "another", "kind"]}))
    run.config_path.write_text("sections: {of: the future}")
    commands = (
        ["predict", "--run", "copy", "text"], ["evaluate", "--run", "copy"], ["runs", "check", "copy"],
        ["train", "--resume", "copy"],
    )  # fmt: skip
    for command in commands:
        result = invoke(*command)
        assert result.code == 1
        assert result.err.startswith("Error: copy was written by a newer imdb-gru (format 2;"), command
        assert "upgrade imdb-gru" in result.err
        assert result.err.count("\n") == 1
    (row,) = json.loads(invoke("runs", "list", ".", "--json").out)
    assert row["state"] == "newer"


def test_runs_without_a_command_lists(invoke, run, tmp_path):
    (tmp_path / "check").mkdir()
    assert invoke("runs", ".").out == invoke("runs", "list", ".").out != ""
    assert json.loads(invoke("runs", "--json", ".").out)[0]["run"] == "copy"
    assert "no runs in check" in invoke("runs", "./check").err


def test_the_file_of_environments_belongs_to_the_run(run):
    assert run.load_metrics().files["environment.jsonl"] == hash_file(run.environment_path)
