"""The contract of the scikit-learn estimator, without a training."""

import logging
import pickle
import sys

import numpy as np
import pytest
from support.models import make_classifier

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import imdb_gru
from imdb_gru.config import load_config
from imdb_gru.errors import ConfigError, MissingExtraError
from imdb_gru.sklearn import GRUClassifier
from imdb_gru.tasks.in_memory import leave_no_trace

TEXTS = [f"w1 w2 w{number}" for number in range(5, 15)]
LABELS = ["no", "yes"] * 5


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (LABELS, ["no", "yes"]),
        ([1, -1] * 5, [-1, 1]),
        ([True, False] * 5, [False, True]),
        (np.array([2.0, 1.0] * 5), [1.0, 2.0]),
        (np.array(["up", "down"] * 5, object), ["down", "up"]),
    ],
    ids=str,
)
def test_any_two_labels_will_do(trainings, labels, classes):
    estimator = GRUClassifier("default").fit(TEXTS, labels)
    assert estimator.classes_.tolist() == classes
    ((_, reviews),) = trainings
    assert [review.text for review in reviews] == TEXTS
    assert [classes[review.label] for review in reviews] == list(labels)
    probabilities = estimator.predict_proba(TEXTS)
    assert probabilities.shape == (10, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    expected = [prediction.probability for prediction in estimator.model_.predict_many(TEXTS)]
    np.testing.assert_allclose(probabilities[:, 1], expected)
    assert 0 < sum(probability >= 0.5 for probability in expected) < 10
    assert estimator.predict(TEXTS).tolist() == [classes[probability >= 0.5] for probability in expected]
    assert estimator.predict(TEXTS).dtype == estimator.classes_.dtype
    assert estimator.predict([]).tolist() == []
    assert estimator.predict_proba([]).shape == (0, 2)


def test_texts_come_in_any_sequence(trainings):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"text": TEXTS, "label": LABELS}, index=range(100, 110))
    expected = GRUClassifier("default").fit(TEXTS, LABELS).predict(TEXTS).tolist()
    estimator = GRUClassifier("default").fit(table["text"], table["label"])
    for texts in (table["text"], np.array(TEXTS), np.array(TEXTS, object), tuple(TEXTS)):
        assert estimator.predict(texts).tolist() == expected
    assert trainings[0][1] == trainings[1][1]


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ("w1 w2", TypeError, "sequence of texts, got 'w1 w2'"),
        (b"w1", TypeError, "sequence of texts, got b'w1'"),
        ({"w1": 0, "w2": 1}, TypeError, "sequence of texts, got {'w1': 0"),
        (7, TypeError, "sequence of texts, got 7"),
        (["w1", 3], TypeError, "item 1 is 3"),
        (["w1", b"w2"], TypeError, "item 1 is b'w2'"),
        ([["w1"], ["w2"]], TypeError, r"item 0 is \['w1'\]"),
        (["w1", None], ValueError, "missing value: text 1 is None"),
        ([float("nan"), "w1"], ValueError, "missing value: text 0 is nan"),
        (np.array([["w1"], ["w2"]]), ValueError, r"ndarray of shape \(2, 1\)"),
        (np.array("w1"), ValueError, r"ndarray of shape \(\)"),
    ],
    ids=repr,
)
def test_other_texts_are_refused(trainings, texts, error, message):
    with pytest.raises(error, match=message):
        GRUClassifier("default").fit(texts, [0, 1])
    assert not trainings
    with pytest.raises(error, match=message):
        GRUClassifier("default").fit(TEXTS, LABELS).predict(texts)


def test_a_table_is_refused_with_advice():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=r"one column of texts, got a DataFrame of shape \(10, 1\): choose"):
        GRUClassifier("default").fit(pandas.DataFrame({"text": TEXTS}), LABELS)
    with pytest.raises(ValueError, match="text 1 is <NA>"):
        GRUClassifier("default").fit(pandas.Series(["w1", None], dtype="string[python]").astype(object), [0, 1])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["yes"] * 10, "texts of two classes, but y has only one class, 'yes'"),
        ([0, 1, 2, 3, 4] * 2, "Only binary classification is supported.*multiclass: y has 5 classes"),
        ([0, 1] * 4, "inconsistent numbers of samples"),
        ([*LABELS[:9], None], "y contains NaN or another missing value: label 9 is None"),
        ([*[0, 1] * 4, 0, float("nan")], "y contains NaN or another missing value: label 9 is nan"),
        ([*[0, 1] * 4, 0, float("inf")], "y contains infinity"),
        (np.linspace(0, 1, 10), "Unknown label type: continuous"),
        (np.eye(10, dtype=int), "y should be a 1d array"),
        (None, "requires y to be passed"),
    ],
    ids=repr,
)
def test_other_labels_are_refused(trainings, labels, message):
    with pytest.raises(ValueError, match=message):
        GRUClassifier("default").fit(TEXTS, labels)
    with pytest.raises(ValueError, match="y has no labels"):
        GRUClassifier("default").fit([], [])
    assert not trainings


