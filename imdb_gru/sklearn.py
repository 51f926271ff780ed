"""The classifier as a scikit-learn estimator, which needs the extra `sklearn`."""

import math
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config import Config, DataConfig, load_config
from imdb_gru.errors import ConfigError, MissingExtraError
from imdb_gru.events import Observer
from imdb_gru.models.classifier import Classifier
from imdb_gru.records import Epoch
from imdb_gru.sources.in_memory import MemorySource
from imdb_gru.system.escaping import show_value
from imdb_gru.tasks.in_memory import train_in_memory

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise MissingExtraError("imdb_gru.sklearn", "sklearn") from error

__all__ = ["GRUClassifier"]

KEYS = {
    "epochs": "train.epochs",
    "batch_size": "train.batch_size",
    "learning_rate": "train.learning_rate",
    "units": "model.units",
    "length": "text.length",
    "random_state": "train.seed",
}
"""The config key that each parameter of the estimator sets."""

MAX_SEED = 2**31 - 1
"""Upper limit for seeds from a `RandomState`, which cannot generate larger integers on some systems."""


class GRUClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A scikit-learn estimator that classifies texts into two classes with an embedding and a GRU.

        from imdb_gru.sklearn import GRUClassifier

        classifier = GRUClassifier(epochs=3).fit(texts, labels)
        classifier.predict_proba(["A slow start, but the ending is superb."])

    `config` is a `Config`, a path or the name of a config that comes with the package. `default` and `fast` start from
    the bundled next-word model, which was trained on many film reviews; `scratch` starts from random weights.
    `overrides` replaces the values of config keys, as in `{"model.dropout.word": 0.2}`; a grid search can try several
    such dictionaries.

    Each of the other parameters sets one key of the config, unless it is None. `epochs`, `batch_size` and
    `learning_rate` control training. `units` is the size of the GRU; it can be changed only if training starts from
    random weights. `length` is the maximum number of words in a text. `random_state`, a number or a `RandomState`, sets
    the seed, so that two fits with the same number start from the same weights. `fit` checks the parameters, and raises
    `ConfigError` if the config does not allow them or if `overrides` sets the same key as a parameter.

    The data section of the config is ignored: the classifier is trained only on the texts given to `fit`.
    `train.validation_split` is the share of these texts to set aside for validation; if there are very few texts,
    all of them are used for training.

    After `fit`, `classes_` holds the two labels in sorted order (the second is the model's positive class); `model_` is
    the `Classifier`, which can inspect a text; `history_` holds the metrics of each epoch, and `n_iter_` is the number
    of epochs. The estimator keeps the model in memory, so it can be pickled, and leaves no run on disk.
    """

    classes_: NDArray[Any]
    model_: Classifier
    history_: list[Epoch]
    n_iter_: int

    def __init__(
        self,
        config: str | Path | Config = "fast",
        *,
        overrides: Mapping[str, Any] | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        units: int | None = None,
        length: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.config = config
        self.overrides = overrides
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.units = units
        self.length = length
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's tags: the inputs are texts, and there are two classes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Iterable[str], y: Iterable[Any], *, observer: Observer | None = None) -> Self:
        """Train on texts and labels of two classes, and return the estimator.

        `observer` is called with each training event, except for events about the temporary run directory. Ctrl-C stops
        training after the current batch and raises `KeyboardInterrupt`; if at least one epoch was complete, the
        estimator can still be used, with the weights of the best epoch so far.

        Raises `ValueError` or `TypeError` if the texts or labels are invalid, and `ConfigError` if the config or a
        parameter is invalid.
        """
        texts = _check_texts(X)
        classes, labels = _encode_labels(y, texts)
        config = self._load_config()
        model, history, stop = train_in_memory(config, MemorySource(texts, labels), observer)
        self.classes_ = classes
        self.model_ = model
        self.history_ = history
        self.n_iter_ = len(history)
        if stop:
            raise stop
        return self

    def predict(self, X: Iterable[str]) -> NDArray[Any]:
        """Return the label of each text, `(n,)`."""
        positive = self.predict_proba(X)[:, 1] >= 0.5
        labels: NDArray[Any] = self.classes_[positive.astype(int)]
        return labels

    def predict_proba(self, X: Iterable[str]) -> NDArray[np.float64]:
        """Return the probabilities of both classes for each text, `(n, 2)`, in the order of `classes_`."""
        check_is_fitted(self)
        predictions = self.model_.predict_many(_check_texts(X))
        positive = np.array([prediction.probability for prediction in predictions], np.float64)
        return np.column_stack([1 - positive, positive])

    def _load_config(self) -> Config:
        """Return the config with the overrides and the parameters that are not None, or raise `ConfigError`."""
        given = dict(self.overrides or {})
        if data := [key for key in given if str(key).split(".")[0] == "data"]:
            raise ConfigError(f"'overrides' sets {data[0]}, but fit uses only the texts passed to it: remove that key")
        for name, key in KEYS.items():
            value = getattr(self, name)
            if value is None:
                continue
            if key in given:
                raise ConfigError(f"'{name}' and 'overrides' both set {key}: remove one of them")
            given[key] = value.randint(MAX_SEED) if isinstance(value, np.random.RandomState) else value
        # A parameter search may set NumPy numbers, which a config does not accept.
        given = {key: value.item() if isinstance(value, np.generic) else value for key, value in given.items()}
        config: Config = load_config(self.config, given, Config)
        return config.model_copy(update={"data": DataConfig()})


def _check_texts(texts: Any) -> list[str]:
    """Return texts as a list, or raise `TypeError` or `ValueError` if they are not valid texts."""
    shape = getattr(texts, "shape", None)
    if isinstance(shape, tuple) and len(shape) != 1:
        raise ValueError(
            f"X must be one column of texts, got a {type(texts).__name__} of shape {shape}: choose one of its columns"
        )
    if isinstance(texts, str | bytes | Mapping | Set) or not isinstance(texts, Iterable):
        raise TypeError(f"X must be a sequence of texts, got {show_value(texts)}: pass a list, even for a single text")
    checked = list(texts)
    for number, text in enumerate(checked):
        if _is_missing(text):
            raise ValueError(
                f"X has a missing value: text {number} is {text}; remove it, or replace it with an empty text"
            )
        if not isinstance(text, str):
            raise TypeError(f"X must contain only texts, but item {number} is {show_value(text)}")
    return checked


def _encode_labels(y: Any, texts: list[str]) -> tuple[NDArray[Any], list[int]]:
    """Return the two classes in sorted order, and all labels as 0 or 1. Raises `ValueError` for invalid labels."""
    if y is None:
        raise ValueError("GRUClassifier requires y to be passed, but the target y is None")
    y = column_or_1d(y, warn=True)
    for number, label in enumerate(y.tolist()):
        if _is_missing(label):
            raise ValueError(f"Input y contains NaN or another missing value: label {number} is {label}")
    assert_all_finite(y, input_name="y")
    check_consistent_length(texts, y)
    check_classification_targets(y)
    classes, labels = np.unique(y, return_inverse=True)
    if len(classes) > 2:
        raise ValueError(
            f"Only binary classification is supported. The type of the target is {type_of_target(y)}: y has "
            f"{len(classes)} classes, {show_value(classes.tolist())}"
        )
    if len(classes) < 2:
        only = f"only one class, {show_value(classes.tolist()[0])}" if len(classes) else "no labels"
        raise ValueError(f"GRUClassifier needs texts of two classes, but y has {only}")
    return classes, labels.tolist()


def _is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, or pandas' `NA` or `NaT`."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and math.isnan(value)
