"""What trackers receive from a training: one that records its calls, MLflow, and Weights & Biases."""

import functools
import signal
import sqlite3
import sys

import pytest
from support.commands import train
from support.sessions import ignore, on_epoch
from support.tracking import Ledger, open_tracked

from imdb_gru.errors import ImdbGruError
from imdb_gru.events import Notice
from imdb_gru.training import tracking

pytestmark = pytest.mark.keras

stop = on_epoch(lambda record: signal.raise_signal(signal.SIGINT))
"""Stops a training after its first epoch, as Ctrl-C does."""


@pytest.fixture
def kept(monkeypatch):
    """What the tracker receives, where `train.track` is mlflow; MLflow itself is not used."""
    kept = []
    monkeypatch.setitem(tracking.TRACKERS, "mlflow", functools.partial(Ledger, kept))
    return kept


def test_a_tracker_learns_the_config_every_epoch_and_the_end(kept, tmp_path):
    session = open_tracked(tmp_path / "mine")
    metrics = session.train(ignore)
    start, *epochs, end = kept
    assert start == ("start", None, 5, "mine")
    history = session.run.load_history()
    assert [(epoch, figures["validation_loss"]) for _, epoch, figures in epochs] == [
        (record.epoch, record.validation_loss) for record in history
    ]
    _, epoch, final, ending = end
    assert (epoch, ending) == (2, "finished")
    assert final["best_validation_accuracy"] == metrics.best.validation_accuracy
    assert (final["parameters"], final["training_reviews"]) == (metrics.parameters, metrics.data.train)
    assert session.run.load_starts()[0].tracked == {"tracker": "mlflow", "id": "run 1"}


def test_a_resumed_training_resumes_the_tracked_run(kept, tmp_path):
    session = open_tracked(tmp_path / "run")
    session.train(stop)
    assert [(what, *rest[-1:]) for what, *rest in kept[-1:]] == [("end", "stopped")]
    resumed = open_tracked(tmp_path / "run", run=session.run)
    resumed.restore()
    resumed.train(ignore)
    starts = [entry for entry in kept if entry[0] == "start"]
    assert [known for _, known, *_ in starts] == [None, {"tracker": "mlflow", "id": "run 1"}]
    assert [entry[1] for entry in kept if entry[0] == "epoch"] == [1, 2]
    assert kept[-1][-1] == "finished"


def test_an_error_and_a_stop_in_the_first_epoch_end_the_tracked_run(kept, tmp_path):
    session = open_tracked(tmp_path / "diverged", learning_rate=1e30, clip_norm=None)
    with pytest.raises(ImdbGruError, match="training diverged"):
        session.train(ignore)
    assert kept[-1] == ("end", 0, {}, "failed")
    session = open_tracked(tmp_path / "stopped")
    session.stop.set()
    with pytest.raises(KeyboardInterrupt):
        session.train(ignore)
    assert kept[-1] == ("end", 0, {}, "stopped")


