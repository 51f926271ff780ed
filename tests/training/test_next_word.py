import json
import shutil
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from next_word_runs import TINY_NEXT_WORD, build_next_word_config

from imdb_gru.errors import RunError
from imdb_gru.run import Run
from imdb_gru.runs import create_run
from imdb_gru.sources.sample import SampleSource
from imdb_gru.text.corpus import encode_corpus, load_pretraining_reviews

pytestmark = pytest.mark.keras

SIZE = 50


def build_model(samples=SIZE, fused=False, seed=0, **model):
    from imdb_gru.training.next_word import NextWordModel, keras

    keras.utils.set_random_seed(seed)
    config = build_next_word_config(model={"embedding": 4, "units": 5, **model})
    return NextWordModel(config.model, SIZE, fused=fused, samples=samples, seed=seed)


def draw_queries(count, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 2, (count, 4)).astype("f"), rng.integers(1, SIZE, count).astype("i4")


def compute_with_gradients(model, loss, queries, targets, weights, **options):
    from imdb_gru.training.next_word import tf

    with tf.GradientTape() as tape:
        queries = tf.constant(queries)
        tape.watch(queries)
        losses = loss(queries, tf.constant(targets), **options)
        total = tf.reduce_sum(losses * weights)
    variables = [queries, model.embedding.embeddings.value, model.bias.value]
    return [losses.numpy(), *(tf.convert_to_tensor(gradient).numpy() for gradient in tape.gradient(total, variables))]


