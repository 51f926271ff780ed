"""The scikit-learn estimator: its contract without a training, and trainings in small."""

import logging
import pickle
import random
import signal
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
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator
from sklearn.utils.validation import validate_data

import imdb_gru
from imdb_gru.config import load_config
from imdb_gru.errors import ConfigError, MissingExtraError
from imdb_gru.events import EpochDone, StopRequested
from imdb_gru.records import Epoch
from imdb_gru.sklearn import GRUClassifier, leave_no_trace

TEXTS = [f"w1 w2 w{number}" for number in range(5, 15)]
LABELS = ["no", "yes"] * 5

NOT_APPLICABLE = {
    "check_estimator_sparse_tag": "texts are never sparse",
    "check_estimator_sparse_array": "texts are never sparse",
    "check_estimator_sparse_matrix": "texts are never sparse",
    "check_estimators_dtypes": "texts have no dtype to keep",
    "check_f_contiguous_array_estimator": "texts have no order in memory",
    "check_complex_data": "texts are not numbers",
    "check_dtype_object": "texts are not numbers",
    "check_estimators_nan_inf": "test_other_texts_are_refused has the missing values of texts",
    "check_positive_only_tag_during_fit": "texts have no sign",
    "check_array_api_input": "texts are no array of another library",
    "check_n_features_in": "texts have no columns to count",
    "check_n_features_in_after_fitting": "texts have no columns to count",
    "check_fit2d_1feature": "texts have no columns to count",
    "check_fit2d_predict1d": "texts are one-dimensional: test_other_texts_are_refused has tables",
    "check_fit1d": "texts are one-dimensional: test_other_texts_are_refused has tables",
    "check_estimators_empty_data_messages": "texts have no columns; test_other_labels_are_refused has no rows",
    "check_readonly_memmap_input": "texts are copied into a list, and are themselves never changed",
}
"""The checks of scikit-learn that are about tables of numbers, and why they say nothing about texts."""


class NumbersClassifier(GRUClassifier):
    """The estimator on rows of numbers, each turned into a word: what scikit-learn's checks give to an estimator."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.one_d_array, tags.input_tags.string = True, False, False
        tags.classifier_tags.poor_score = True  # its weights are random
        return tags

    def fit(self, X, y):
        return super().fit(write_texts(validate_data(self, X)), y)

    def predict_proba(self, X):
        return super().predict_proba(write_texts(validate_data(self, X, reset=False)))


def write_texts(rows):
    return [" ".join(f"w{int(abs(number) * 7) % 30}" for number in row) for row in rows]


def name_check(check):
    return check.func.__name__


CHECKS = [check for _, check in estimator_checks_generator(NumbersClassifier("default"))]


@pytest.fixture
def trainings(monkeypatch):
    """Put a classifier of random weights in place of a training, and list what would have been trained."""
    calls = []

    def train(config, source, observer=None):
        (split,) = source.splits
        calls.append((config, list(source.iter_reviews(split))))
        history = [Epoch(epoch=number + 1) for number in range(config.train.epochs)]
        return make_classifier(config.train.seed), history, None

    monkeypatch.setattr("imdb_gru.sklearn.train_in_memory", train)
    return calls


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if name_check(check) not in NOT_APPLICABLE], ids=name_check
)
def test_scikit_learns_checks_pass(check, trainings):
    check(NumbersClassifier("default"))


def test_every_check_that_is_left_out_exists():
    assert NOT_APPLICABLE.keys() <= {name_check(check) for check in CHECKS}


def test_the_estimator_says_that_it_takes_texts_of_two_classes():
    tags = get_tags(GRUClassifier())
    assert (tags.input_tags.string, tags.input_tags.two_d_array, tags.input_tags.one_d_array) == (True, False, True)
    assert tags.estimator_type == "classifier"
    assert not tags.classifier_tags.multi_class
    assert tags.target_tags.required


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
        (["w1", 3], TypeError, "text 1 is 3"),
        (["w1", b"w2"], TypeError, "text 1 is b'w2'"),
        ([["w1"], ["w2"]], TypeError, r"text 0 is \['w1'\]"),
        (["w1", None], ValueError, "missing value, text 1 is None"),
        ([float("nan"), "w1"], ValueError, "missing value, text 0 is nan"),
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
    with pytest.raises(ValueError, match="y has only no labels"):
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
        ({"epochs": 2, "overrides": {"train.epochs": 2}}, "epochs and overrides both set train.epochs"),
        ({"random_state": 0, "overrides": {"train.seed": 1}}, "random_state and overrides both set train.seed"),
        ({"overrides": {"data.limit": 5}}, "overrides holds data.limit, but fit is given its texts"),
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
    assert tried == {(1, 2), (3, 2), (1, 64), (3, 64)}
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


TINY = {
    "model.pretrained": None,
    "model.embedding": 8,
    "model.pooling": ["mean", "max"],
    "train.averaging": None,
    "train.adversarial": None,
    "train.warmup": 0.0,
    "train.engine": "fused",
}


def make_tiny(**parameters):
    settings = {"units": 8, "length": 30, "epochs": 2, "batch_size": 8, "learning_rate": 0.05, **parameters}
    return GRUClassifier("default", overrides=TINY, **settings)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """An estimator that was trained, with its texts, what its observer got and what was in the temporary folder."""
    texts = [f"a {word} film w{number}" for number in range(20) for word in ("superb", "dull")]
    folder, events = tmp_path_factory.mktemp("temporary"), []
    states = random.getstate(), np.random.get_state()[1].tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(folder))
        estimator = make_tiny(random_state=1).fit(texts, ["good", "bad"] * 20, observer=events.append)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states
    return estimator, texts, events, list(folder.iterdir())


@pytest.mark.keras
def test_a_training_is_held_in_memory(fitted):
    estimator, texts, events, left = fitted
    assert not [path for path in left if path.is_dir()]
    assert estimator.model_.run is None
    assert repr(estimator.model_) == "Classifier(gru 8, embedding 8, mean+max)"
    assert estimator.n_iter_ == 2
    assert [epoch.epoch for epoch in estimator.history_] == [1, 2]
    assert estimator.history_[0].validation_loss is not None
    assert [event.record for event in events if isinstance(event, EpochDone)] == estimator.history_
    assert not any("temporary" in str(event) for event in events)
    assert estimator.model_.config.train.seed == 1
    assert estimator.score(texts, ["good", "bad"] * 20) == 1
    assert estimator.predict(["superb", "dull"]).tolist() == ["good", "bad"]
    assert estimator.model_.inspect("a superb film").label == "positive"
    copy = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(copy.predict_proba(texts), estimator.predict_proba(texts))


@pytest.mark.keras
def test_ctrl_c_stops_a_search_and_leaves_what_was_learnt():
    """One text of each class is enough; none is held out then."""
    events = []

    def press(event):
        events.append(event)
        if isinstance(event, EpochDone):
            signal.raise_signal(signal.SIGINT)

    estimator = make_tiny(epochs=50)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(["superb", ""], [True, False], observer=press)
    assert any(isinstance(event, StopRequested) for event in events)
    assert not any("resume" in str(event) for event in events)
    assert estimator.n_iter_ == 1
    assert estimator.history_[0].validation_loss is None
    assert estimator.predict(["superb", "unheard", ""]).dtype == bool
