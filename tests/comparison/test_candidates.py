import json
from pathlib import Path

import pytest
from support.comparisons import CONFIG, finish
from support.models import start_from_scratch

from imdb_gru.comparison.baseline import Baseline
from imdb_gru.comparison.candidates import (
    build_candidates,
    build_models,
    check_folder,
    check_models,
    check_seeds,
    check_training_reviews,
    find_state,
    open_candidates,
    pair_candidates,
)
from imdb_gru.config import build_config
from imdb_gru.errors import ConfigError, RunError
from imdb_gru.runs.catalogue import create_run
from imdb_gru.runs.run import Run

OTHER = build_config(start_from_scratch({"data": {"path": "sample"}, "model": {"units": 9}}), "test")


def build(config, models, seeds, folder):
    return build_candidates(build_models({"scratch": config}, models), range(seeds), folder)


def test_all_have_one_config_but_for_cell_and_seed():
    candidates = build(CONFIG, ["simple_rnn", "linear"], 2, Path("d"))
    assert [str(candidate.path) for candidate in candidates] == [
        "d/simple_rnn-0", "d/linear-0", "d/simple_rnn-1", "d/linear-1",
    ]  # fmt: skip
    assert [candidate.config.model.cell for candidate in candidates] == ["simple_rnn", "gru"] * 2
    assert [candidate.config.train.seed for candidate in candidates] == [0, 0, 1, 1]
    assert {candidate.config.model.units for candidate in candidates} == {3}
    assert [type(candidate.result) for candidate in candidates[:2]] == [Run, Baseline]


def test_a_config_that_a_cell_cannot_have_is_refused():
    fused = build_config(start_from_scratch({"train": {"engine": "fused"}}), "test")
    with pytest.raises(ConfigError, match="the config for lstm has an error"):
        build(fused, ["gru", "lstm"], 1, Path("d"))


def test_states(tmp_path):
    gru, linear = build(CONFIG, ["gru", "linear"], 1, tmp_path)
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
    gru, lstm, linear = build(CONFIG, ["gru", "lstm", "linear"], 1, tmp_path)
    finish(gru.path, gru.config.model_copy(update={"text": gru.config.text.model_copy(update={"length": 9})}))
    with pytest.raises(
        RunError, match=r"another config \(text.length is 9, not 500\): choose another folder with --into"
    ):
        find_state(gru)
    finish(lstm.path, lstm.config).weights_path.write_text("changed")
    with pytest.raises(RunError, match=r"is damaged: weights\.npz has changed"):
        find_state(lstm)
    linear.path.write_text("")
    with pytest.raises(RunError, match="is a file"):
        find_state(linear)
    other, _ = build(CONFIG, ["gru", "lstm"], 1, tmp_path / "other")
    (other.path / "photos").mkdir(parents=True)
    with pytest.raises(RunError, match="holds files that do not belong to a run"):
        find_state(other)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("config.yaml", "is a run"),
        ("photo.jpg", "holds files that do not belong to a comparison"),
        ("gru-0", None),
        ("comparison.json", None),
        ("mine-7", None),
    ],
)
def test_where_a_comparison_may_be_written(tmp_path, content, message):
    folder = tmp_path / "d"
    check_folder(folder)
    folder.mkdir()
    check_folder(folder)
    (folder / content).touch()
    if message is None:
        check_folder(folder, ["mine"])
        return
    with pytest.raises(RunError, match=message):
        check_folder(folder, ["mine"])
    with pytest.raises(RunError, match="is a file"):
        check_folder(folder / content)


def test_several_configs_are_trained_as_they_are_or_with_every_cell():
    configs = {"small": CONFIG, "large": OTHER}
    assert build_models(configs, []) == configs
    assert list(build_models(configs, ["linear"])) == ["small", "large", "linear"]
    crossed = build_models(configs, ["lstm", "gru"])
    assert {name: (config.model.cell, config.model.units) for name, config in crossed.items()} == {
        "small-lstm": ("lstm", 3), "small-gru": ("gru", 3), "large-lstm": ("lstm", 9), "large-gru": ("gru", 9),
    }  # fmt: skip
    assert list(build_models({"small": CONFIG}, ["linear", "gru"])) == ["linear", "gru"]
    own = build_models({"small": CONFIG}, ["linear"])
    assert [(name, config.model.cell) for name, config in own.items()] == [("small", "lstm"), ("linear", "gru")]


def test_the_start_of_a_config_is_kept_only_if_its_cell_is():
    pretrained = CONFIG.model_copy(update={"model": CONFIG.model.model_copy(update={"pretrained": "bundled"})})
    assert build_models({"a": pretrained, "b": OTHER}, [])["a"].model.pretrained == "bundled"
    assert {config.model.pretrained for config in build_models({"a": pretrained}, ["gru", "linear"]).values()} == {None}


def test_configs_of_different_reviews_are_refused():
    other = build_config(
        start_from_scratch({"data": {"path": "sample"}, "train": {"validation_split": 0.2, "validation_seed": 4}}),
        "test",
    )
    with pytest.raises(
        ConfigError,
        match=r"a and b use different reviews \(train.validation_split is 0.1, not 0.2; train.validation_seed is None, "
        r"not 4\): choose the same reviews for both with --set",
    ):
        build_models({"a": CONFIG, "b": other}, [])


