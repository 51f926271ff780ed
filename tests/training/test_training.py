import itertools
import json
import shutil
import signal
import time

import numpy as np
import pytest
from support.models import start_from_scratch
from support.sessions import ignore, on_epoch, open_session

from imdb_gru.config import build_config
from imdb_gru.errors import RunError
from imdb_gru.models.classifier import Classifier
from imdb_gru.records import Epoch
from imdb_gru.runs.calibration import Calibration
from imdb_gru.runs.run import Run

pytestmark = pytest.mark.keras


def open_training(path, run=None, limit=150, model=None, **train):
    """Open a training on a part of the sample; `run` is resumed."""
    values = {
        "data": {"path": "sample", "limit": limit},
        "text": {"length": 60},
        "model": {"embedding": 6, "units": 5, **(model or {})},
        "train": {"epochs": 3, "batch_size": 16, "deterministic": True, "objective": "linear", **train},
    }
    return open_session(path, build_config(start_from_scratch(values), "test"), run=run)


@pytest.fixture
def prepare(tmp_path):
    def prepare(**options):
        return open_training(tmp_path / f"run{len(list(tmp_path.iterdir()))}", **options)

    return prepare


@pytest.fixture(scope="module")
def alone(tmp_path_factory, full_graphs):
    """A training that nothing stopped."""
    session = open_training(tmp_path_factory.mktemp("alone") / "run")
    session.train(ignore)
    return session


@pytest.fixture(scope="module")
def stopped_after_one(tmp_path_factory, full_graphs):
    """The same training, stopped after its first epoch, and its final figures."""
    session = open_training(tmp_path_factory.mktemp("stopped") / "run")
    return session, stop_after(session, 1)


@pytest.fixture
def stopped(stopped_after_one, tmp_path):
    """A copy of the stopped training's run, which a test may resume or damage."""
    return Run(shutil.copytree(stopped_after_one[0].run.path, tmp_path / "stopped"))


def stop_after(session, epochs):
    """Send the signal of Ctrl-C when so many epochs are done."""

    def report(record):
        if record.epoch == epochs:
            signal.raise_signal(signal.SIGINT)

    return session.train(on_epoch(report))


