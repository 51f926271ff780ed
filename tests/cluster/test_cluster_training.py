"""Training on several workers: first what needs no Ray, then a cluster whose node dies in the middle."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from support.paths import ROOT

from imdb_gru.cluster.training import find_cores_per_worker
from imdb_gru.errors import ImdbGruError

pytestmark = pytest.mark.processes

SETTINGS = [
    "train.epochs=6", "model.embedding=8", "model.units=16", "train.schedule=constant", "train.objective=linear",
    "model.dropout.word=0", "model.dropout.embedding=0", "model.dropout.output=0",
]  # fmt: skip
TRAIN = ["train", "--data", "sample", "--config", "scratch", *(f"--set={setting}" for setting in SETTINGS)]


def nodes(*cores):
    return [{"Alive": True, "Resources": {"CPU": float(count)}} for count in cores]


@pytest.mark.parametrize(
    ("cores", "workers", "expected"), [((4,), 1, 4), ((4,), 3, 1), ((4, 4, 4), 3, 4), ((8, 2), 2, 4), ((8, 3), 3, 3)]
)
def test_workers_get_as_many_cores_as_the_nodes_have_for_each(cores, workers, expected):
    dead = {"Alive": False, "Resources": {"CPU": 64.0}}
    assert find_cores_per_worker([*nodes(*cores), dead], workers) == expected


def test_more_workers_than_cores_are_refused():
    with pytest.raises(ImdbGruError, match="--workers is 4, but the cluster has 3 cores"):
        find_cores_per_worker(nodes(2, 1), 4)


def test_without_ray_the_extra_is_named_and_nothing_else_changes(invoke, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    result = invoke(*TRAIN, "--workers", "2", "--run", "run")
    assert result.code == 1
    assert "--workers needs the extra 'ray': install it with pip install 'imdb-gru[ray]'" in result.err
    assert not (tmp_path / "run").exists()
    assert invoke(*TRAIN, "--dry-run").code == 0


def test_an_address_alone_is_wrong_usage(invoke):
    result = invoke("train", "--address", "auto")
    assert result.code == 2
    assert "--workers" in result.err


def test_a_run_has_the_batches_of_all_workers(invoke):
    plan = json.loads(invoke(*TRAIN, "--workers", "3", "--set", "train.batch_size=4", "--dry-run", "--json").out)
    assert plan["config"]["train"]["batch_size"] == 12


@contextlib.contextmanager
def start(*arguments):
    """Start a command; give the process and what it says, as it comes."""
    command = [sys.executable, "-m", "imdb_gru", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        deadline = threading.Timer(240, process.kill)
        deadline.start()
        try:
            yield process, said(process)
        finally:
            deadline.cancel()
            process.kill()


def said(process):
    for line in process.stderr:
        process.told = [*getattr(process, "told", []), line.rstrip()]
        yield line.rstrip()


@pytest.mark.cluster
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_training_survives_ctrl_c_other_workers_and_a_dead_node_and_ends_as_one_worker_would(cluster, tmp_path):
    def ask(count):
        return ["--workers", count, "--address", cluster.address]

    run = tmp_path / "run"
    with start(*TRAIN, "--set", "train.batch_size=6", "--run", run, *ask(2)) as (process, lines):
        for line in lines:
            if line.startswith("epoch 1"):
                process.send_signal(signal.SIGINT)
        assert process.wait() == 130, process.told
        assert "2 workers: batches of 12, 6 per worker" in process.told
        assert process.told[-1] == f"stopped; resume with: imdb-gru train --resume {run}"
    stopped = json.loads((run / "metrics.json").read_text())
    assert stopped["interrupted"]
    assert stopped["epochs"] < 5
    assert stopped["environment"]["workers"] == 2

    with start("train", "--resume", run, *ask(3), "--json") as (process, lines):
        for line in lines:
            if line.startswith(f"epoch {stopped['epochs'] + 1}"):
                cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        out = process.stdout.read()
        assert process.wait() == 0, process.told
        assert "3 workers: batches of 12, 4 per worker" in process.told
        assert "workers were lost; resuming with 2 workers: batches of 12, 6 per worker" in process.told
        assert not [line for line in process.told if "raylet" in line or "Traceback" in line]
        assert json.loads(out)["interrupted"] is False

    alone = tmp_path / "alone"
    with start(*TRAIN, "--set", "train.batch_size=12", "--run", alone) as (process, lines):
        list(lines)
        assert process.wait() == 0, process.told
    compare(run, alone)
    parts = [json.loads(line) for line in (run / "environment.jsonl").read_text().splitlines()]
    assert [part["environment"]["workers"] for part in parts] == [2, 3, 2]
    with start("evaluate", "--run", run, "--data", "sample") as (process, lines):
        list(lines)
        assert process.wait() == 0


def compare(run, other):
    """See that both runs hold the same files, epochs, figures and weights."""
    assert sorted(path.name for path in run.iterdir()) == sorted(path.name for path in other.iterdir())
    assert (run / "config.yaml").read_text() == (other / "config.yaml").read_text()
    mine, theirs = (
        [json.loads(line) for line in (path / "history.jsonl").read_text().splitlines()] for path in (run, other)
    )
    for epoch, expected in zip(mine, theirs, strict=True):
        for name in ("loss", "accuracy", "validation_loss", "validation_accuracy"):
            assert epoch[name] == pytest.approx(expected[name], rel=2e-5), (name, epoch, expected)
    with np.load(run / "weights.npz") as weights, np.load(other / "weights.npz") as expected:
        for name in expected:
            np.testing.assert_allclose(weights[name], expected[name], atol=2e-4)