def test_training_goes_on_without_a_tracker_that_fails(kept, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(Ledger, "log", fail)
    notices = []
    metrics = open_tracked(tmp_path / "run").train(lambda event: isinstance(event, Notice) and notices.append(event))
    assert metrics.epochs == 2
    assert [str(notice) for notice in notices] == ["Ledger failed, so the run is no longer tracked: the disk is full"]


def test_a_tracker_that_cannot_start_is_an_error_before_training(monkeypatch, tmp_path):
    def fail(run, config, known):
        raise OSError("no such server")

    fail.title = "Ledger"
    monkeypatch.setitem(tracking.TRACKERS, "mlflow", fail)
    session = open_tracked(tmp_path / "run")
    with pytest.raises(
        ImdbGruError, match=r"Ledger cannot track .*run \(no such server\): check the tracker's settings"
    ):
        session.train(ignore)
    assert session.run.load_history() == []


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_missing_extra_is_told_before_anything_is_read_or_written(name, invoke, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    result = train(invoke, tmp_path / "run", "--set", f"train.track={name}")
    assert result.code == 1
    assert result.err == (
        f"Error: train.track={name} needs the extra '{name}': install it with pip install 'imdb-gru[{name}]'\n"
    )
    assert not (tmp_path / "run").exists()


def test_a_database_that_cannot_be_opened_is_an_error_at_once(tmp_path):
    tracking.check_database(f"sqlite:///{tmp_path / 'mlflow.db'}")
    tracking.check_database("http://localhost:5000")
    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        tracking.check_database(f"sqlite:///{tmp_path / 'gone' / 'mlflow.db'}")


def test_an_unknown_tracker_is_refused(invoke, tmp_path):
    result = train(invoke, tmp_path / "run", "--set", "train.track=neptune")
    assert result.code == 1
    assert "train.track" in result.err
    assert "neptune" in result.err


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The address of MLflow's database; creating its tables takes a while."""
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


@pytest.fixture
def client(store, monkeypatch):
    """A client of MLflow's database, in which trainings are tracked."""
    import mlflow

    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    return mlflow.MlflowClient(tracking_uri=store)


def find_run(client, name):
    (experiment,) = client.search_experiments(filter_string="name = 'imdb-gru'")
    (run,) = client.search_runs([experiment.experiment_id], filter_string=f"attributes.run_name = '{name}'")
    return run


@pytest.mark.filterwarnings("ignore")
def test_mlflow_has_the_config_the_epochs_and_the_status(client, tmp_path):
    session = open_tracked(tmp_path / "tracked")
    session.train(stop)
    stopped = find_run(client, "tracked")
    assert stopped.info.status == "KILLED"
    resumed = open_tracked(tmp_path / "tracked", run=session.run)
    resumed.restore()
    metrics = resumed.train(ignore)
    run = find_run(client, "tracked")  # there is still only one of this name
    assert (run.info.run_id, run.info.status) == (stopped.info.run_id, "FINISHED")
    assert (run.data.params["model.units"], run.data.params["train.track"]) == ("5", "mlflow")
    assert run.data.tags["imdb_gru.run"] == str(tmp_path / "tracked")
    logged = client.get_metric_history(run.info.run_id, "validation_loss")
    assert [(one.step, one.value) for one in logged] == [
        (record.epoch, record.validation_loss) for record in session.run.load_history()
    ]
    assert run.data.metrics["best_validation_accuracy"] == metrics.best.validation_accuracy


@pytest.mark.filterwarnings("ignore")
def test_mlflow_marks_a_failed_run(client, tmp_path):
    with pytest.raises(ImdbGruError, match="training diverged"):
        open_tracked(tmp_path / "diverged", learning_rate=1e30, clip_norm=None).train(ignore)
    assert find_run(client, "diverged").info.status == "FAILED"


@pytest.mark.filterwarnings("ignore")
def test_the_folder_of_mlflow_is_that_in_which_training_began(client, tmp_path, monkeypatch, store):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    assert tracking._make_absolute("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"
    for uri in (store, "http://localhost:5000", "databricks"):
        assert tracking._make_absolute(uri) == uri


@pytest.mark.filterwarnings("ignore")
def test_wandb_writes_the_run_to_a_folder(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb", reason="the extra wandb is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    session = open_tracked(tmp_path / "tracked", "wandb")
    session.train(stop)
    resumed = open_tracked(tmp_path / "tracked", "wandb", run=session.run)
    resumed.restore()
    resumed.train(ignore)
    wandb.teardown()  # waits until everything is written, as the end of the process does
    first, second = session.run.load_starts()
    assert first.tracked == second.tracked
    files = sorted((tmp_path / "wandb").glob(f"offline-run-*-{first.tracked['id']}/*.wandb"))
    assert len(files) == 2  # Weights & Biases writes one folder for each start, with the same id
    for file, record in zip(files, session.run.load_history(), strict=True):
        content = file.read_bytes()
        for part in ("imdb-gru", "tracked", '"units":5', "validation_loss", str(record.validation_loss)):
            assert part.encode() in content.replace(b'": ', b'":'), part
    assert b"best_validation_accuracy" in files[1].read_bytes()
