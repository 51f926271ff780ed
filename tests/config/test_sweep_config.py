"""What a sweep's YAML may say."""

import pytest
import yaml

from imdb_gru.config import Config, NextWordConfig
from imdb_gru.config.sweep import load_config_or_sweep, load_sweep
from imdb_gru.errors import ConfigError

SWEEP = {"task": "sweep", "space": {"train.learning_rate": {"log_range": [0.001, 0.1]}}}


@pytest.fixture
def load(tmp_path):
    def load(overrides=None, budget=None, **changes):
        path = tmp_path / "s.yaml"
        path.write_text(yaml.safe_dump({**SWEEP, **changes}, sort_keys=False))
        return load_sweep(path, overrides, budget)

    return load


@pytest.mark.parametrize(
    ("key", "dimension", "message"),
    [
        ("train.epocs", {"range": [2, 4]}, "there is no such key; did you mean train.epochs?"),
        ("train.epochs", {"range": [0, 4]}, "input should be greater than or equal to 1, got 0"),
        ("train.epochs", {"range": [1.0, 4]}, "input should be a valid integer, got 1.0"),
        ("model.dropout.word", {"range": [0.1, 1.5]}, "input should be less than 1, got 1.5"),
        ("model.units", {"range": [3, 2]}, "range: the first value must be less than the second, got [3, 2]"),
        ("train.learning_rate", {"log_range": [0, 1]}, "log_range: both values must be greater than 0, got [0, 1]"),
        ("model.cell", {"choice": ["gru", "gpu"]}, "input should be 'gru', 'lstm' or 'simple_rnn', got 'gpu'"),
        ("model.cell", {"choice": ["gru"], "range": [1, 2]}, "give exactly one of choice, range and log_range, got c"),
        ("model.cell", {}, "give exactly one of choice, range and log_range, got none"),
        ("model.dropout", {"choice": [{"word": 0.1}]}, "is a section of keys"),
        ("train", {"choice": [2]}, "is a section of keys"),
        ("a..b", {"choice": [1]}, "is not a dotted key"),
        ("data.limit", {"choice": [100]}, "cannot be searched: all trials are evaluated on the same reviews"),
        ("train.seed", {"range": [0, 3]}, "cannot be searched"),
        ("train.monitor", {"choice": ["loss"]}, "cannot be searched: the key 'metric' decides which trial is best"),
        ("model.units", {"range": [3, 512]}, "model.units is 3, but the bundled model has 512: use base: scratch, or"),
        ("text.vocabulary", {"choice": ["keras"]}, "keras needs text.tokenizer keras, got words"),
    ],
)  # fmt: skip
def test_a_key_or_value_that_no_training_takes_is_told_before_any_begins(load, key, dimension, message):
    with pytest.raises(ConfigError) as error:
        load(space={key: dimension})
    assert f"space.{key}: {message}" in str(error.value)


def test_all_mistakes_are_told_at_once(load):
    with pytest.raises(ConfigError) as error:
        load(space={"train.epocs": {"range": [1, 2]}, "model.layers": {"choice": [0, 9]}})
    assert [line.split(": ")[0] for line in str(error.value).splitlines()] == [
        f"{error.value}".split(" has")[0] + " has 3 errors:",
        "  space.train.epocs",
        "  space.model.layers",
        "  space.model.layers",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trails": 3}, "trails: there is no such key; did you mean trials?"),
        ({"trials": 0}, "trials: input should be greater than or equal to 1, got 0"),
        ({"trials": None}, "trials: must be set if 'minutes' is not set; otherwise, the search would never end"),
        ({"space": {}}, "space: dictionary should have at least 1 item"),
        ({"base": {"train": {"epocs": 1}}}, "train.epocs: there is no such key; did you mean train.epochs?"),
        (
            {"base": {"model": {"units": 9}}},
            "but the bundled model has 512: use base: scratch, or --set model.pretrained",
        ),
        ({"base": "nowhere.yaml"}, "cannot read the config nowhere.yaml"),
        ({"base": "scrach"}, "there is no config named 'scrach'; did you mean scratch?"),
        ({"task": "sentiment"}, "is not a sweep: it needs 'task: sweep'"),
    ],
)
def test_a_wrong_sweep_is_told(load, changes, message):
    with pytest.raises(ConfigError) as error:
        load(**changes)
    assert message in str(error.value)


