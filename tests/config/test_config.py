from pathlib import Path

import pytest
import yaml
from support.paths import ROOT

from imdb_gru.config import (
    Config,
    NextWordConfig,
    build_config,
    build_schema,
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


def flatten(values, prefix=""):
    """Turn nested values into values by dotted keys."""
    flat = {}
    for key, value in values.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


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
        "train.epochs": 4,
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
        "train.precision": "float32",
        "train.averaging": None,
        "train.adversarial": None,
        "train.batches": "padded",
    },
    "fast": {"model.dropout.word": 0.05, "train.epochs": 2, "train.adversarial": None},
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
        ("model.bidirectional", True, "model.bidirectional is true, but the bundled model reads forwards only"),
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
    assert load_config("fast").train.epochs == 2
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
    assert (changed.train.epochs, changed.model.units, config.train.epochs) == (9, 128, 4)
    assert changed.model.dropout.word == 0.3
    assert load_any_config(NextWordConfig(), {"model.units": 9}).model.units == 9
    with pytest.raises(ConfigError, match="input should be greater than or equal to 1, got 0"):
        load_config(config, {"train.epochs": 0})
    with pytest.raises(ConfigError, match=r"train\.epochs\.deep cannot be set: epochs is 4, not a section of keys"):
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
    key, parsed = parse_override(override)
    config = flatten(load_config(overrides={key: parsed}).model_dump())
    assert config[key] == value


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
        ("epochs", "epochs is not of the form KEY=VALUE, such as train.epochs=3"),
        ("=3", "not of the form KEY=VALUE"),
        ("a..b=3", "not of the form KEY=VALUE"),
        ("train.optimizer=sgd", "train.optimizer: no such key"),
        ("train.objective=null", "train.objective: input should be 'last', 'every' or 'linear', got None"),
        ("train.epochs=[", "the value is not YAML"),
        ("train.epochs.deep=3", "train.epochs: input should be a valid integer"),
    ],
)
def test_a_wrong_override_is_told(override, message):
    with pytest.raises(ConfigError) as error:
        load_config(overrides=dict([parse_override(override)]))
    assert message in str(error.value)


def test_all_errors_are_told_at_once():
    with pytest.raises(ConfigError) as error:
        load_config(overrides={"train.epocs": 3, "model.units": "many", "text.truncate": "left"})
    assert [line.split(":")[0].strip() for line in str(error.value).splitlines()[1:]] == [
        "text.truncate",
        "model.units",
        "train.epocs",
    ]
    conflicts = {"text.vocabulary": "keras", "train.patience": 1, "train.validation_split": 0}
    with pytest.raises(ConfigError, match=r"2 errors:\n  text.vocabulary: .*\n  train.patience: "):
        load_config("scratch", conflicts)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("train: [", "is not YAML"),
        ("- 1", "holds [1]"),
        (
            "train:\n  epochs: 1\n  seed: 1\n  epochs: 2",
            "the key 'epochs' stands twice in \"<unicode string>\", line 4",
        ),
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
        load_config(overrides=dict([parse_override(override)]), kind=NextWordConfig)
    assert message in str(error.value)


def test_the_fused_engine_is_refused_to_a_next_word_model_it_cannot_compute():
    with pytest.raises(ConfigError, match=r"train\.engine: fused computes the cell gru only, not lstm"):
        load_config(overrides={"train.engine": "fused", "model.cell": "lstm"}, kind=NextWordConfig)


def test_a_key_that_is_set_leaves_the_others_of_its_section_as_they_are():
    default = NextWordConfig()
    config = load_config(overrides={"model.units": 7, "model.dropout.word": 0.5}, kind=NextWordConfig)
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
    path.write_text("train: {epochs: 3}")
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


def test_the_schema_of_a_sweep_describes_its_own_keys():
    schema = build_schema(SweepConfig)
    assert schema["properties"].keys() == SweepConfig.model_fields.keys()
    assert "The validation figure that is made best" in schema["properties"]["metric"]["description"]
    assert schema["properties"]["base"]["type"] == ["object", "string"]
    assert "Epochs that every trial gets" in schema["$defs"]["AshaConfig"]["properties"]["grace"]["description"]