def test_seeds_are_a_number_or_a_list():
    assert check_seeds(3) == [0, 1, 2]
    assert check_seeds([7, 1]) == [7, 1]
    for seeds, message in (
        (0, "at least one seed, got 0"),
        ([], "at least one seed, got none"),
        ([1, 1], "the seed 1 is given twice"),
        ([-1], "the seed -1 is not an integer from 0 to 4294967295"),
        (["1"], "the seed '1' is not an integer"),
    ):
        with pytest.raises(ConfigError, match=message):
            check_seeds(seeds)


def seed_config(seed, **sections):
    return build_config(start_from_scratch({"data": {"path": "sample"}, "train": {"seed": seed}, **sections}), "test")


def list_models(paths):
    return [candidate.model for candidate in open_candidates(paths, same_data=True)]


def test_complete_runs_of_one_config_are_one_model(tmp_path):
    paths = [finish(tmp_path / f"best-seed{seed}", seed_config(seed)).path for seed in (3, 1)]
    lstm = finish(tmp_path / "lstm", seed_config(3, model={"cell": "lstm"})).path
    assert list_models([paths[0], lstm, paths[1]]) == ["best", "lstm", "best"]
    assert list_models(paths) == ["best", "best"]
    (tmp_path / "x").mkdir()
    other = finish(tmp_path / "x" / "other", seed_config(7)).path
    assert list_models([*paths, other]) == ["best-seed3"] * 3  # their names have no common stem


def test_runs_of_one_config_on_different_engines_are_different_models(tmp_path):
    paths = []
    for seed in (0, 1):
        for engine in ("fused", "keras"):
            path = tmp_path / f"{engine}-{seed}"
            paths.append(finish(path, seed_config(seed), environment={"engine": engine}).path)
    assert list_models(paths) == ["fused", "keras", "fused", "keras"]


def test_runs_of_one_config_and_one_seed_are_models_of_their_own(tmp_path):
    paths = [tmp_path / "a" / "one", tmp_path / "b" / "one", tmp_path / "linear"]
    for path in paths:
        finish(path)
    candidates = open_candidates(paths, same_data=True)
    assert [candidate.model for candidate in candidates] == ["one", str(paths[1]), str(paths[2])]
    assert all(isinstance(candidate.result, Run) for candidate in candidates)
    assert len(pair_candidates(candidates)) == 3


def test_the_model_in_the_package_is_compared_by_its_name(tmp_path):
    path = finish(tmp_path / "one").path
    bundled, run = open_candidates(["bundled", Run(path)], same_data=False)
    assert (bundled.model, str(bundled), bundled.result.base is not None) == ("bundled", "bundled", True)
    assert (run.model, str(run)) == ("one", str(path))


def list_names(models):
    check_models(models)
    return list(build_models({"scratch": CONFIG}, models))


@pytest.mark.parametrize(
    ("models", "message"),
    [
        (["gru", "transformer"], "unknown model 'transformer': choose from gru, lstm, simple_rnn, linear"),
        (["gru", "gru"], "gru is given twice"),
        (["gru"], "at least two models, got gru"),
        ([], "at least two models, got scratch: choose from .* with --models, or repeat --config"),
    ],
)
def test_models_that_cannot_be_compared(models, message):
    with pytest.raises(ConfigError, match=message):
        list_names(models)


def test_runs_that_cannot_be_compared(tmp_path):
    one, other = finish(tmp_path / "one").path, tmp_path / "other"
    with pytest.raises(RunError, match="one is the only run given: a comparison needs at least two"):
        open_candidates([one], same_data=True)
    (tmp_path / "x").mkdir()
    with pytest.raises(RunError, match="are the same run"):
        open_candidates([one, tmp_path / "x" / ".." / "one"], same_data=True)
    create_run(other, CONFIG)
    with pytest.raises(RunError, match="is not complete"):
        open_candidates([one, other], same_data=True)
    (other / "config.yaml").unlink()
    finish(other, build_config(start_from_scratch({"data": {"path": "sample", "limit": 7}}), "test"))
    with pytest.raises(
        RunError, match=r"different reviews \(data.limit is None, not 7\): choose the same reviews for both with --data"
    ):
        open_candidates([one, other], same_data=True)
    assert len(open_candidates([one, other], same_data=False)) == 2


def test_pairs_share_a_seed_and_its_reviews(tmp_path):
    candidates = build(CONFIG, ["gru", "lstm"], 2, tmp_path)
    pairs = pair_candidates(candidates)
    assert [(one.path.name, other.path.name) for one, other in pairs] == [("gru-0", "lstm-0"), ("gru-1", "lstm-1")]
    for candidate in candidates:
        finish(candidate.path, candidate.config, data_hash=str(candidate.seed))
    check_training_reviews(candidates)
    metrics = candidates[0].path / "metrics.json"
    metrics.write_text(metrics.read_text().replace('"hash": "0"', '"hash": "9"'))
    with pytest.raises(RunError, match=r"gru-0 and .*lstm-0 have different training or validation reviews"):
        check_training_reviews(candidates)
