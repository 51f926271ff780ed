"""Predicting folders and globs on the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "a.csv").write_text("id,text\n7,A gem.\n")
    (folder / "b.tsv").write_text("text\nToo long.\n")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    return folder


@pytest.fixture
def predict(invoke):
    return lambda *arguments: invoke("predict", "--run", "bundled", *arguments)


@pytest.mark.usefixtures("inbox")
def test_each_line_on_stdout_names_its_file_and_row(predict):
    result = predict("--input", "inbox/")
    assert result.code == 0
    assert [line.split("\t")[2:] for line in result.out.splitlines()] == [
        ["inbox/a.csv:2", "A gem."],
        ["inbox/b.tsv:2", "Too long."],
    ]
    assert result.err == "skipped inbox/photo.png, which is not a table\n"
    (record,) = map(json.loads, predict("--input", "inbox/*.csv", "--json").out.splitlines())
    assert list(record) == ["text", "label", "probability", "file", "row", "id"]


def test_a_folder_of_outputs_ends_in_an_error_that_names_what_is_missing(predict, inbox, tmp_path):
    (inbox / "c.csv").write_text("x,y\n1,2\n")
    result = predict("--input", "inbox", "--output", "out/")
    assert result.code == 1
    assert result.err.splitlines()[-1].startswith("Error: 1 of 3 files could not be read and have no predictions: ")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.csv", "b.tsv"]
    (inbox / "c.csv").unlink()
    assert predict("--input", "inbox", "--output", "out").code == 0


def test_a_damaged_file_is_named_before_anything_is_printed(predict, inbox):
    (inbox / "c.csv").write_text("x,y\n1,2\n")
    result = predict("--input", "inbox")
    assert (result.code, result.out) == (1, "")
    assert "Error: 1 of 3 files cannot be read, so nothing was predicted:\n  inbox/c.csv has no" in result.err


@pytest.mark.parametrize("command", [["next"], ["inspect", "gradients"]])
@pytest.mark.usefixtures("inbox")
def test_other_commands_read_folders_too(invoke, command):
    result = invoke(*command, "--run", "bundled", "--input", "inbox")
    assert result.code == 0, result.err
    assert "skipped inbox/photo.png" in result.err


def test_a_glob_that_the_shell_expanded_is_told(predict, inbox):
    result = predict("--input", "inbox/a.csv", "inbox/b.tsv")
    assert result.code == 2
    assert "not both; if --input is followed by a glob, put the glob in quotes" in " ".join(result.err.split())


def test_ctrl_c_keeps_finished_files_and_says_how_to_resume(inbox, tmp_path):
    (inbox / "z.csv").write_text("text\n" + "It is wonderful and anything but dull.\n" * 60_000)
    command = [sys.executable, "-m", "imdb_gru", "predict", "--run", "bundled", "--input", "inbox", "--output", "out"]
    with subprocess.Popen([*command, "--resume"], stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        deadline = time.monotonic() + 100
        partial = tmp_path / "out" / "z.csv.partial"
        while not (partial.exists() and partial.stat().st_size > 100_000):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "reviews of inbox/z.csv; to resume, repeat the command\n" in err
    assert {path.name for path in Path("out").iterdir()} == {
        "a.csv", "a.csv.partial", "b.tsv", "b.tsv.partial", "z.csv.partial",
    }  # fmt: skip
