"""Configs: shown, checked, described, found by name and changed by --set."""

import json

import pytest
import yaml


def test_config_show_check_and_schema(invoke, tmp_path):
    shown = invoke("config", "show", "--config", "scratch", "--set", "model.cell=lstm")
    assert "cell: lstm" in shown.out
    (tmp_path / "my.yaml").write_text(shown.out)
    assert invoke("config", "check", "my.yaml").out == "my.yaml: valid\n"
    schema = json.loads(invoke("config", "schema").out)
    assert schema["properties"].keys() == {"task", "data", "text", "model", "train"}
    assert "description" in schema["$defs"]["TrainConfig"]["properties"]["warmup"]
    schema = json.loads(invoke("config", "schema", "--task", "next_word").out)
    assert "description" in schema["$defs"]["PretrainConfig"]["properties"]["samples"]
    (tmp_path / "my.yaml").write_text("train: {epocs: 1}")
    assert invoke("config", "check", "my.yaml").code == 1


def test_config_show_check_and_schema_know_sweeps(invoke, tmp_path):
    shown = invoke("config", "show", "--config", "sweep", "--set", "train.seed=7")
    assert "  train:\n    learning_rate: 0.001\n" in shown.out
    assert "    seed: 7\n" in shown.out
    (tmp_path / "my.yaml").write_text(shown.out)
    assert invoke("config", "check", "my.yaml", "sweep", "pretrain").out == (
        "my.yaml: valid\nsweep: valid\npretrain: valid\n"
    )
    (tmp_path / "my.yaml").write_text("task: sweep\nbase: scratch\nspace: {train.epochs: {range: [0, 4]}}")
    result = invoke("config", "check", "my.yaml")
    assert result.code == 1
    assert "space.train.epochs: input should be greater than or equal to 1, got 0" in result.err
    schema = json.loads(invoke("config", "schema", "--task", "sweep").out)
    assert {"base", "space", "asha"} <= schema["properties"].keys()


@pytest.mark.parametrize("command", [["train"], ["pretrain"], ["compare"], ["config", "show"], ["sweep", "sweep"]])
@pytest.mark.parametrize("setting", ["foo", "=3", "train..epochs=3", "train.epochs=["])
def test_a_setting_of_another_form_is_wrong_usage(invoke, command, setting):
    result = invoke(*command, "--set", setting)
    assert result.code == 2
    assert f"Invalid value for '--set': {setting}" in result.err
    assert ("such as train.epochs=3" in result.err) == (setting != "train.epochs=[")


def test_the_last_of_several_settings_of_one_key_counts(invoke):
    settings = ["model.dropout.word=0.3", "model.dropout={output: 0.2}", "model.dropout.word=0.4", "train.epochs=9"]
    shown = yaml.safe_load(invoke("config", "show", *(f"--set={setting}" for setting in settings)).out)
    assert shown["model"]["dropout"] == {"word": 0.4, "embedding": 0.1, "recurrent": 0.0, "output": 0.2}
    assert shown["train"]["epochs"] == 9


@pytest.mark.parametrize(
    "command", [["train", "--config"], ["pretrain", "--config"], ["compare", "--config"], ["sweep"]]
)
def test_a_config_is_found_by_name(invoke, command):
    result = invoke(*command, "nowhere")
    assert result.code == 1
    assert "Error: there is no config named 'nowhere'; available configs: best, best-pretrain, default, " in result.err
