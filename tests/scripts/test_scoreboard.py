import json
import math
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from support.bundles import load_script
from support.paths import SCRIPTS

PEERS = SCRIPTS / "benchmarks" / "peers"
PEER = """
from reviews import run
run(lambda texts, folder: [float((folder / "mean").read_text())] * len(texts),
    lambda texts, labels, folder: (folder / "mean").write_text(str(sum(labels) / len(labels))))
"""


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS / "benchmarks")
    return load_script("scoreboard")


@pytest.fixture
def invoke_board(script, monkeypatch, tmp_path):
    """Run the scoreboard on a few reviews of the sample, with a peer that installs nothing."""
    (tmp_path / "peers").mkdir()
    (tmp_path / "peers" / "mean.py").write_text(PEER)
    (tmp_path / "peers" / "reviews.py").write_text((PEERS / "reviews.py").read_text())
    rows = {"vader": script.Row("Mean", [], "mean"), "textblob": script.Row("Bad", ["/no/such/package"], "mean")}
    monkeypatch.setattr(script, "PEERS", tmp_path / "peers")
    monkeypatch.setattr(script, "ROWS", rows)
    monkeypatch.setattr(script, "install", lambda row, folder, python: make_environment(folder, row))

    def make_environment(folder, row):
        if row.packages:
            raise subprocess.CalledProcessError(1, "pip", stderr="ERROR: no such package\n")
        (folder / "lib" / "python3" / "site-packages").mkdir(parents=True, exist_ok=True)
        (folder / "bin").mkdir(exist_ok=True)
        if not (folder / "bin" / "python").exists():
            (folder / "bin" / "python").symlink_to(sys.executable)
        return folder

    def invoke(*arguments):
        options = ["--folder", str(tmp_path / "board"), "--data", "sample", "--reviews", "20"]
        return CliRunner().invoke(script.main, [*options, *arguments], catch_exceptions=False)

    return invoke


@pytest.mark.processes
def test_finished_rows_are_kept_and_failed_ones_are_named(invoke_board, tmp_path):
    lines = invoke_board("--row", "vader").output.splitlines()
    assert lines[-2].split()[:3] == ["Mean", "0.65", "0.6931"]
    assert lines[-1].split() == ["Bad", "not", "measured"]
    path = tmp_path / "board" / "scoreboard.json"
    kept = json.loads(path.read_text())
    kept["rows"]["vader"]["accuracy"] = 0.25
    path.write_text(json.dumps(kept))
    lines = invoke_board().output.splitlines()
    assert lines[-2].split()[1] == "0.25"
    assert lines[-1].split(maxsplit=1) == ["Bad", "failed: ERROR: no such package"]
    assert invoke_board("--row", "vader", "--again").output.splitlines()[-2].split()[1] == "0.65"
    assert "choose another folder" in invoke_board("--reviews", "30").output


def test_a_score_is_that_of_the_probabilities(script):
    scores = script.score([1, 0, 1, 0], [0.9, 0.2, 0.4, 0.0])
    assert scores["accuracy"] == 0.75
    assert scores["log_loss"] == pytest.approx(-(math.log(0.9) + math.log(0.8) + math.log(0.4)) / 4)
    assert script.score([1], [0.0])["log_loss"] == pytest.approx(-math.log(1e-6))


def test_every_row_has_its_script(script):
    scripts = {row.script for row in script.ROWS.values() if row.script}
    assert all((PEERS / f"{name}.py").is_file() for name in scripts)
    assert {row.config for row in script.ROWS.values()} >= {"fast", "default"}


@pytest.mark.processes
def test_the_linear_peer_learns(tmp_path):
    texts = ["a great film", "a dull film"] * 10
    rows = [f'"{text}",{int("great" in text)}' for text in texts]
    (tmp_path / "reviews.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    for task in (["train"], ["predict"]):
        output = [tmp_path / "out.csv"] * (task == ["predict"])
        command = [sys.executable, PEERS / "nbsvm.py", *task, tmp_path / "reviews.csv", tmp_path / "model", *output]
        subprocess.run(list(map(os.fspath, command)), check=True, capture_output=True)
    probabilities = [float(line.rpartition(",")[2]) for line in (tmp_path / "out.csv").read_text().splitlines()[1:]]
    assert min(probabilities[::2]) > 0.5 > max(probabilities[1::2])
