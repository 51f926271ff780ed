"""A sweep on a cluster of this machine whose nodes, workers and driver are killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from support.commands import call
from support.models import start_from_scratch

pytest.importorskip("ray")

from imdb_gru.config import load_config
from imdb_gru.config.sweep import load_sweep
from imdb_gru.runs.run import Run
from imdb_gru.sweep.outcome import load_outcomes
from imdb_gru.sweep.study import Study

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.filterwarnings("ignore"),
]  # Ray's, of the cluster it start, pytest.mark.processes]

EPOCHS = 12
SWEEP = {
    "task": "sweep",
    "base": start_from_scratch(
        {
            "data": {"path": "sample", "limit": 100},
            "text": {"length": 30},
            "model": {"embedding": 4, "units": 4},
            "train": {"epochs": EPOCHS, "batch_size": 32, "deterministic": True, "objective": "linear"},
        }
    ),
    "space": {
        "train.learning_rate": {"log_range": [0.001, 0.1]},
        "model.pooling": {"choice": [["last"], ["last", "max"]]},
    },
    "search": "random",
    "asha": None,
    "trials": 3,
    "finalists": {"count": 1, "seeds": 1},
}
LONG = 240.0
"""Seconds after which a test gives up on something that takes a few."""


@pytest.fixture
def start(tmp_path):
    """Start a sweep in a process of its own, in `runs/sweep`."""
    processes = []

    def start(*arguments, **changes):
        (tmp_path / "s.yaml").write_text(yaml.safe_dump({**SWEEP, **changes}, sort_keys=False))
        command = [sys.executable, "-m", "imdb_gru", "sweep", *map(str, arguments)]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        processes.append(subprocess.Popen(command, text=True, start_new_session=True, **streams))
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for(find):
    deadline = time.monotonic() + LONG
    while time.monotonic() < deadline:
        if found := find():
            return found
        time.sleep(0.05)
    pytest.fail(f"waited {LONG} s in vain")


def find_halfway():
    """Return a trial that has some of its epochs behind it, and the process that trains it."""
    for history in Path("runs/sweep").glob("trial-*/history.jsonl"):
        epochs = len(Run(history.parent).load_history())
        if 3 <= epochs < EPOCHS - 3 and (holder := find_process(history.parent)):
            return history.parent, holder
    return None


def find_process(folder):
    status = folder.stat()
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if len(fields) == 8 and fields[5] == place:
            return int(fields[4])
    return None


def find_node(cluster, process):
    """Return the node that a worker belongs to."""
    import psutil

    above = {parent.pid for parent in psutil.Process(process).parents()}
    return next(
        node for node in cluster.worker_nodes if above & {info.process.pid for info in node.all_processes["raylet"]}
    )


def read_times(outcomes):
    paths = [Path("runs/sweep", outcome.run, "metrics.json") for outcome in outcomes if outcome.state == "finished"]
    return {path: path.stat().st_mtime_ns for path in paths}


def check_right(figures):
    """Hold a sweep's figures against those of the same configs trained alone, and its winner against them all."""
    assert [trial["state"] for trial in figures["trials"]] == ["finished"] * SWEEP["trials"]
    study = Study(load_sweep(Path("runs/sweep/sweep.yaml")))
    drawn = {number: study.ask(number) for number in range(1, SWEEP["trials"])}
    for trial in figures["trials"]:
        run = Run(Path(trial["run"]))
        assert [record.epoch for record in run.load_history()] == list(range(1, EPOCHS + 1))
        assert run.state == "complete"
        assert trial["trial"] == 0 or trial["values"] == drawn[trial["trial"]]
        best = run.load_metrics().best
        assert (trial["accuracy"], trial["loss"]) == (best.validation_accuracy, best.validation_loss)
    measures = {trial["trial"]: (trial["accuracy"], -trial["loss"]) for trial in figures["trials"]}
    assert figures["best"]["trial"] == max(measures, key=measures.get) == figures["trials"][0]["trial"]
    config = load_config(Path("runs/sweep/best.yaml"))
    assert config == Run(Path(figures["trials"][0]["run"])).load_config()


def test_a_worker_and_a_node_are_killed_and_the_answer_is_right(cluster, start):
    process = start("s.yaml", "--address", cluster.address, "--json")
    _, worker = wait_for(find_halfway)
    os.kill(worker, signal.SIGKILL)
    folder, worker = wait_for(lambda: (found := find_halfway()) and found[1] != worker and found)
    cluster.remove_node(find_node(cluster, worker), allow_graceful=False)
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 0, err
    assert "ray" not in err.lower()
    check_right(json.loads(out))
    parts = Run(folder).load_starts()
    assert len(parts) > 1
    whole = call("train", "--config", folder / "config.yaml", "--run", "whole", "--json")
    assert json.loads(whole.stdout)["best"]["validation_loss"] == pytest.approx(
        Run(folder).load_metrics().best.validation_loss, abs=1e-4
    )


def test_the_driver_is_killed_and_resumed(start):
    """Some trials fail: they are told, and kept as they are, and the sweep goes on."""
    changes = {"space": {**SWEEP["space"], "model.pretrained": {"choice": [None, "nowhere"]}}, "trials": 4}
    process = start("s.yaml", **changes)
    wait_for(lambda: load_outcomes(Path("runs/sweep")) and find_halfway())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = load_outcomes(Path("runs/sweep"))
    assert 0 < len(kept) < 4
    times = read_times(kept)
    process = start("--resume", "runs/sweep", "--json", **changes)
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 0, err
    figures = json.loads(out)
    assert len(figures["trials"]) == 4
    states = {trial["state"]: trial["reason"] for trial in figures["trials"]}
    assert states.keys() == {"finished", "failed"}
    assert states["failed"].startswith("model.pretrained: there is no run at nowhere")
    assert read_times(kept) == times
    assert [outcome for outcome in load_outcomes(Path("runs/sweep")) if outcome in kept] == kept
    again = call("sweep", "--resume", "runs/sweep", "--json")
    assert json.loads(again.stdout) == figures


def test_ctrl_c_ends_cleanly_and_says_how_to_go_on(start):
    process = start("s.yaml")
    wait_for(find_halfway)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=LONG)
    assert process.returncode == 130, err
    assert out == ""
    assert "resume with: imdb-gru sweep --resume runs/sweep" in err
    assert "Traceback" not in err
    assert "SIGTERM" not in err
