"""The scikit-learn estimator trained in small."""

import pickle
import random
import signal

import numpy as np
import pytest

pytest.importorskip("sklearn")


from imdb_gru.events import EpochDone, StopRequested
from imdb_gru.sklearn import GRUClassifier

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