def test_a_config_is_no_sweep_and_a_sweep_no_config(tmp_path):
    from imdb_gru.config import load_config

    (tmp_path / "c.yaml").write_text("train: {epochs: 1}")
    with pytest.raises(ConfigError, match="is not a sweep"):
        load_sweep(tmp_path / "c.yaml")
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(SWEEP))
    with pytest.raises(ConfigError, match="use it with 'imdb-gru sweep'"):
        load_config(tmp_path / "s.yaml")


def test_a_base_is_a_file_a_name_or_keys_and_is_overridden(load, tmp_path):
    keys = {"train": {"epochs": 7}, "model": {"units": 64, "pretrained": None}}
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(keys))
    for base, units in ((keys, 64), (str(tmp_path / "base.yaml"), 64), ("scratch", 128)):
        config = load({"train.epochs": 2}, base=base, budget={"trials": 3})
        assert config.trials == 3
        assert (config.build_trial({}).train.epochs, config.build_trial({}).model.units) == (2, units)


def test_a_trial_is_its_base_with_its_values(load):
    config = load(
        metric="loss",
        base={"model": {"pretrained": None}},
        space={"model.units": {"choice": [64, 512]}, "model.pooling": {"choice": [["last"]]}},
    )
    trial = config.build_trial({"model.units": 64, "model.pooling": ["last"]}, seed=5)
    assert (trial.model.units, trial.model.pooling, trial.model.pretrained) == (64, ["last"], None)
    assert (trial.train.seed, trial.train.monitor) == (5, "loss")
    assert config.build_trial({"model.units": 512}).model == Config().model.model_copy(update={"pretrained": None})
    assert config.read_values(trial) == {"model.units": 64, "model.pooling": ["last"]}


def test_a_resolved_sweep_has_every_key_of_its_base_and_the_same_trials(load, tmp_path):
    config = load(base="scratch", metric="loss")
    resolved = config.resolve()
    assert resolved.base == config.build_trial({}).model_dump()
    assert resolved.build_trial({"train.learning_rate": 0.01}) == config.build_trial({"train.learning_rate": 0.01})
    (tmp_path / "again.yaml").write_text(resolved.to_yaml())
    assert load_sweep(tmp_path / "again.yaml") == resolved


def test_a_config_or_sweep_is_loaded_as_what_it_is(load, tmp_path):
    assert load_config_or_sweep() == Config()
    assert load_config_or_sweep("fast", {"train.epochs": 9}).train.epochs == 9
    assert isinstance(load_config_or_sweep("pretrain"), NextWordConfig)
    sweep = load_config_or_sweep("sweep", {"train.epochs": 9})
    assert sweep.build_trial({}).train.epochs == 9
    (tmp_path / "s.yaml").write_text("space: {train.epochs: {range: [0, 2]}}")  # a sweep, too, without its task
    with pytest.raises(ConfigError, match=r"space\.train\.epochs: input should be greater than or equal to 1, got 0"):
        load_config_or_sweep(tmp_path / "s.yaml")
    (tmp_path / "s.yaml").write_text("task: sweep")
    with pytest.raises(ConfigError, match="is not a sweep: it needs 'task: sweep' and a 'space' section"):
        load_config_or_sweep(tmp_path / "s.yaml")


def test_a_written_sweep_is_read_back(load, tmp_path):
    config = load(trials=None, minutes=3, asha=None, finalists=None, base={"train": {"epochs": 2}})
    (tmp_path / "again.yaml").write_text(config.to_yaml())
    assert load_sweep(tmp_path / "again.yaml") == config


def test_the_seeds_of_finalists_share_the_validation_reviews_that_teachers_do_not_know(load):
    def base(teachers, **train):
        return {"train": {"teachers": teachers, **train}}

    with pytest.raises(ConfigError, match=r"set train\.validation_seed to the teachers' value, such as 0, or"):
        load(base=base(["runs/one"]))
    for changes in (
        {"base": base(["runs/one"], validation_seed=0)},
        {"base": base(["runs/one"]), "finalists": {"seeds": 1}},
        {"base": base(["ngrams"])},
    ):
        assert load(**changes)
