import pytest

from imdb_gru.config import build_config, load_config
from imdb_gru.config.schedule import count_steps, fit_schedule, get_number
from imdb_gru.errors import ConfigError


@pytest.mark.parametrize(
    ("reviews", "epochs", "batch_size", "first", "monitor"),
    [
        (90, 20, 16, True, "last"),
        (270, 8, 16, False, "last"),
        (900, 4, 16, False, "last"),
        (2_700, 5, 32, False, "last"),
        (9_000, 5, 64, False, "accuracy"),
        (22_500, 3, 64, False, "accuracy"),
        (90_000, 2, 64, False, "accuracy"),
        (1, 20, 16, True, "last"),
    ],
)
def test_the_default_schedule_suits_the_number_of_reviews(reviews, epochs, batch_size, first, monitor):
    train = fit_schedule(load_config("default"), reviews, reviews // 9).train
    assert (train.epochs, train.batch_size, train.output_first, train.monitor) == (epochs, batch_size, first, monitor)


@pytest.mark.parametrize(
    ("name", "epochs"), [("default", 3), ("fast", 2), ("best", 3), ("scratch", 4), ("tutorial", 5)]
)
def test_on_imdb_each_config_trains_as_for_its_published_figures(name, epochs):
    train = fit_schedule(load_config(name), 22_500, 2_500).train
    assert (train.epochs, train.batch_size, train.output_first) == (epochs, 64, False)


def test_values_that_are_set_are_kept():
    values = {"epochs": 5, "batch_size": 4, "output_first": False, "monitor": "loss"}
    config = load_config("default", {"train": values})
    assert fit_schedule(config, 900, 100) == config
    assert count_steps(config, 900) == 5 * 225


def test_epochs_follow_from_a_batch_size_that_is_set():
    assert fit_schedule(load_config("default", {"train.batch_size": 8}), 900, 100).train.epochs == 2


@pytest.mark.parametrize("change", [{"train.patience": 2}, {"model.pretrained": None}], ids=str)
def test_the_last_epoch_is_kept_only_where_that_is_best(change):
    assert fit_schedule(load_config("default", change), 90, 10).train.monitor == "accuracy"


@pytest.mark.parametrize(
    "values",
    [
        {"model": {"pretrained": None}},
        {"model": {"pretrained": "some-run", "dense": [8]}},
        {"train": {"objective": "every"}},
    ],
    ids=str,
)
def test_only_an_output_layer_right_above_pretrained_weights_is_fitted_first(values):
    assert fit_schedule(build_config(values, "test"), 90, 100).train.output_first is False


@pytest.mark.parametrize(
    "change", [{"model.pretrained": None}, {"model.dense": [8]}, {"train.objective": "every"}], ids=str
)
def test_an_output_layer_that_cannot_be_fitted_first_is_refused(change):
    with pytest.raises(ConfigError, match=r"train\.output_first: needs model\.pretrained, no model\.dense and "):
        load_config("default", {"train.output_first": True, "model.pretrained": "some-run", **change})


def test_the_output_layer_of_a_classifier_is_kept():
    assert fit_schedule(load_config("default"), 90, 100, trained_output=True).train.output_first is False


def test_a_config_that_has_not_been_fitted_has_no_numbers():
    with pytest.raises(ValueError, match="has not been fitted"):
        get_number(load_config("default").train.epochs)
