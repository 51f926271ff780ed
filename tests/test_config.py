from pathlib import Path

import pytest
import yaml

from imdb_gru.config import COMMANDS, Config, NextWordConfig, build_config, build_schema, load_any_config, load_config
from imdb_gru.config.defaults import FIXED, SCRATCH, find_departures
from imdb_gru.config.sweep import load_sweep
from imdb_gru.errors import ConfigError
from imdb_gru.runs import BundledRun

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_shipped_config_is_valid_and_opens_with_its_command(path, monkeypatch):
    monkeypatch.chdir(path.parent.parent)  # a sweep names its base from there
    if path.name.startswith("sweep"):
        load_sweep(path)
        command = "sweep"
    else:
        command = f"{COMMANDS[load_any_config(path).task]} --config"
    assert f"imdb-gru {command} configs/{path.name}" in path.read_text().splitlines()[0]


@pytest.mark.parametrize(("name", "kind"), [("default.yaml", Config), ("pretrain.yaml", NextWordConfig)])
def test_what_a_command_does_by_itself_stands_in_a_file(name, kind):
    path = next(path for path in CONFIGS if path.name == name)
    assert yaml.safe_load(path.read_text()) == yaml.safe_load(kind().to_yaml())


@pytest.mark.parametrize("key", ["text.max_words=99", "model.units=64", "model.cell=lstm", "model.pretrained=null"])
def test_a_classifier_that_cannot_start_from_the_package_has_the_defaults_of_one_from_nothing(key):
    config = load_config(overrides=[key, "train.epochs=7"])
    assert (config.model.pretrained, config.train.adversarial, config.train.epochs) == (None, None, 7)
    assert config.model.dropout == SCRATCH.model.dropout
    assert find_departures(config.model_dump())


def test_a_classifier_starts_from_the_package_unless_a_key_speaks_against_it():
    same = load_config(overrides=["model.units=512", "text.length=80", "train.epochs=7"])
    assert (same.model.pretrained, same.model.dropout) == ("bundled", Config().model.dropout)
    assert not find_departures(same.model_dump())
    named = load_config(overrides=["model.units=64", "model.pretrained=runs/words"])
    assert (named.model.pretrained, named.model.embedding) == ("runs/words", Config().model.embedding)


def test_the_keys_that_speak_against_it_are_those_of_the_model_in_the_package():
    packaged = BundledRun("next_word").load_any_config().model_dump()
    for section, keys in FIXED.items():
        for key in keys:
            assert packaged[section].get(key, False) == Config().model_dump()[section][key]


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
        ("modle.units=1", "modle: no such key; did you mean model?"),
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
        ("train.optimizer=sgd", "train.optimizer: no such key"),
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


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.objective=last", "train.objective: no such key"),
        ("model.bidirectional=true", "model.bidirectional: no such key"),
        ("model.pooling=[last]", "model.pooling: no such key"),
        ("train.samples=1", "train.samples: input should be greater than or equal to 2, got 1"),
        ("train.timesteps=0", "train.timesteps: input should be greater than or equal to 1, got 0"),
        ("train.timestep=3", "train.timestep: no such key; did you mean train.timesteps?"),
        ("task=sentiment", "is for the task sentiment, not next_word: give it to 'imdb-gru train'"),
        ("task=chess", "task: input should be 'next_word', got 'chess'"),
        ("model=3", "model: should be a section of keys, got 3"),
    ],
)
def test_a_wrong_override_of_a_next_word_config_is_told(override, message):
    with pytest.raises(ConfigError) as error:
        load_config(overrides=[override], kind=NextWordConfig)
    assert message in str(error.value)


def test_the_fused_engine_is_refused_to_a_next_word_model_it_cannot_compute():
    with pytest.raises(ConfigError, match=r"train\.engine: fused computes the cell gru only, not lstm"):
        load_config(overrides=["train.engine=fused", "model.cell=lstm"], kind=NextWordConfig)


def test_a_key_that_is_set_leaves_the_others_of_its_section_as_they_are():
    default = NextWordConfig()
    config = load_config(overrides=["model.units=7", "model.dropout.word=0.5"], kind=NextWordConfig)
    assert config.model.model_dump() == default.model.model_dump() | {
        "units": 7,
        "dropout": default.model.dropout.model_dump() | {"word": 0.5},
    }
    assert default.model.dropout.output != Config().model.dropout.output


def test_a_config_is_of_the_task_that_it_names(tmp_path):
    path = tmp_path / "c.yaml"
    for config in (Config(), build_config({"train": {"samples": 9}}, "test", NextWordConfig)):
        path.write_text(config.to_yaml())
        assert load_any_config(path) == config
    path.write_text("model: {units: 3}")
    assert isinstance(load_any_config(path), Config)


@pytest.mark.parametrize("task", ["chess", "{epochs: 3}", "[next_word]"])
def test_a_task_that_is_none_is_told(tmp_path, task):
    path = tmp_path / "c.yaml"
    path.write_text(f"task: {task}")
    with pytest.raises(ConfigError, match=r"task: input should be 'sentiment', got "):
        load_any_config(path)


def test_the_schema_of_a_next_word_config_describes_inherited_keys_too():
    keys = build_schema(NextWordConfig)["$defs"]["PretrainConfig"]["properties"]
    assert "Words that the softmax is drawn over" in keys["samples"]["description"]
    assert "description" in keys["clip_norm"]
