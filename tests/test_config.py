from pathlib import Path

import pytest
import yaml

from imdb_gru.config import Config, build_config, load_config
from imdb_gru.errors import ConfigError

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_shipped_config_is_valid_and_opens_with_its_command(path):
    load_config(path)
    assert f"imdb-gru train --config configs/{path.name}" in path.read_text().splitlines()[0]


def test_default_yaml_is_the_schemas_defaults():
    path = next(path for path in CONFIGS if path.name == "default.yaml")
    assert yaml.safe_load(path.read_text()) == yaml.safe_load(Config().to_yaml())


def test_a_written_config_is_read_back(tmp_path):
    config = build_config({"model": {"dense": [3], "pooling": ["max", "last"]}, "train": {"averaging": 0.99}}, "test")
    (tmp_path / "c.yaml").write_text(config.to_yaml())
    assert load_config(tmp_path / "c.yaml") == config


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("train.learning_rate=1e-3", 0.001),
        ("train.learning_rate=.5", 0.5),
        ("train.epochs=7", 7),
        ("train.patience=null", None),
        ("train.clip_norm=2", 2.0),
        ("model.pooling=[last, max]", ["last", "max"]),
        ("data.path=a=b.csv", "a=b.csv"),
        ("model.dropout.word=0.5", 0.5),
    ],
)
def test_any_key_can_be_set(override, value):
    config = load_config(overrides=[override]).model_dump()
    for key in override.partition("=")[0].split("."):
        config = config[key]
    assert config == value


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.epocs=3", "train.epocs: no such key; did you mean train.epochs?"),
        ("learning_rate=1", "learning_rate: no such key; did you mean train.learning_rate?"),
        ("train.epochs=2.5", "train.epochs: input should be a valid integer, got 2.5"),
        ("train.epochs=true", "train.epochs: input should be a valid integer, got True"),
        ("train.epochs=0", "train.epochs: input should be greater than or equal to 1, got 0"),
        ("model.cell=gpu", "model.cell: input should be 'gru', 'lstm' or 'simple_rnn', got 'gpu'"),
        ("model.dropout.word=1", "model.dropout.word: input should be less than 1, got 1"),
        ("model.dropout=3", "model.dropout: should be a section of keys, got 3"),
        ("train.learning_rate=.nan", "train.learning_rate: input should be"),
        ("model.pooling=[]", "model.pooling: list should have at least 1 item"),
        ("model.pooling=[last, last]", "model.pooling: names each way once"),
        ("text.vocabulary=keras", "text.vocabulary: keras goes with text.tokenizer: keras only, got words"),
        ("epochs", "not of the form section.key=value"),
        ("=3", "not of the form section.key=value"),
        ("train.epochs=[", "the value is not YAML"),
        ("train.epochs.deep=3", "train.epochs: input should be a valid integer"),
    ],
)
def test_a_wrong_override_is_told(override, message):
    with pytest.raises(ConfigError) as error:
        load_config(overrides=[override])
    assert message in str(error.value)


def test_all_errors_are_told_at_once():
    with pytest.raises(ConfigError) as error:
        load_config(overrides=["train.epocs=3", "model.units=many", "text.truncate=left"])
    assert [line.split(":")[0].strip() for line in str(error.value).splitlines()[1:]] == [
        "text.truncate",
        "model.units",
        "train.epocs",
    ]
    with pytest.raises(ConfigError, match=r"2 errors:\n  text.vocabulary: .*\n  train.patience: "):
        load_config(overrides=["text.vocabulary=keras", "train.patience=1", "train.validation_split=0"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("train: [", "is not YAML"),
        ("- 1", "holds [1]"),
        ("train:\n  epochs: 1\n  epochs: 2", "the key 'epochs' stands twice"),
        ("train: !!python/object/apply:os.system ['true']", "is not YAML"),
        ("\x00", "is not YAML"),
    ],
)
def test_a_wrong_file_is_told(tmp_path, content, message):
    (tmp_path / "c.yaml").write_text(content)
    with pytest.raises(ConfigError) as error:
        load_config(tmp_path / "c.yaml")
    assert message in str(error.value)


def test_an_empty_file_is_the_defaults(tmp_path):
    (tmp_path / "c.yaml").write_text("# nothing\n")
    assert load_config(tmp_path / "c.yaml") == Config()
    with pytest.raises(ConfigError, match="cannot read the config"):
        load_config(tmp_path / "missing.yaml")
