"""The training schedule of a classifier, chosen to suit the number of training reviews."""

import math
from typing import Literal

from imdb_gru.config.schema import AUTO, Config

BATCH_SIZES = ((1500, 16), (6000, 32))
"""Pairs of (maximum number of training reviews, batch size); if there are more reviews, `LARGEST_BATCH` is used."""
LARGEST_BATCH = 64
FITTED = ("epochs", "batch_size", "output_first", "monitor")
"""The keys in the train section for which `fit_schedule` replaces the value `auto`."""
LEAST_EPOCHS, MOST_EPOCHS = 2, 20
LEAST_VALIDATION = 500
"""Minimum number of validation reviews needed to rank the epochs of a pretrained model reliably."""
MOST_FIRST = 200
"""With more training reviews than this, `train.output_first: auto` means false."""
ALL_STEPS, LEAST_STEPS = 22_500, 120
"""With at least `ALL_STEPS` training reviews, a pretrained model is trained for `train.steps` steps.

With fewer reviews, it is trained for fewer steps, but for at least `LEAST_STEPS` (or `train.steps` if that is smaller).
"""


def fit_schedule(config: Config, reviews: int, validation: int, *, trained_output: bool = False) -> Config:
    """Return the config with each `auto` value of a key in `FITTED` replaced by a value that suits the data.

    `reviews` and `validation` are the numbers of training and validation reviews. With fewer reviews, there are more
    epochs and smaller batches; otherwise, training would end before the weights have changed enough. If training starts
    from random weights, the number of steps is about the same for any number of reviews. For a pretrained model with
    fewer than `ALL_STEPS` reviews, the number of steps grows with the square root of the number of reviews, because
    more steps would make the model overconfident without making it more accurate. Pass `trained_output=True` if
    training starts from a classifier and keeps its output layer.
    """
    train = config.train
    batch_size = _choose_batch_size(reviews) if train.batch_size == AUTO else train.batch_size
    epochs = _choose_epochs(config, batch_size, reviews) if train.epochs == AUTO else train.epochs
    output_first = train.output_first
    if output_first == AUTO:
        output_first = reviews <= MOST_FIRST and can_fit_output(config) and not trained_output
    monitor = train.monitor
    if monitor == AUTO:
        ranked = validation >= LEAST_VALIDATION or train.patience or config.model.pretrained is None
        monitor = "accuracy" if ranked else "last"
    chosen = {"batch_size": batch_size, "epochs": epochs, "output_first": output_first, "monitor": monitor}
    return config.model_copy(update={"train": train.model_copy(update=chosen)})


def can_fit_output(config: Config) -> bool:
    """Return whether all layers except the output layer are pretrained and the objective is 'last'.

    Only then can the output layer be fitted before all layers are trained together.
    """
    return config.model.pretrained is not None and not config.model.dense and config.train.objective == "last"


def get_number(value: int | Literal["auto"]) -> int:
    """Return the value, or raise `ValueError` if it is still `auto` because the config has not been fitted."""
    if value == AUTO:
        raise ValueError("the config has not been fitted to the data: call fit_schedule first")
    return value


def count_steps(config: Config, reviews: int) -> int:
    """Return the total number of batches in a training run with this number of reviews."""
    return get_number(config.train.epochs) * math.ceil(reviews / get_number(config.train.batch_size))


def _choose_batch_size(reviews: int) -> int:
    return next((size for most, size in BATCH_SIZES if reviews <= most), LARGEST_BATCH)


def _choose_steps(config: Config, reviews: int) -> int:
    steps = config.train.steps
    if config.model.pretrained is None or reviews >= ALL_STEPS:
        return steps
    return max(round(steps * math.sqrt(reviews / ALL_STEPS)), min(LEAST_STEPS, steps))


def _choose_epochs(config: Config, batch_size: int, reviews: int) -> int:
    epochs = math.ceil(_choose_steps(config, reviews) / math.ceil(max(reviews, 1) / batch_size))
    return min(max(epochs, LEAST_EPOCHS), MOST_EPOCHS)