def test_parameters_become_keys_of_the_config(trainings):
    start = load_config("default", {"data.path": "elsewhere.csv", "data.limit": 3})
    parameters = {
        "epochs": np.int64(7),
        "batch_size": 3,
        "learning_rate": np.float64(0.25),
        "length": 9,
        "random_state": 5,
    }
    overrides = {"model.dropout.word": np.float32(0.5), "model.pretrained": None}
    estimator = GRUClassifier(start, overrides=overrides, units=4, **parameters).fit(TEXTS, LABELS)
    ((config, _),) = trainings
    assert (config.train.epochs, config.train.batch_size, config.train.learning_rate) == (7, 3, 0.25)
    assert (config.train.seed, config.text.length, config.model.units) == (5, 9, 4)
    assert (config.model.dropout.word, config.model.pretrained) == (0.5, None)
    assert config.data == type(config.data)()  # the texts given to fit take the place of the config's data
    assert estimator.n_iter_ == len(estimator.history_) == 7
    trainings.clear()
    GRUClassifier(start).fit(TEXTS, LABELS)
    ((config, _),) = trainings
    assert config == start.model_copy(update={"data": config.data})  # None leaves every key as the config has it


def test_a_random_state_is_drawn_from():
    one, other = np.random.RandomState(3), np.random.RandomState(3)
    seeds = [GRUClassifier("default", random_state=state)._load_config().train.seed for state in (one, other, one)]
    assert seeds[0] == seeds[1] != seeds[2]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"epochs": 2, "overrides": {"train.epochs": 2}}, "'epochs' and 'overrides' both set train.epochs"),
        ({"random_state": 0, "overrides": {"train.seed": 1}}, "'random_state' and 'overrides' both set train.seed"),
        ({"overrides": {"data.limit": 5}}, "'overrides' sets data.limit, but fit uses only the texts passed to it"),
        ({"epochs": 0}, "train.epochs"),
        ({"learning_rate": "fast"}, "train.learning_rate"),
    ],
    ids=str,
)
def test_parameters_that_contradict_are_refused_by_fit(trainings, parameters, message):
    estimator = GRUClassifier("default", **parameters)
    with pytest.raises(ConfigError, match=message):
        estimator.fit(TEXTS, LABELS)


def test_the_default_config_is_fast():
    assert GRUClassifier().get_params() == {
        "config": "fast",
        **dict.fromkeys(("overrides", "epochs", "batch_size", "learning_rate", "units", "length", "random_state")),
    }


def test_searches_and_pipelines_set_parameters(trainings):
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    pipeline = make_pipeline(lower, GRUClassifier("default", epochs=2))
    grid = {"gruclassifier__epochs": [1, 3], "gruclassifier__overrides": [None, {"train.batch_size": 2}]}
    search = GridSearchCV(pipeline, grid, cv=2, refit=False).fit([text.upper() for text in TEXTS], LABELS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    tried = {(config.train.epochs, config.train.batch_size) for config, _ in trainings}
    assert tried == {(1, 2), (3, 2), (1, "auto"), (3, "auto")}
    assert all(review.text.islower() for _, reviews in trainings for review in reviews)
    assert len(cross_val_score(GRUClassifier("default"), TEXTS, LABELS, cv=2, scoring="roc_auc")) == 2


def test_an_estimator_is_cloned_and_pickled_before_and_after_fit(trainings):
    estimator = GRUClassifier("default", epochs=1, overrides={"train.batch_size": 2})
    assert pickle.loads(pickle.dumps(estimator)).get_params() == estimator.get_params()
    estimator.fit(TEXTS, LABELS)
    vars(estimator.model_)["_predictor"] = lambda: "the engine's copy of the weights"
    copy = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(copy.predict_proba(TEXTS), make_fresh(copy).predict_proba(TEXTS))
    assert copy.classes_.tolist() == ["no", "yes"]
    assert clone(estimator).get_params() == estimator.get_params()
    with pytest.raises(NotFittedError):
        clone(estimator).predict(TEXTS)


def make_fresh(estimator):
    """The same estimator, whose classifier never computed anything."""
    fresh = clone(estimator)
    fresh.classes_, fresh.model_ = estimator.classes_, make_classifier()
    return fresh


def test_a_fit_that_fails_leaves_the_one_before(trainings):
    estimator = GRUClassifier("default").fit(TEXTS, LABELS)
    before = estimator.model_
    with pytest.raises(ValueError, match="two classes"):
        estimator.fit(TEXTS, ["other"] * 10)
    assert estimator.model_ is before
    assert estimator.classes_.tolist() == ["no", "yes"]


def test_the_extra_is_named_where_scikit_learn_is_missing(monkeypatch):
    monkeypatch.delitem(sys.modules, "imdb_gru.sklearn")
    monkeypatch.delattr(imdb_gru, "sklearn")
    for name in [name for name in sys.modules if name.split(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'imdb-gru\[sklearn\]'"):
        imdb_gru.sklearn  # noqa: B018


def test_tensorflow_does_not_warn_of_many_trainings(caplog):
    logger = logging.getLogger("tensorflow")
    with leave_no_trace():
        logger.warning("5 out of the last 9 calls triggered tf.function retracing. Tracing is expensive")
        logger.warning("something else")
    assert caplog.messages == ["something else"]
    logger.warning("6 out of the last 10 calls triggered tf.function retracing.")
    assert len(caplog.messages) == 2