def assert_same_weights(ours, theirs):
    for one, other in zip(ours.trainer.model.get_weights(), theirs.trainer.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def list_figures(session):
    keep = ("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate")
    return [{key: getattr(record, key) for key in keep} for record in session.run.load_history()]


def assert_resumed_as_left_alone(resumed, alone):
    resumed.restore()
    assert resumed.trainer.progress.epoch == 1
    states = []
    metrics = resumed.train(on_epoch(lambda record: states.append(resumed.run.state)))
    assert not metrics.interrupted
    assert set(states) == {"in progress"}
    assert resumed.run.state == "complete"
    assert_same_weights(resumed, alone)
    assert list_figures(resumed) == list_figures(alone)
    assert resumed.run.load_calibration() == alone.run.load_calibration()
    assert not resumed.run.checkpoint_path.exists()


def test_a_resumed_run_ends_with_the_weights_of_one_left_alone(prepare, alone, stopped_after_one, stopped):
    _, metrics = stopped_after_one
    assert metrics.interrupted
    assert metrics.epochs == 1
    assert stopped.state == "complete"
    assert_resumed_as_left_alone(prepare(run=stopped), alone)


def test_with_averages_and_recurrent_dropout_it_does_too(prepare):
    """A simple RNN's dropout of recurrent units is that of a GRU, and the least to trace."""
    options = {
        "averaging": 0.9, "epochs": 2, "model": {"cell": "simple_rnn", "dropout": {"recurrent": 0.2}},
    }  # fmt: skip
    alone, stopped = prepare(**options), prepare(**options)
    alone.train(ignore)
    stop_after(stopped, 1)
    assert_resumed_as_left_alone(prepare(run=stopped.run, **options), alone)


def test_another_seed_gives_other_weights(prepare, alone, stopped_after_one):
    """That the same seed gives the same weights is what a resumed run shows."""
    stopped, _ = stopped_after_one
    other = prepare(seed=1)
    stop_after(other, 1)
    assert list_figures(stopped) == list_figures(alone)[:1] != list_figures(other)
    # the vocabulary, of the reviews that are trained on, may differ too
    weights = [np.concatenate([w.ravel() for w in s.trainer.model.get_weights()]) for s in (stopped, other)]
    assert len(weights[0]) != len(weights[1]) or (weights[0] != weights[1]).any()


def test_stopped_before_an_epoch_is_done_it_stays_in_progress(prepare):
    session = prepare()

    def interrupt(*_):
        signal.raise_signal(signal.SIGINT)

    session.trainer.train_epoch = interrupt
    with pytest.raises(KeyboardInterrupt):
        session.train(ignore)
    assert session.run.state == "in progress"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_best_epoch_is_kept_and_patience_ends_the_training(prepare):
    session = prepare(epochs=9, patience=2, monitor="loss")
    losses = iter([0.5, 0.4, 0.45, 0.6, 0.1])
    kept = []

    def validate(stop):
        kept.append(session.trainer.model.get_weights())
        return {"validation_loss": next(losses), "validation_accuracy": 0.5}

    session.trainer.validate = validate
    metrics = session.train(ignore)
    assert metrics.epochs == 4
    assert metrics.best.epoch == 2

    from imdb_gru.training.model import keras

    saved = keras.models.load_model(session.run.model_path).get_weights()
    for ours, theirs in zip(saved, kept[1], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_accuracy_decides_where_it_is_monitored(prepare):
    by_accuracy, by_loss = (prepare(monitor=figure).trainer for figure in ("accuracy", "loss"))
    best = Epoch(epoch=1, validation_accuracy=0.9, validation_loss=0.3)
    more_accurate = Epoch(epoch=2, validation_accuracy=0.91, validation_loss=0.4)
    assert by_accuracy.is_better(more_accurate, best)
    assert not by_loss.is_better(more_accurate, best)
    assert by_accuracy.is_better(Epoch(epoch=2, validation_accuracy=0.9, validation_loss=0.2), best)


def test_errors_by_confidence_are_recorded_for_the_model_that_is_kept(alone):
    run, reviews = alone.run, alone.trainer.corpus.validation
    calibration = run.load_calibration()
    assert calibration.reviews == len(reviews)
    assert run.state == "complete"
    classifier = Classifier.load(run)
    probabilities = classifier.predict_ids([reviews[row] for row in range(len(reviews))])
    assert calibration == Calibration.measure(reviews.labels, probabilities)


def test_killed_while_errors_are_counted_it_is_complete_without_them(prepare):
    session = prepare(epochs=1)
    session.trainer.calibrate = lambda _: pytest.fail("killed")
    with pytest.raises(BaseException, match="killed"):
        session.train(ignore)
    assert (session.run.state, session.run.load_calibration()) == ("complete", None)


def test_without_validation_the_last_epoch_is_the_best(prepare):
    session = prepare(validation_split=0.0, epochs=2)
    metrics = session.train(ignore)
    assert metrics.best.epoch == 2
    assert metrics.best.validation_loss is None
    assert session.run.load_calibration() is None


def test_averaged_weights_are_what_is_saved(prepare):
    from imdb_gru.training.model import keras

    session = prepare(averaging=0.99, epochs=1)
    session.train(ignore)
    saved = keras.models.load_model(session.run.model_path).get_weights()
    assert any((ours != theirs).any() for ours, theirs in zip(saved, session.trainer.model.get_weights(), strict=True))


def test_other_reviews_than_those_of_the_checkpoint_are_refused(prepare, stopped):
    with pytest.raises(RunError, match="was not trained on the reviews in sample"):
        prepare(run=stopped, limit=140).restore()


def test_a_damaged_checkpoint_is_told(prepare, stopped):
    session = prepare(run=stopped)
    whole = stopped.checkpoint_path.read_bytes()
    for kept in (0, 5, 2000):
        stopped.checkpoint_path.write_bytes(whole[:kept])
        with pytest.raises(RunError, match="cannot be used to resume training"):
            session.restore()


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_the_learning_rate_warms_up_and_falls(schedule):
    from imdb_gru.training.optimizer import WarmupSchedule

    rates = [float(WarmupSchedule(0.5, schedule, 100, 10)(step)) for step in range(100)]
    assert rates[:10] == pytest.approx([0.05 * step for step in range(1, 11)])
    if schedule == "constant":
        assert rates[10:] == [0.5] * 90
    else:
        assert all(before > after for before, after in itertools.pairwise(rates[10:]))
        assert rates[55] == pytest.approx(0.25, abs=0.01)
        assert rates[-1] < 0.02


def test_batches_drop_words_only_and_only_in_training(prepare):
    from imdb_gru.training.batches import ReviewBatches

    session = prepare(model={"dropout": {"word": 0.5}})
    reviews, config = session.trainer.corpus.train, session.trainer.config
    first, again, later = ([ids for ids, _ in ReviewBatches(reviews, config, epoch)] for epoch in (0, 0, 1))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any(a.shape != b.shape or (a != b).any() for a, b in zip(first, later, strict=True))
    dropped = sum((ids == 2).sum() for ids in first) / sum((ids > 1).sum() for ids in first)
    assert 0.4 < dropped < 0.6
    assert all((ids[:, 0] == 1).all() for ids in first)
    scored = list(ReviewBatches(reviews, config, None))
    assert sum((ids == 2).sum() for ids, _ in scored) == (reviews.ids == 2).sum()
    assert sum(len(ids) for ids, _ in scored) == len(reviews)


def test_padded_batches_are_of_one_length(prepare):
    from imdb_gru.training.batches import ReviewBatches

    session = prepare(batches="padded")
    shapes = {ids.shape[1] for ids, _ in ReviewBatches(session.trainer.corpus.train, session.trainer.config, 0)}
    assert shapes == {61}


def test_tensorboard_logs_are_written_where_asked(prepare):
    pytest.importorskip("tensorboard")
    session = prepare(tensorboard=True, epochs=1)
    session.train(ignore)
    assert list((session.run.path / "tensorboard").glob("events*"))


def test_the_plan_names_the_models_parameters(prepare):
    from imdb_gru.training.summary import estimate_memory, summarise_model

    session = prepare()
    summary, parameters = summarise_model(session.trainer.config, session.trainer.corpus)
    assert parameters == session.trainer.model.count_params()
    assert "gru_1" in summary
    memory = estimate_memory(session.trainer.config, parameters, session.trainer.corpus)
    assert 500 * 2**20 < memory < 900 * 2**20


def test_history_is_one_json_line_an_epoch(alone):
    lines = alone.run.history_path.read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3]


def test_an_epoch_is_timed_without_the_compiling_of_the_engine(prepare, monkeypatch):
    from imdb_gru.training import loop

    session = prepare(epochs=1)
    train_epoch = session.trainer.train_epoch
    compiled = [0.0]

    def train(stop, checkpoint):
        compiled[0] += 1000.0
        return train_epoch(stop, checkpoint)

    monkeypatch.setattr(session.trainer, "train_epoch", train)
    monkeypatch.setattr(loop.compiling, "measure", lambda: compiled[0])
    monkeypatch.setattr(loop.time, "monotonic", lambda clock=time.monotonic: clock() + compiled[0])
    metrics = session.train(ignore)
    assert metrics.seconds < 500
    assert metrics.compile_seconds >= 1000


def test_the_building_of_graphs_counts_as_compilation(alone):
    assert 0 < alone.run.load_metrics().compile_seconds < 60
