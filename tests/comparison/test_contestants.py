import json
from pathlib import Path

import pytest
from conftest import start_from_scratch

from imdb_gru.comparison.baseline import Baseline
from imdb_gru.comparison.contestants import (
    build_contestants,
    check_folder,
    check_training_reviews,
    find_state,
    open_runs,
    pair_contestants,
)
from imdb_gru.config import build_config
from imdb_gru.errors import ConfigError, RunError
from imdb_gru.run import Run
from imdb_gru.runs import create_run

CONFIG = build_config(start_from_scratch({"data": {"path": "sample"}, "model": {"cell": "lstm", "units": 3}}), "test")


def finish(path, config=CONFIG, data_hash="a", **metrics):
    """A run that looks finished, without a model in it."""
    run = create_run(path, config)
    for file in run.sealed_paths[1:]:
        file.write_text("")
    run.seal({"interrupted": False, "best": {"epoch": 1}, "data": {"hash": data_hash}, **metrics})
    return run


def test_all_have_one_config_but_for_cell_and_seed():
    contestants = build_contestants(CONFIG, ["simple_rnn", "linear"], 2, Path("d"))
    assert [str(contestant.path) for contestant in contestants] == [
        "d/simple_rnn-0", "d/linear-0", "d/simple_rnn-1", "d/linear-1",
    ]  # fmt: skip
    assert [contestant.config.model.cell for contestant in contestants] == ["simple_rnn", "gru"] * 2
    assert [contestant.config.train.seed for contestant in contestants] == [0, 0, 1, 1]
    assert {contestant.config.model.units for contestant in contestants} == {3}
    assert [type(contestant.result) for contestant in contestants[:2]] == [Run, Baseline]


def test_a_config_that_a_cell_cannot_have_is_refused():
    fused = build_config(start_from_scratch({"train": {"engine": "fused"}}), "test")
    with pytest.raises(ConfigError, match="the config for lstm has an error"):
        build_contestants(fused, ["gru", "lstm"], 1, Path("d"))


def test_states(tmp_path):
    gru, linear = build_contestants(CONFIG, ["gru", "linear"], 1, tmp_path)
    gru.path.mkdir()
    assert (find_state(gru), find_state(linear)) == ("new", "new")
    metrics_path = finish(gru.path, gru.config).metrics_path
    assert find_state(gru) == "complete"
    metrics = json.loads(metrics_path.read_text())
    metrics_path.write_text(json.dumps({**metrics, "interrupted": True}))
    assert find_state(gru) == "unfinished"
    metrics_path.unlink()
    assert find_state(gru) == "unfinished"


def test_what_is_in_the_way_is_refused(tmp_path):
    gru, lstm, linear = build_contestants(CONFIG, ["gru", "lstm", "linear"], 1, tmp_path)
    finish(gru.path, gru.config.model_copy(update={"text": gru.config.text.model_copy(update={"length": 9})}))
    with pytest.raises(RunError, match=r"another config \(text.length 9, not 500\): name another folder with --into"):
        find_state(gru)
    finish(lstm.path, lstm.config).weights_path.write_text("changed")
    with pytest.raises(RunError, match=r"is damaged: weights\.npz has changed"):
        find_state(lstm)
    linear.path.write_text("")
    with pytest.raises(RunError, match="is a file"):
        find_state(linear)
    (other,) = build_contestants(CONFIG, ["gru"], 1, tmp_path / "other")
    (other.path / "photos").mkdir(parents=True)
    with pytest.raises(RunError, match="holds other files"):
        find_state(other)


@pytest.mark.parametrize(
    ("content", "message"),
    [("config.yaml", "is a run"), ("photo.jpg", "holds other files"), ("gru-0", None), ("comparison.json", None)],
)
def test_where_a_comparison_may_be_written(tmp_path, content, message):
    folder = tmp_path / "d"
    check_folder(folder)
    folder.mkdir()
    check_folder(folder)
    (folder / content).touch()
    if message is None:
        check_folder(folder)
        return
    with pytest.raises(RunError, match=message):
        check_folder(folder)
    with pytest.raises(RunError, match="is a file"):
        check_folder(folder / content)


def test_finished_runs_are_models_of_their_own(tmp_path):
    paths = [tmp_path / "a" / "one", tmp_path / "b" / "one", tmp_path / "linear"]
    for path in paths:
        finish(path)
    contestants = open_runs(paths, same_data=True)
    assert [contestant.model for contestant in contestants] == ["one", str(paths[1]), str(paths[2])]
    assert all(isinstance(contestant.result, Run) for contestant in contestants)
    assert len(pair_contestants(contestants)) == 3


def test_runs_that_cannot_be_compared(tmp_path):
    one, other = finish(tmp_path / "one").path, tmp_path / "other"
    with pytest.raises(RunError, match="are the same run"):
        open_runs([one, tmp_path / "x" / ".." / "one"], same_data=True)
    create_run(other, CONFIG)
    with pytest.raises(RunError, match="is not finished"):
        open_runs([one, other], same_data=True)
    (other / "config.yaml").unlink()
    finish(other, build_config(start_from_scratch({"data": {"path": "sample", "limit": 7}}), "test"))
    with pytest.raises(RunError, match=r"different reviews \(data.limit None, not 7\): name those of both with --data"):
        open_runs([one, other], same_data=True)
    assert len(open_runs([one, other], same_data=False)) == 2


def test_pairs_share_a_seed_and_its_reviews(tmp_path):
    contestants = build_contestants(CONFIG, ["gru", "lstm"], 2, tmp_path)
    pairs = pair_contestants(contestants)
    assert [(one.path.name, other.path.name) for one, other in pairs] == [("gru-0", "lstm-0"), ("gru-1", "lstm-1")]
    for contestant in contestants:
        finish(contestant.path, contestant.config, data_hash=str(contestant.seed))
    check_training_reviews(contestants)
    metrics = contestants[0].path / "metrics.json"
    metrics.write_text(metrics.read_text().replace('"hash": "0"', '"hash": "9"'))
    with pytest.raises(RunError, match=r"gru-0 and .*lstm-0 were trained on different reviews"):
        check_training_reviews(contestants)
