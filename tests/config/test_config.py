from pathlib import Path

import pytest
import yaml
from support.models import flatten
from support.paths import ROOT

from imdb_gru.config import (
    Config,
    NextWordConfig,
    build_config,
    list_names,
    load_any_config,
    load_config,
    names,
    parse_override,
)
from imdb_gru.config.schema import INHERITED
from imdb_gru.config.sweep import SweepConfig, load_config_or_sweep
from imdb_gru.errors import ConfigError
from imdb_gru.runs.catalogue import BundledRun

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
NAMES = ["best", "best-pretrain", "default", "fast", "pretrain", "sample", "scratch", "sweep", "tutorial"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_shipped_config_is_valid_and_opens_with_its_command(path):
    config = load_config_or_sweep(path)
    assert config == load_config_or_sweep(path.stem)
    command = "sweep" if isinstance(config, SweepConfig) else f"{config.command} --config"
    assert f"imdb-gru {command} {path.stem}" in path.read_text().splitlines()[0]


def test_the_configs_in_the_package_are_known_by_name():
    assert list_names() == sorted(path.stem for path in CONFIGS) == NAMES


@pytest.mark.parametrize(("name", "kind"), [("default", Config), ("pretrain", NextWordConfig)])
def test_the_defaults_of_a_command_are_documented_in_a_file(name, kind):
    assert yaml.safe_load((ROOT / "configs" / f"{name}.yaml").read_text()) == yaml.safe_load(kind().to_yaml())
    assert load_any_config(name) == kind()
    assert load_config(kind=kind) == kind()


RESOLVED = {
    "scratch": {
        "model.embedding": 64,
        "model.units": 128,
        "model.dropout.word": 0.2,
        "model.dropout.embedding": 0.4,
        "model.dropout.output": 0.5,
        "model.pooling": ["last", "max"],
        "model.pretrained": None,
        "train.learning_rate": 0.002,
        "train.steps": 1400,
        "train.precision": "float32",
        "train.adversarial": None,
    },
    "sample": {
        "data.path": "sample",
        "model.embedding": 32,
        "model.units": 64,
        "model.dropout.word": 0.0,
        "model.dropout.embedding": 0.0,
        "model.dropout.output": 0.0,
        "model.pooling": ["last", "max"],
        "model.pretrained": None,
        "train.learning_rate": 0.01,
        "train.epochs": 5,
        "train.batch_size": 32,
        "train.precision": "float32",
        "train.deterministic": True,
        "train.objective": "linear",
        "train.averaging": None,
        "train.adversarial": None,
    },
    "tutorial": {
        "text.tokenizer": "keras",
        "text.vocabulary": "keras",
        "text.max_words": 5000,
        "model.embedding": 32,
        "model.units": 128,
        "model.dropout.word": 0.0,
        "model.dropout.embedding": 0.0,
        "model.dropout.output": 0.0,
        "model.pooling": ["last"],
        "model.pretrained": None,
        "train.schedule": "constant",
        "train.warmup": 0.0,
        "train.clip_norm": None,
        "train.epochs": 5,
        "train.batch_size": 64,
        "train.precision": "float32",
        "train.averaging": None,
        "train.adversarial": None,
        "train.batches": "padded",
    },
    "fast": {"model.dropout.word": 0.05, "train.steps": 700, "train.adversarial": None},
    "best": {"model.pretrained": "runs/best-words", "model.embedding": 256, "model.units": 1024},
    "default": {},
}
"""The keys in which each config differs from the defaults: the published figures were made with these values."""


@pytest.mark.parametrize("name", RESOLVED)
def test_a_shipped_config_trains_what_its_published_figures_were_made_with(name):
    assert flatten(load_config(name).model_dump()) == flatten(Config().model_dump()) | RESOLVED[name]


@pytest.mark.parametrize(
    "key", ["model.pretrained=null", "model.pretrained=runs/words", "train.epochs=7", "model.pooling=[last]"]
)
def test_a_key_that_is_set_changes_no_other(key):
    name, value = parse_override(key)
    config = flatten(load_config(overrides={name: value}).model_dump())
    assert config == flatten(Config().model_dump()) | {name: value}


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("model.units", 256, "model.units is 256, but the bundled model has 512"),
        ("model.embedding", 64, "model.embedding is 64, but the bundled model has 128"),
        ("model.layers", 2, "model.layers is 2, but the bundled model has 1"),
        ("model.cell", "lstm", "model.cell is lstm, but the bundled model has gru"),
        ("model.bidirectional", True, "model.bidirectional is true, but the bundled model is unidirectional"),
        ("text.tokenizer", "keras", "text.tokenizer is keras, but the bundled model has words"),
        ("text.max_words", None, "text.max_words is null, but the bundled model has 20000"),
        ("text.min_count", 2, "text.min_count is 2, but the bundled model has 1"),
    ],
)
def test_a_key_that_the_bundled_model_settles_is_refused_with_what_to_do(key, value, complaint):
    with pytest.raises(ConfigError) as error:
        load_config(overrides={key: value})
    remedy = "use --config scratch, or --set model.pretrained=null"
    assert str(error.value) == f"the config has an error:\n  {complaint}: {remedy}"
    section, _, name = key.partition(".")
    for config in (load_config("scratch", {key: value}), load_config(None, {key: value, "model.pretrained": None})):
        assert getattr(getattr(config, section), name) == value
        assert config.model.pretrained is None


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        (
            {"model.pretrained": "bundled", "model.units": 64},
            "model.units is 64, but the bundled model has 512: use --set model.pretrained=null",
        ),
        (
            {"model.pretrained": "bundled-classifier"},
            "model.pretrained: a next-word model cannot start from a classifier, got bundled-classifier; use bundled",
        ),
    ],
    ids=["sizes", "classifier"],
)
def test_a_next_word_model_starts_from_the_bundled_one_as_it_is(overrides, complaint):
    with pytest.raises(ConfigError) as error:
        load_config("pretrain", overrides, NextWordConfig)
    assert str(error.value) == f"the config pretrain has an error:\n  {complaint}"
    assert load_config("pretrain", {"model.pretrained": "bundled"}, NextWordConfig).model.pretrained == "bundled"


