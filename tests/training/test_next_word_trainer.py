"""The training of a next-word model, from the first chunk to the complete run."""

import shutil

import numpy as np
import pytest
from support.next_word_runs import TINY_NEXT_WORD, build_next_word_config
from support.sessions import ignore, on_epoch, open_session

from imdb_gru.errors import RunError
from imdb_gru.runs.run import Run
from imdb_gru.system.signals import Stop

pytestmark = pytest.mark.keras


@pytest.fixture
def prepare(tmp_path):
    """Open a training on a part of the sample; `run` is resumed."""

    def prepare(run=None, model=None, **train):
        values = {
            **TINY_NEXT_WORD,
            "model": TINY_NEXT_WORD["model"] | (model or {}),
            "train": TINY_NEXT_WORD["train"] | train,
        }
        config = build_next_word_config(**values)
        return open_session(tmp_path / f"run{len(list(tmp_path.iterdir()))}", config, run=run)

    return prepare


@pytest.mark.parametrize("model", [{"layers": 2}, {"cell": "lstm"}, {"cell": "simple_rnn"}], ids=str)
def test_chunks_with_their_states_are_judged_as_whole_reviews_are(prepare, model):
    whole, chunked = (prepare(model=model, timesteps=timesteps).trainer for timesteps in (500, 7))
    chunked.model.set_weights(whole.model.get_weights())
    figures = [validate(trainer) for trainer in (whole, chunked)]
    assert figures[0] == pytest.approx(figures[1], abs=1e-5)
    single = prepare(model=model, batch_size=1).trainer
    single.model.set_weights(whole.model.get_weights())
    assert validate(single) == pytest.approx(figures[0], abs=1e-5)


def validate(trainer):
    return trainer.validate(Stop())["validation_loss"]


def test_either_engine_reads_alike(prepare):
    model = {"layers": 2, "dropout": {"word": 0, "embedding": 0, "output": 0}}
    sessions = [prepare(model=model, engine=engine) for engine in ("fused", "keras")]
    trainers = [session.trainer for session in sessions]
    trainers[1].model.set_weights(trainers[0].model.get_weights())
    assert validate(trainers[0]) == pytest.approx(validate(trainers[1]), abs=1e-4)
    for session in sessions:
        session.train(ignore)
    for ours, theirs in zip(*(trainer.model.get_arrays() for trainer in trainers), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_training_learns_and_writes_a_complete_run(prepare):
    session, records = prepare(epochs=4, learning_rate=0.02), []
    metrics = session.train(on_epoch(records.append))
    assert session.run.state == "complete"
    assert records[-1].perplexity < 0.7 * records[0].perplexity
    assert records[-1].validation_perplexity < records[0].validation_perplexity
    assert metrics.best == min(records, key=lambda record: record.validation_loss)
    assert metrics.interrupted is False
    assert session.run.load_history() == records
    assert {path.name for path in session.run.path.iterdir()} == {
        "config.yaml", "vocabulary.json", "model.keras", "weights.npz", "history.jsonl", "metrics.json",
        "environment.jsonl",
    }  # fmt: skip


def train_until(session, batches):
    """Stop a training after so many of its batches."""
    trainer, left = session.trainer, batches
    run_batch = trainer._run_batch

    def run(chunks, number, step):
        nonlocal left
        left -= step is trainer._step
        if left == 0:
            session.stop.set()
        return run_batch(chunks, number, step)

    trainer._run_batch = run
    return session.train(ignore)


def test_stopped_anywhere_and_resumed_it_ends_with_the_same_weights(prepare):
    model = {"dropout": {"word": 0.2, "embedding": 0.2, "output": 0.2}}
    undisturbed = prepare(model=model)
    whole = undisturbed.train(ignore)
    session = prepare(model=model)
    run = session.run
    # within the first epoch, after its last batch but before it is validated, and within the second
    for batches, done, place in [(3, 0, (0, 3)), (12, 3, (0, 12)), (17, 12, (1, 5))]:
        if place[0]:
            assert train_until(session, batches - done).interrupted
        else:
            with pytest.raises(KeyboardInterrupt):
                train_until(session, batches - done)
        assert run.state == ("complete" if place[0] else "in progress")
        session = prepare(run=run, model=model)
        told = session.restore()
        assert (told.epoch, told.batch) == place
    metrics = session.train(ignore)
    assert run.weights_path.read_bytes() == undisturbed.run.weights_path.read_bytes()
    for figure in ("loss", "perplexity", "validation_loss", "learning_rate"):
        assert getattr(metrics.best, figure) == getattr(whole.best, figure)
    assert [record.epoch for record in run.load_history()] == [1, 2]


def test_it_writes_a_checkpoint_within_the_epoch_now_and_then(prepare, monkeypatch):
    from imdb_gru.training.next_word import trainer
    from imdb_gru.training.recorder import RunRecorder

    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", 0.0)
    session, found = prepare(epochs=1), []
    keep_checkpoint = RunRecorder.keep_checkpoint

    def keep(recorder, trainer):
        keep_checkpoint(recorder, trainer)
        found.append(session.run.load_progress().batch)

    monkeypatch.setattr(RunRecorder, "keep_checkpoint", keep)
    session.train(ignore)
    assert found == [*range(1, 13), 0]


def test_other_reviews_and_other_shapes_are_not_resumed(prepare, tmp_path):
    stopped = prepare()
    with pytest.raises(KeyboardInterrupt):
        train_until(stopped, 2)
    with pytest.raises(RunError, match="cannot be used to resume training"):
        prepare(run=stopped.run, model={"units": 8}).restore()
    shutil.copytree(stopped.run.path, tmp_path / "copy")
    other = prepare(run=Run(tmp_path / "copy"), validation_split=0.3)
    with pytest.raises(RunError, match="was not trained on the reviews in sample"):
        other.restore()


def test_without_validation_reviews_the_last_epoch_is_the_best(prepare):
    metrics = prepare(validation_split=0.0, model={"cell": "lstm"}).train(ignore)
    assert metrics.best.epoch == 2
    assert metrics.best.validation_perplexity is None
