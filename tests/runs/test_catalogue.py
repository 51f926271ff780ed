import os
import shutil

import pytest

from imdb_gru.config import Config, NextWordConfig, load_config
from imdb_gru.errors import RunError
from imdb_gru.runs import catalogue as runs
from imdb_gru.runs.catalogue import BundledRun, check_free, create_run, find_run, list_runs
from imdb_gru.runs.run import Run


@pytest.fixture
def run(pair, tmp_path):
    """A finished classifier under runs/."""
    shutil.copytree(pair[1].path, tmp_path / "runs" / "copy")
    return Run(tmp_path / "runs" / "copy")


def test_the_newest_complete_run_is_found(run, tmp_path):
    older = tmp_path / "runs" / "older"
    shutil.copytree(run.path, older)
    os.utime(older / "metrics.json", (1, 1))
    (tmp_path / "runs" / "unfinished").mkdir()
    (tmp_path / "runs" / "unfinished" / "config.yaml").write_text("")
    assert find_run(None).path.resolve() == run.path
    assert [found.path.name for found in list_runs()] == ["older", "copy", "unfinished"]
    run.model_path.unlink()
    assert find_run(None).path.name == "older"


def test_the_newest_run_of_the_task_is_found(run, make_next_word_run):
    newer = make_next_word_run()
    assert find_run(None).path.resolve() == run.path
    assert find_run(None, "next_word").path.resolve() == newer.path
    assert find_run(newer.path).path == newer.path


def test_what_is_no_finished_run_is_told_with_what_to_do(run, tmp_path):
    with pytest.raises(RunError, match="there is no run at"):
        find_run(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunError, match="is not a run"):
        find_run(tmp_path / "folder")
    run.metrics_path.unlink()
    with pytest.raises(RunError, match="train --resume"):
        find_run(run.path)


def test_where_there_is_none_the_one_in_the_package_is_found(bundled, run):
    folder, *_ = bundled
    assert find_run(None).path.name == "copy"
    assert find_run(None, "next_word").path == folder / "next_word"
    run.metrics_path.unlink()
    found = find_run(None)
    assert (found.path, str(found), found.task, found.state) == (
        folder / "sentiment",
        "bundled",
        "sentiment",
        "complete",
    )
    assert found.base.path == folder / "next_word"
    shutil.rmtree("runs")
    assert find_run(None).path == folder / "sentiment"


@pytest.mark.parametrize("task", ["sentiment", "next_word"])
def test_the_one_in_the_package_can_be_named(bundled, run, tmp_path, task):
    found = find_run(runs.Path("bundled"), task)
    assert isinstance(found, BundledRun)
    assert (found.task, found.state) == (task, "complete")
    shutil.copytree(run.path, tmp_path / "bundled")  # a folder of that name goes before
    assert find_run(runs.Path("bundled"), task).path.resolve() == tmp_path / "bundled"


def test_the_package_is_where_one_is_looked_for():
    assert BundledRun("sentiment").path == runs.Path(runs.__file__).parent.parent / "bundled" / "sentiment"


@pytest.mark.parametrize("name", ["sentiment/config.yaml", "sentiment/weights.npz", "vocabulary.json"])
def test_damage_of_the_one_in_the_package_is_told(bundled, name):
    folder, *_ = bundled
    for task in ("sentiment", "next_word"):
        BundledRun(task).check_complete()
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(RunError, match=rf"^bundled is damaged: {name.split('/')[-1]} has changed"):
        BundledRun("sentiment").check_complete()


def test_nothing_is_overwritten_unasked(run, tmp_path):
    with pytest.raises(RunError, match="--overwrite"):
        create_run(run.path, Config())
    create_run(run.path, Config(), overwrite=True)
    assert {path.name for path in run.path.iterdir()} == {"config.yaml"}
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("precious")
    with pytest.raises(RunError, match="contains files that do not belong to a run"):
        check_free(other, overwrite=True)
    with pytest.raises(RunError, match="is a file"):
        check_free(other / "thesis.tex", overwrite=True)


def test_the_name_of_the_model_in_the_package_is_no_folders():
    with pytest.raises(RunError, match="bundled is the model that comes with the package; it cannot be replaced: "):
        check_free(runs.Path("bundled"), overwrite=True)


def test_a_run_without_a_name_gets_one_of_its_own():
    scratch = load_config("scratch")
    created = [create_run(None, config) for config in (scratch, scratch, NextWordConfig())]
    assert len({run.path for run in created}) == 3
    assert all(run.path.parent == runs.RUNS for run in created)
    assert [run.path.name.split("-")[2] for run in created] == ["gru128", "gru128", "gru512"]
    assert list_runs(runs.Path("nowhere")) == []


@pytest.mark.parametrize(("task", "command"), [("sentiment", "train"), ("next_word", "pretrain")])
def test_where_nothing_is_in_the_package_either_it_says_what_to_do(monkeypatch, tmp_path, task, command):
    monkeypatch.setattr(runs, "BUNDLE", tmp_path / "nothing")
    for path in (None, runs.Path("bundled")):
        with pytest.raises(RunError, match=f"there is no complete run .*: start one with 'imdb-gru {command}'"):
            find_run(path, task)