def test_all_that_the_bundled_model_settles_is_told_at_once():
    with pytest.raises(
        ConfigError, match=r"3 errors:\n  text\.vocabulary: .*\n  text.vocabulary is .*\n  model.units is"
    ):
        load_config(overrides={"model.units": 9, "text.vocabulary": "keras"})


def test_the_default_sizes_and_words_are_those_of_the_model_in_the_package():
    packaged = BundledRun("next_word").load_any_config().model_dump()
    for section, keys in INHERITED.items():
        for key in keys:
            assert packaged[section][key] == Config().model_dump()[section][key]


def test_a_config_is_found_by_its_name_or_its_path(tmp_path):
    Path("fast").write_text("train: {epochs: 9}")
    Path("fast.yaml").write_text("train: {epochs: 8}")
    assert load_config("fast").train.steps == 700
    assert load_config("./fast").train.epochs == load_config(Path("fast")).train.epochs == 9
    assert load_config("fast.yaml").train.epochs == 8
    assert load_any_config("pretrain") == NextWordConfig()


def test_an_installed_package_has_the_configs_in_itself(tmp_path, monkeypatch):
    (tmp_path / "installed").mkdir()
    (tmp_path / "installed" / "only.yaml").write_text("train: {epochs: 9}")
    monkeypatch.setattr(names, "FOLDERS", (tmp_path / "installed", ROOT / "configs"))
    assert list_names() == ["only"]
    assert load_config("only").train.epochs == 9


def test_an_unknown_name_is_told_with_the_names_there_are():
    with pytest.raises(ConfigError) as error:
        load_config("scrach")
    assert "there is no config named 'scrach'; did you mean scratch?" in str(error.value)
    assert ", ".join(NAMES) in str(error.value)
    assert "such as ./my.yaml" in str(error.value)


def test_mistakes_in_a_named_config_are_told_by_its_name():
    with pytest.raises(ConfigError, match=r"^the config fast has an error:\n  train\.epocs"):
        load_config("fast", {"train.epocs": 1})


def test_a_config_that_is_built_already_is_taken_and_checked_anew():
    config = load_config("scratch")
    assert load_config(config) == config
    changed = load_config(config, {"train.epochs": 9, "model.dropout": {"word": 0.3}})
    assert (changed.train.epochs, changed.model.units, config.train.epochs) == (9, 128, "auto")
    assert changed.model.dropout.word == 0.3
    assert load_any_config(NextWordConfig(), {"model.units": 9}).model.units == 9
    with pytest.raises(ConfigError, match="input should be greater than or equal to 1, got 0"):
        load_config(config, {"train.epochs": 0})
    with pytest.raises(
        ConfigError, match=r"train\.epochs\.deep cannot be set: epochs is 'auto', not a section of keys"
    ):
        load_config(config, {"train.epochs.deep": 0})
    with pytest.raises(ConfigError, match="for the task next_word, not sentiment"):
        load_config(NextWordConfig())


def test_overrides_are_kept_as_they_were_given():
    pooling = ["last"]
    overrides = {"model.pooling": pooling, "model.dropout": {"word": 0.2}}
    load_config(overrides=overrides | {"model.dropout.output": 0.1})
    assert overrides == {"model.pooling": ["last"], "model.dropout": {"word": 0.2}}


@pytest.mark.parametrize("key", ["", ".", "train.", ".epochs", "a..b"])
def test_what_is_no_dotted_key_is_told(key):
    with pytest.raises(ConfigError, match="is not a dotted key"):
        load_config(overrides={key: 1})


def test_a_written_config_is_read_back(tmp_path):
    config = build_config({"model": {"dense": [3], "pooling": ["max", "last"]}, "train": {"averaging": 0.9}}, "test")
    (tmp_path / "c.yaml").write_text(config.to_yaml())
    assert load_config(tmp_path / "c.yaml") == config
