import contextlib
import json
import os
import shutil
import threading

import numpy as np
import pytest
from support.table_runs import ROWS, make_table_run, write_rows

from imdb_gru.config import Config, load_config
from imdb_gru.corpus.digests import digest_texts
from imdb_gru.errors import ConfigError, RunError
from imdb_gru.runs.catalogue import create_run, find_run
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import load_network
from imdb_gru.system.writing import write_atomically


@pytest.fixture
def run(sample_run, tmp_path):
    """A copy of a finished run, to be damaged."""
    shutil.copytree(sample_run.path, tmp_path / "runs" / "copy")
    return Run(tmp_path / "runs" / "copy")


@pytest.mark.keras
def test_a_finished_run_is_complete(sample_run):
    assert sample_run.state == "complete"
    names = {path.name for path in sample_run.path.iterdir()}
    sealed = {path.name for path in sample_run.sealed_paths}
    assert sealed >= {"config.yaml", "vocabulary.json", "model.keras", "weights.npz", "environment.jsonl"}
    assert {*names, "soft_targets.npz"} == {*sealed, "metrics.json"}  # there were no teachers
    assert sample_run.load_metrics().best.epoch in (1, 2)
    assert [record.epoch for record in sample_run.load_history()] == [1, 2]


@pytest.fixture
def table_run(tmp_path):
    return make_table_run(tmp_path / "table", write_rows(tmp_path / "a.csv"))


def test_a_run_remembers_its_training_reviews(table_run):
    config = table_run.load_config()
    seen = table_run.load_seen()
    assert len(seen.digests) == 90
    assert seen.count(digest_texts([ROWS[0][0], "Another."], config.text, table_run.load_vocabulary())) == 1
    table_run.seen_path.unlink()
    assert table_run.find_damage() == "seen.npz is missing"


def test_a_run_without_digests_is_complete(tmp_path):
    run = make_table_run(tmp_path / "table", write_rows(tmp_path / "a.csv"), remembers=False)
    assert (run.state, run.load_seen()) == ("complete", None)
    assert "seen.npz" not in run.compare_files()
    run.seen_path.write_bytes(b"not recorded in metrics.json")
    assert (run.state, run.load_seen()) == ("complete", None)


@pytest.mark.parametrize(
    "arrays",
    [
        {"digests": np.zeros(3)},
        {"digests": np.zeros((2, 2), np.uint64)},
        {"digests": np.zeros(3, np.uint64), "share": 0},
        {"digests": np.zeros(3, np.uint64), "validation": np.zeros(3)},
    ],
)
def test_wrong_digests_are_damage(table_run, arrays):
    np.savez(table_run.seen_path, **{"share": 1, "validation": np.zeros(0, np.uint64), **arrays})
    with pytest.raises(RunError, match=r"seen\.npz cannot be read"):
        table_run.load_seen()


@pytest.mark.keras
@pytest.mark.parametrize("name", ["config.yaml", "vocabulary.json", "model.keras", "weights.npz", "history.jsonl"])
@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_damage_is_told_by_file(run, name, damage):
    path = run.path / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b" ")
    assert run.state == "damaged"
    assert name in str(run.find_damage())


@pytest.mark.keras
def test_a_run_without_final_figures_is_in_progress(run):
    run.metrics_path.unlink()
    assert run.state == "in progress"
    with pytest.raises(RunError, match="train --resume"):
        find_run(run.path)


@pytest.mark.keras
@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": 0, "files": {}}'])
def test_unreadable_figures_are_damage(run, content):
    run.metrics_path.write_text(content)
    assert run.state == "damaged"
    with pytest.raises(RunError, match="damaged"):
        run.check_complete()


def test_an_atomic_write_leaves_the_old_or_the_new(tmp_path):
    path = tmp_path / "file.txt"
    with write_atomically(path) as temporary:
        temporary.write_text("new")
    with contextlib.suppress(ZeroDivisionError), write_atomically(path) as temporary:
        temporary.write_text(f"half {1 / 0}")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.keras
def test_the_run_says_what_it_was_made_of(sample_run):
    metrics = json.loads(sample_run.metrics_path.read_text())
    assert metrics["data"]["train"] == 180
    assert metrics["data"]["validation"] == 20
    assert metrics["environment"]["seed"] == 0
    assert set(metrics["environment"]) >= {"tensorflow", "keras", "numpy", "python", "cores", "threads"}


@pytest.mark.keras
def test_weights_that_do_not_fit_are_told(run):
    config = run.load_config().model
    run.weights_path.write_bytes(run.weights_path.read_bytes()[:1000])
    with pytest.raises(RunError, match="weights"):
        load_network(run, config)


def test_a_pipe_is_written_to_and_stays_one(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with write_atomically(pipe) as temporary:
        temporary.write_text("whole")
    reader.join(10)
    assert read == ["whole"]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.keras
def test_a_run_that_started_from_another_versions_bundled_model_stays_readable(run):
    run.config_path.write_text(run.config_path.read_text().replace("pretrained: null", "pretrained: bundled"))
    config = run.load_config()
    assert (config.model.pretrained, config.model.units) == ("bundled", 8)
    with pytest.raises(ConfigError, match=r"model\.units is 8, but the bundled model has 512"):
        load_config(run.config_path)


@pytest.mark.keras
def test_runs_know_their_task(sample_run, make_next_word_run):
    other = make_next_word_run()
    assert (sample_run.task, other.task) == ("sentiment", "next_word")
    assert other.load_any_config() == other.load_next_word_config()
    with pytest.raises(RunError, match=r"a next-word model: use it with 'imdb-gru next .*choose a classifier"):
        other.load_config()
    with pytest.raises(RunError, match=r"a classifier: use it with 'imdb-gru predict .*choose a next-word"):
        sample_run.load_next_word_config()


@pytest.mark.keras
def test_only_a_stopped_run_is_resumed(run, make_next_word_run):
    with pytest.raises(RunError, match="is complete, so it cannot be resumed"):
        run.check_resumable()
    other = make_next_word_run()
    other.metrics_path.unlink()
    other.check_resumable()
    with pytest.raises(RunError, match="is not complete: resume it with imdb-gru pretrain --resume"):
        find_run(other.path, "next_word")


def test_a_stopped_run_is_resumed_only_with_all_that_it_was(tmp_path):
    run = create_run(tmp_path / "run", Config())
    for path in (*run.sealed_paths[1:], run.checkpoint_path):
        path.write_text("")
    run.seal({"interrupted": True, "best": {"epoch": 1}, "data": {"hash": "a"}})
    run.check_resumable()
    run.checkpoint_path.unlink()
    with pytest.raises(RunError, match=r"checkpoint\.npz is missing; the model of the best epoch can still be used"):
        run.check_resumable()
    run.config_path.write_text(run.config_path.read_text().replace("epochs: auto", "epochs: 4"))
    with pytest.raises(RunError, match=r"config\.yaml has changed since the run was completed"):
        run.check_resumable()
