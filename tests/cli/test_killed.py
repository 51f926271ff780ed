"""What is left of commands that were killed or stopped, and how they go on."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from imdb_gru import train
from imdb_gru.__main__ import main as run_module
from imdb_gru.config import build_config
from imdb_gru.models import batches, classifier
from imdb_gru.runs.catalogue import create_run
from imdb_gru.runs.run import Run
from imdb_gru.system.lock import claim

pytestmark = [pytest.mark.keras, pytest.mark.processes]

OVERRIDES = {
    "model.embedding": 6, "model.units": 6, "text.length": 60, "data.limit": 120,
    "train.deterministic": True, "train.epochs": 4,
}  # fmt: skip
SMALL = ["--data=sample", *(f"--set={key}={value}" for key, value in OVERRIDES.items())]
TRAIN = ["train", "--config=scratch", *SMALL]
TEXTS = ["It is wonderful.", "", "It is dull.", 'a "quoted", text', "Never dull. " * 300, "très bon", "fine", "***"]


class Killed(BaseException):
    """Stands for SIGKILL: nothing tidies up after it."""


def interrupt(deed, count, number):
    def act(*arguments, **options):
        if next(count) >= number:
            raise Killed
        return deed(*arguments, **options)

    return act


@pytest.fixture
def kill_at(monkeypatch):
    """Kill whoever is about to change the names of files for the n-th time; from then on nothing happens to files."""

    @contextlib.contextmanager
    def kill(number):
        count = itertools.count()
        with monkeypatch.context() as patch:
            for name in ("mkdir", "unlink", "replace", "rmdir"):
                patch.setattr(Path, name, interrupt(getattr(Path, name), count, number))
            with pytest.raises(Killed):
                yield

    return kill


@pytest.mark.parametrize("number", range(12))
def test_a_run_killed_while_it_is_being_replaced_can_be_replaced_or_resumed(sample_run, tmp_path, kill_at, number):
    shutil.copytree(sample_run.path, tmp_path / "run")
    config = build_config({"model": {"units": 3, "pretrained": None}}, "test")
    with contextlib.suppress(pytest.fail.Exception), kill_at(number):
        create_run(tmp_path / "run", config, overwrite=True)
    Run(tmp_path / "run").load_config()
    if number:
        Run(tmp_path / "run").check_resumable()
    create_run(tmp_path / "run", config, overwrite=True)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("number", range(9))
def test_a_run_killed_while_it_is_being_made_can_be_made(tmp_path, kill_at, number):
    config = build_config({}, "test")
    with contextlib.suppress(pytest.fail.Exception), kill_at(number):
        create_run(tmp_path / "run", config)
    if not (tmp_path / "run" / "config.yaml").exists():
        create_run(tmp_path / "run", config)
    assert [path.name for path in (tmp_path / "run").iterdir() if path.name[0] != "."] == ["config.yaml"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory, full_graphs):
    """A training that nobody disturbed."""
    return train("scratch", data="sample", overrides=OVERRIDES, run=tmp_path_factory.mktemp("alone") / "run").path


def assert_same(run, other):
    assert {path.name for path in run.iterdir()} == {path.name for path in other.iterdir()}
    with np.load(run / "weights.npz") as ours, np.load(other / "weights.npz") as theirs:
        assert all((ours[name] == theirs[name]).all() for name in theirs.files)


def test_killed_before_there_is_a_vocabulary_it_resumes(invoke, tmp_path, alone):
    (tmp_path / "run").mkdir()
    shutil.copy(alone / "config.yaml", tmp_path / "run")
    (tmp_path / "run" / ".imdb-gru-dead.json").write_text("{half")
    result = invoke("train", "--resume=run")
    assert result.code == 0, result.err
    assert_same(tmp_path / "run", alone)


@pytest.mark.parametrize("command", [TRAIN, ["pretrain", *SMALL]], ids=["train", "pretrain"])
def test_a_run_that_another_process_writes_is_refused(invoke, tmp_path, command):
    create_run(tmp_path / "run", build_config({}, "test"))
    before = (tmp_path / "run" / "config.yaml").read_text()
    for arguments in (["--run=run"], ["--run=run", "--overwrite"], ["--resume=run"]):
        with claim(tmp_path / "run"):
            result = invoke(command[0], *arguments, *([] if "--resume=run" in arguments else command[1:]))
        assert (result.code, len(result.err.splitlines())) == (1, 1), result.err
        assert result.err.startswith("Error: run is in use by ")
    assert (tmp_path / "run" / "config.yaml").read_text() == before


def test_a_comparison_that_another_process_writes_is_refused(invoke, tmp_path, sample_run):
    pytest.importorskip("sklearn")
    shutil.copytree(sample_run.path, tmp_path / "other")
    with claim(tmp_path / "into"):
        for arguments in (["--data=sample"], [sample_run.path, "other"]):
            result = invoke("compare", "--into=into", *arguments)
            assert result.code == 1
            assert result.err.startswith("Error: into is in use by ")
    assert not (tmp_path / "into").exists()


def test_a_run_that_cannot_be_begun_leaves_no_folder(invoke, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\nfine,1\nfine,1\n")
    assert invoke("train", "--data=a.csv", "--run=new/run").code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.fixture
def bulk(invoke, sample_run, tmp_path, monkeypatch):
    """Score reviews.txt, three chunks of it, into a file; `stop_after` so many chunks."""
    monkeypatch.setattr(batches, "CHUNK", 3)
    (tmp_path / "reviews.txt").write_text("\n".join(TEXTS) + "\n", "utf-8")
    score = classifier.Classifier.predict_ids

    def run(*arguments, stop_after=99):
        count = itertools.count(1)

        def stop(*sequences, **options):
            if next(count) > stop_after:
                raise Killed
            return score(*sequences, **options)

        with monkeypatch.context() as patch:
            patch.setattr(classifier.Classifier, "predict_ids", stop)
            try:
                return invoke("predict", "--run", sample_run.path, "--input=reviews.txt", *arguments)
            except Killed:
                return None

    return run


@pytest.mark.parametrize("output", ["out.csv", "out.tsv", "out.jsonl", "out.txt"])
@pytest.mark.parametrize("stop_after", [0, 1, 2])
def test_bulk_prediction_goes_on_to_the_same_bytes(bulk, tmp_path, output, stop_after):
    alone = bulk(f"--output={output}")
    expected = (tmp_path / output).read_bytes()
    (tmp_path / output).write_text("old")
    assert bulk(f"--output={output}", "--resume", stop_after=stop_after) is None
    assert (tmp_path / output).read_text() == "old"
    result = bulk(f"--output={output}", "--resume")
    assert result.code == 0, result.err
    done = 3 * stop_after
    assert result.err.startswith(f"resuming after {done} reviews\n" if done else alone.err)
    assert result.err.endswith(alone.err)
    assert (tmp_path / output).read_bytes() == expected
    assert {path.name for path in tmp_path.iterdir()} == {"reviews.txt", output}


def test_what_does_not_fit_what_was_begun_is_refused(bulk, invoke, tmp_path, sample_run):
    bulk("--output=out.jsonl", "--resume", stop_after=2)
    kept = (tmp_path / "out.jsonl.partial").read_bytes()
    result = bulk("--output=out.jsonl", "--resume", "--timesteps")
    assert result.code == 1
    assert "partial was started with a different set of options: use the original one, or remove" in result.err
    assert "a different set of options" in bulk("--output=out.jsonl", "--resume", "--threshold=0.7").err
    (tmp_path / "reviews.txt").write_text("other\n")
    assert "was started with a different input" in bulk("--output=out.jsonl", "--resume").err
    (tmp_path / "reviews.txt").write_text("\n".join(TEXTS) + "\n", "utf-8")
    shutil.copytree(sample_run.path, tmp_path / "changed")
    metrics = json.loads((tmp_path / "changed" / "metrics.json").read_text())
    (tmp_path / "changed" / "history.jsonl").write_text("")
    metrics["files"]["history.jsonl"] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    (tmp_path / "changed" / "metrics.json").write_text(json.dumps(metrics))
    arguments = ["--input=reviews.txt", "--output=out.jsonl", "--resume"]
    assert "was started with a different run" in invoke("predict", "--run=changed", *arguments).err
    assert (tmp_path / "out.jsonl.partial").read_bytes() == kept
    assert bulk("--output=out.jsonl", "--resume").code == 0


@pytest.mark.parametrize(
    "arguments", [["fine"], ["--input=-", "--output=o.csv"], ["--input=i.txt"], ["a", "--output=o"]]
)
def test_only_a_file_into_a_file_is_resumed(invoke, tmp_path, arguments):
    (tmp_path / "i.txt").write_text("fine\n")
    result = invoke("predict", *arguments, "--resume")
    assert result.code in (1, 2)
    assert "--input FILE and --output FILE" in " ".join(result.err.split())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_bulk_prediction_stops_at_once_and_leaves_nothing_hidden(sample_run, tmp_path, number, code):
    source = tmp_path / "reviews.txt"
    source.write_text("It is wonderful, and it is anything but dull.\n" * 200_000)
    command = [sys.executable, "-m", "imdb_gru", "predict", "--run", str(sample_run.path), "--input", str(source)]
    for resume in ([], ["--resume"]):
        arguments = [*command, "--output", "out.csv", *resume]
        with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
            deadline = time.monotonic() + 60
            while not any(
                path.stat().st_size for path in tmp_path.glob("*" if resume else ".imdb-gru-*.csv") if path != source
            ):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            os.kill(process.pid, number)
            _, err = process.communicate(timeout=60)
        assert process.returncode == code, err
        assert err.endswith("Stopped.\n")
        assert "Traceback" not in err
        assert ("to resume, repeat the command" in err) == bool(resume)
        assert {path.name for path in tmp_path.iterdir()} == {source.name, *(["out.csv.partial"] if resume else [])}


def test_ctrl_c_is_answered_while_the_engine_compiles(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    command = [sys.executable, "-m", "imdb_gru", *TRAIN, "--run=run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert any("compiling the engine" in line for line in process.stderr)
        time.sleep(1)
        os.kill(process.pid, signal.SIGINT)
        assert process.stderr.readline().startswith(
            "stopping after the current batch, or after the compilation of the engine"
        )
        assert process.poll() is None
        process.kill()


def test_a_killed_training_goes_on_to_the_same_weights(invoke, tmp_path, alone):
    """Kill it once it has a history; scripts/torture/torture.py does it more often."""
    command = [sys.executable, "-m", "imdb_gru", *TRAIN, "--run=killed"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not Path("killed", "history.jsonl").exists() and process.poll() is None:
            time.sleep(0.001)
        process.kill()
    result = invoke("train", "--resume=killed")
    assert result.code == 0, result.err
    assert "resuming after epoch " in result.err
    assert_same(tmp_path / "killed", alone)
    (tmp_path / "killed" / "checkpoint.npz").touch()  # as a kill after the very last step but one leaves it
    assert "is complete, so it cannot be resumed" in invoke("train", "--resume=killed").err
    assert_same(tmp_path / "killed", alone)


def test_ctrl_c_during_the_import_of_the_commands_leaves_no_traceback(monkeypatch, capsys):
    class Interrupted:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "imdb_gru.cli", Interrupted())
    with pytest.raises(SystemExit) as exit:
        run_module()
    assert exit.value.code == 130
    assert capsys.readouterr() == ("", "Stopped.\n")
