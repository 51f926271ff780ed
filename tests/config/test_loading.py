import pytest
from support.models import flatten

from imdb_gru import config as config_package
from imdb_gru.config import (
    Config,
    NextWordConfig,
    build_config,
    build_schema,
    load_any_config,
    load_config,
    parse_override,
)
from imdb_gru.config.sweep import SweepConfig
from imdb_gru.errors import ConfigError


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
        ("train.epocs=3", "train.epocs: there is no such key; did you mean train.epochs?"),
        ("learning_rate=1", "learning_rate: there is no such key; did you mean train.learning_rate?"),
        ("modle.units=1", "modle: there is no such key; did you mean model?"),
        ("train.epochs=2.5", "train.epochs: input should be a valid integer, got 2.5"),
        ("train.epochs=true", "train.epochs: input should be a valid integer, got True"),
        ("train.epochs=0", "train.epochs: input should be greater than or equal to 1, got 0"),
        ("model.cell=gpu", "model.cell: input should be 'gru', 'lstm' or 'simple_rnn', got 'gpu'"),
        ("model.dropout.word=1", "model.dropout.word: input should be less than 1, got 1"),
        ("model.dropout=3", "model.dropout: must be a section of keys, got 3"),
        ("train.learning_rate=.nan", "train.learning_rate: input should be"),
        ("model.pooling=[]", "model.pooling: list should have at least 1 item"),
        ("model.pooling=[last, last]", "model.pooling: must not contain a method twice"),
        ("text.vocabulary=keras", "text.vocabulary: keras needs text.tokenizer keras, got words"),
        ("epochs", "epochs is not of the form KEY=VALUE, such as train.epochs=3"),
        ("=3", "not of the form KEY=VALUE"),
        ("a..b=3", "not of the form KEY=VALUE"),
        ("train.optimizer=sgd", "train.optimizer: there is no such key"),
        ("train.objective=null", "train.objective: input should be 'last', 'every' or 'linear', got None"),
        ("train.epochs=[", "the value is not valid YAML"),
        ("train.epochs.deep=3", "train.epochs: input should be a valid integer"),
        ("model.pretrained=None", "None does not mean null in YAML: write null for no value, or 'None' in quotes"),
        ("model.dense=[none]", "none does not mean null in YAML"),
        ("train.epochs=010", "train.epochs=010: 010 is an octal number in YAML: write 10, or '010' in quotes"),
        ("train.seed=-0_7", "is an octal number in YAML: write -7"),
        ("train.seed=00", "write 0, or"),
        ("train.epochs=1:30", "1:30 is a base-60 number in YAML: write one number, such as 90 or 1.5"),
        ("train.learning_rate=0:00.5", "is a base-60 number"),
    ],
)
def test_a_wrong_override_is_told(override, message):
    with pytest.raises(ConfigError) as error:
        load_config(overrides=dict([parse_override(override)]))
    assert message in str(error.value)


@pytest.mark.parametrize("value", ["'None'", '"010"', "'1:30'"])
def test_a_quoted_value_is_a_text(value):
    assert load_config(overrides=dict([parse_override(f"data.path={value}")])).data.path == value[1:-1]


def test_a_misspelled_value_in_a_file_is_told_with_its_line(tmp_path):
    (tmp_path / "c.yaml").write_text("train:\n  epochs: 3\n  patience: None\n")
    with pytest.raises(ConfigError, match=r"c.yaml, line 3: None does not mean null in YAML: write null"):
        load_config(tmp_path / "c.yaml")


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
        ("train: [", "is not valid YAML"),
        ("- 1", "contains [1]"),
        (
            "train:\n  epochs: 1\n  seed: 1\n  epochs: 2",
            "the key 'epochs' is given twice in \"<unicode string>\", line 4",
        ),
        ("train: !!python/object/apply:os.system ['true']", "is not valid YAML"),
        ("\x00", "is not valid YAML"),
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
        ("train.objective=last", "train.objective: there is no such key"),
        ("model.bidirectional=true", "model.bidirectional: there is no such key"),
        ("model.pooling=[last]", "model.pooling: there is no such key"),
        ("train.samples=1", "train.samples: input should be greater than or equal to 2, got 1"),
        ("train.timesteps=0", "train.timesteps: input should be greater than or equal to 1, got 0"),
        ("train.timestep=3", "train.timestep: there is no such key; did you mean train.timesteps?"),
        ("task=sentiment", "is for the task sentiment, not next_word: use it with 'imdb-gru train'"),
        ("task=chess", "task: input should be 'next_word', got 'chess'"),
        ("model=3", "model: must be a section of keys, got 3"),
    ],
)
def test_a_wrong_override_of_a_next_word_config_is_told(override, message):
    with pytest.raises(ConfigError) as error:
        load_config(overrides=dict([parse_override(override)]), kind=NextWordConfig)
    assert message in str(error.value)


def test_the_fused_engine_is_refused_to_a_next_word_model_it_cannot_compute():
    with pytest.raises(ConfigError, match=r"train\.engine: fused computes only GRUs, and model.cell is lstm"):
        load_config(overrides={"train.engine": "fused", "model.cell": "lstm"}, kind=NextWordConfig)
    with pytest.raises(
        ConfigError, match=r"data.test_split: .*got 0.2; set it to 0, and mark test reviews in a column 'split'"
    ):
        load_config(overrides={"data.test_split": 0.2}, kind=NextWordConfig)


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
    assert "sampled softmax" in keys["samples"]["description"]
    assert "description" in keys["clip_norm"]


def test_the_schema_of_a_sweep_describes_its_own_keys():
    schema = build_schema(SweepConfig)
    assert schema["properties"].keys() == SweepConfig.model_fields.keys()
    assert "The validation metric to improve" in schema["properties"]["metric"]["description"]
    assert schema["properties"]["base"]["type"] == ["object", "string"]
    assert (
        "The number of epochs for which every trial is trained"
        in schema["$defs"]["AshaConfig"]["properties"]["grace"]["description"]
    )


def test_every_public_name_of_configs_is_imported_on_first_use():
    for name in config_package.__all__:
        assert getattr(config_package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = config_package.Nothing
