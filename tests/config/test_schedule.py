import pytest

from imdb_gru.config import build_config, load_config
from imdb_gru.config.schedule import count_steps, fit_schedule, get_number


@pytest.mark.parametrize(
    ("reviews", "epochs", "batch_size", "first"),
    [
        (90, 20, 16, True),
        (270, 20, 16, True),
        (900, 18, 16, True),
        (2_700, 12, 32, True),
        (9_000, 8, 64, False),
        (22_500, 3, 64, False),
        (90_000, 2, 64, False),
        (1, 20, 16, True),
    ],
)
def test_the_default_schedule_suits_the_number_of_reviews(reviews, epochs, batch_size, first):
    train = fit_schedule(load_config("default"), reviews).train
    assert (train.epochs, train.batch_size, train.output_first) == (epochs, batch_size, first)


@pytest.mark.parametrize(
    ("name", "epochs"), [("default", 3), ("fast", 2), ("best", 3), ("scratch", 4), ("tutorial", 5)]
)
def test_on_imdb_each_config_trains_as_for_its_published_figures(name, epochs):
    train = fit_schedule(load_config(name), 22_500).train
    assert (train.epochs, train.batch_size, train.output_first) == (epochs, 64, False)


def test_values_that_are_set_are_kept():
    config = load_config("default", {"train.epochs": 5, "train.batch_size": 4, "train.output_first": False})
    assert fit_schedule(config, 900) == config
    assert count_steps(config, 900) == 5 * 225


def test_epochs_follow_from_a_batch_size_that_is_set():
    assert fit_schedule(load_config("default", {"train.batch_size": 8}), 900).train.epochs == 9


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
    assert fit_schedule(build_config(values, "test"), 90).train.output_first is False


def test_the_output_layer_of_a_classifier_is_kept():
    assert fit_schedule(load_config("default"), 90, trained_output=True).train.output_first is False


def test_a_config_that_has_not_been_fitted_has_no_numbers():
    with pytest.raises(ValueError, match="has not been fitted"):
        get_number(load_config("default").train.epochs)