@given(st.integers(3, 300), st.integers(2, 300))
def test_strata_hold_every_id_but_pad_once_and_grow(size, samples):
    from imdb_gru.training.next_word import Strata

    strata = Strata.build(size, samples)
    sizes = strata.sizes
    assert strata.edges[0] == 1
    assert strata.edges[-1] == size
    assert len(sizes) == min(samples, size - 1)
    assert (sizes >= 1).all()
    assert (sizes[: len(sizes) // 2] == 1).all()
    assert sizes.sum() == size - 1


def test_the_strata_of_rare_words_are_the_wide_ones():
    from imdb_gru.training.next_word import Strata

    sizes = Strata.build(20_000, 1024).sizes
    assert sizes[-1] >= max(sizes) - 1 > 50
    assert (np.diff(sizes[512:]) >= -1).all()


@pytest.mark.parametrize("samples", [SIZE - 1, SIZE, 1000])
def test_with_as_many_samples_as_words_the_softmax_is_the_whole_one(samples):
    model = build_model(samples)
    model.bias.assign(np.random.default_rng(3).normal(size=SIZE))
    model.embedding.embeddings.assign(np.random.default_rng(4).normal(size=(SIZE, 4)))
    queries, targets = draw_queries(40)
    weights = np.random.default_rng(1).random(40).astype("f")
    sampled = compute_with_gradients(model, model.compute_sampled_loss, queries, targets, weights, step=0)
    whole = compute_with_gradients(model, model.compute_loss_of_all, queries, targets, weights)
    for ours, theirs in zip(sampled, whole, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert all(np.abs(array).max() > 0.1 for array in whole)


def test_gradients_of_the_sampled_softmax_are_finite_differences():
    model = build_model(samples=12)
    queries, targets = draw_queries(6)
    weights = np.ones(6, "f")
    _, into_queries, into_table, into_bias = compute_with_gradients(
        model, model.compute_sampled_loss, queries, targets, weights, step=5
    )
    table, bias = model.embedding.embeddings.numpy(), model.bias.numpy()
    for array, gradient, assign in (
        (queries, into_queries, lambda changed: None),
        (table, into_table, model.embedding.embeddings.assign),
        (bias, into_bias, model.bias.assign),
    ):
        for place in np.random.default_rng(2).permutation(list(np.ndindex(array.shape)))[:40]:
            sums = []
            for move in (0.01, -0.01):
                changed = array.copy()
                changed[tuple(place)] += move
                assign(changed)
                asked = changed if array is queries else queries
                sums.append(float(np.sum(model.compute_sampled_loss(asked, targets, 5))))
            assign(array)
            assert gradient[tuple(place)] == pytest.approx((sums[0] - sums[1]) / 0.02, abs=5e-3)


def test_the_sampled_loss_is_on_average_near_the_whole_one():
    model = build_model(samples=24)
    queries, targets = draw_queries(200)
    queries /= 4
    whole = model.compute_loss_of_all(queries, targets).numpy()
    losses = np.mean([model.compute_sampled_loss(queries, targets, step).numpy() for step in range(100)], axis=0)
    assert losses.mean() == pytest.approx(whole.mean(), abs=0.02)
    np.testing.assert_allclose(losses, whole, atol=0.15)
    once = model.compute_sampled_loss(queries, targets, 0).numpy()
    assert (once == model.compute_sampled_loss(queries, targets, 0).numpy()).all()
    assert (once != model.compute_sampled_loss(queries, targets, 1).numpy()).any()


@pytest.fixture
def prepare(tmp_path):
    """Make a trainer for a part of the sample; `run` continues one."""

    def prepare(run=None, model=None, **train):
        from imdb_gru.training.next_word_trainer import NextWordTrainer

        values = {
            **TINY_NEXT_WORD,
            "model": TINY_NEXT_WORD["model"] | (model or {}),
            "train": TINY_NEXT_WORD["train"] | train,
        }
        config, source = build_next_word_config(**values), SampleSource()
        corpus = encode_corpus(source, config, load_pretraining_reviews(source, config), None)
        if run is None:
            run = create_run(tmp_path / f"run{len(list(tmp_path.iterdir()))}", config)
            corpus.vocabulary.save(run.vocabulary_path)
        return NextWordTrainer(run, config, corpus)

    return prepare


@pytest.mark.parametrize("model", [{}, {"layers": 2}, {"cell": "lstm"}, {"cell": "simple_rnn", "layers": 2}], ids=str)
def test_chunks_with_their_states_are_judged_as_whole_reviews_are(prepare, model):
    whole, chunked = (prepare(model=model, timesteps=timesteps) for timesteps in (500, 7))
    chunked.model.set_weights(whole.model.get_weights())
    figures = [trainer._validate() for trainer in (whole, chunked)]
    assert figures[0]["validation_loss"] == pytest.approx(figures[1]["validation_loss"], abs=1e-5)
    single = prepare(model=model, batch_size=1)
    single.model.set_weights(whole.model.get_weights())
    assert single._validate()["validation_loss"] == pytest.approx(figures[0]["validation_loss"], abs=1e-5)


@pytest.mark.parametrize("model", [{}, {"layers": 2}], ids=str)
def test_either_engine_reads_alike(prepare, model):
    dropout = {"word": 0, "embedding": 0, "output": 0}
    trainers = [prepare(model={**model, "dropout": dropout}, engine=engine) for engine in ("fused", "keras")]
    trainers[1].model.set_weights(trainers[0].model.get_weights())
    assert trainers[0]._validate()["validation_loss"] == pytest.approx(
        trainers[1]._validate()["validation_loss"], abs=1e-4
    )
    for trainer in trainers:
        trainer.train(lambda record: None)
    for ours, theirs in zip(*(trainer.model.get_arrays() for trainer in trainers), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_training_learns_and_writes_a_complete_run(prepare):
    trainer, records = prepare(epochs=4, learning_rate=0.02), []
    metrics = trainer.train(records.append)
    assert trainer.run.state == "complete"
    assert records[-1]["perplexity"] < 0.7 * records[0]["perplexity"]
    assert records[-1]["validation_perplexity"] < records[0]["validation_perplexity"]
    assert metrics["best"] == min(records, key=lambda record: record["validation_loss"])
    assert metrics["interrupted"] is False
    assert trainer.run.load_history() == records
    assert {path.name for path in trainer.run.path.iterdir()} == {
        "config.yaml", "vocabulary.json", "model.keras", "weights.npz", "history.jsonl", "metrics.json",
    }  # fmt: skip


class StopAfter:
    """Stop a training after so many of its batches."""

    def __init__(self, trainer, batches):
        self.trainer, self.left, self.run_batch = trainer, batches, trainer._run_batch
        self.stop = None
        trainer._run_batch = self

    def __call__(self, chunks, number, run):
        self.left -= run is self.trainer._step
        if self.left == 0:
            self.stop.set()
        return self.run_batch(chunks, number, run)


def train_until(monkeypatch, trainer, batches):
    from imdb_gru.training import next_word_trainer, observers

    stop = StopAfter(trainer, batches)
    original = observers.stop_on_signals

    def stop_here():
        stop.stop = threading.Event()
        from contextlib import nullcontext

        return nullcontext(stop.stop)

    monkeypatch.setattr(next_word_trainer, "stop_on_signals", stop_here)
    try:
        return trainer.train(lambda record: None)
    finally:
        monkeypatch.setattr(next_word_trainer, "stop_on_signals", original)


DROPOUT = {"dropout": {"word": 0.2, "embedding": 0.2, "output": 0.2}}


@pytest.mark.parametrize("batches", [3, 12, 17])
@pytest.mark.parametrize("model", [DROPOUT, {"cell": "lstm", **DROPOUT}], ids=["gru", "lstm"])
def test_stopped_anywhere_and_resumed_it_ends_with_the_same_weights(prepare, monkeypatch, model, batches):
    undisturbed = prepare(model=model)
    whole = undisturbed.train(lambda record: None)
    stopped = prepare(model=model)
    if batches <= 12:  # an epoch whose batches are done is yet to be judged
        with pytest.raises(KeyboardInterrupt):
            train_until(monkeypatch, stopped, batches)
        assert stopped.run.state == "in progress"
    else:
        assert train_until(monkeypatch, stopped, batches)["interrupted"]
        assert stopped.run.state == "complete"
    resumed = prepare(run=stopped.run, model=model)
    resumed.restore()
    assert (resumed.progress.epoch, resumed.progress.batch) == ((0, batches) if batches <= 12 else (1, batches - 12))
    metrics = resumed.train(lambda record: None)
    assert stopped.run.weights_path.read_bytes() == undisturbed.run.weights_path.read_bytes()
    for figure in ("loss", "perplexity", "validation_loss", "learning_rate"):
        assert metrics["best"][figure] == whole["best"][figure]
    assert [record["epoch"] for record in resumed.run.load_history()] == [1, 2]


def test_it_writes_a_checkpoint_within_the_epoch_now_and_then(prepare, monkeypatch):
    from imdb_gru.training import next_word_trainer

    monkeypatch.setattr(next_word_trainer, "CHECKPOINT_SECONDS", 0.0)
    trainer, found = prepare(epochs=1), []
    save = trainer._save_checkpoint

    def keep():
        save()
        with np.load(trainer.run.checkpoint_path) as stored:
            found.append(json.loads(str(stored["progress"]))["batch"])

    trainer._save_checkpoint = keep
    trainer.train(lambda record: None)
    assert found == [*range(1, 13), 0]


def test_other_reviews_and_other_shapes_are_not_resumed(prepare, monkeypatch, tmp_path):
    stopped = prepare()
    with pytest.raises(KeyboardInterrupt):
        train_until(monkeypatch, stopped, 2)
    with pytest.raises(RunError, match="cannot be resumed from"):
        prepare(run=stopped.run, model={"units": 8}).restore()
    shutil.copytree(stopped.run.path, tmp_path / "copy")
    other = prepare(run=Run(tmp_path / "copy"), validation_split=0.3)
    with pytest.raises(RunError, match="was trained on other reviews than sample holds"):
        other.restore()


def test_without_held_out_reviews_the_last_epoch_is_the_best(prepare):
    metrics = prepare(validation_split=0.0).train(lambda record: None)
    assert metrics["best"]["epoch"] == 2
    assert "validation_perplexity" not in metrics["best"]
