"""Workers' shares of a batch, and what they add up, without a second process: the sums are taken here."""

from dataclasses import replace

import numpy as np
import pytest
from support.models import start_from_scratch
from support.sessions import ignore

from imdb_gru.config import build_config
from imdb_gru.config.schedule import fit_schedule
from imdb_gru.corpus.corpus import encode_corpus, load_training_reviews
from imdb_gru.corpus.soft_targets import SoftTargets
from imdb_gru.runs.run import Run
from imdb_gru.sources.sample import SampleSource
from imdb_gru.system.arrays import NO_LABEL
from imdb_gru.system.signals import Stop

pytestmark = pytest.mark.keras

QUIET = {"word": 0.0, "embedding": 0.0, "output": 0.0}


@pytest.fixture
def prepare(tmp_path):
    """Make a trainer on a part of the sample, some reviews without a label, as one of some workers or alone."""

    def prepare(shares=None, dropout=QUIET, taught=False, **train):
        from imdb_gru.training.classifier.trainer import ClassifierTrainer

        values = {
            "data": {"path": "sample", "limit": 90},
            "text": {"length": 60},
            "model": {"embedding": 6, "units": 5, "dropout": dropout},
            "train": {"epochs": 2, "batch_size": 16, "objective": "linear", **train},
        }
        config = build_config(start_from_scratch(values), "test")
        source = SampleSource()
        corpus = encode_corpus(source, config, load_training_reviews(source, config), None)
        labels = np.where(np.arange(len(corpus.train)) % 5 == 0, NO_LABEL, corpus.train.labels)
        said = np.random.default_rng(0).random(len(labels), np.float32)
        targets = SoftTargets(said, (), corpus.statistics.hash) if taught else None
        corpus = replace(corpus, train=replace(corpus.train, labels=labels, soft_targets=targets))
        trainer = ClassifierTrainer(
            fit_schedule(config, len(corpus.train), len(corpus.validation)), corpus, None, shares
        )
        trainer.restore(Run(tmp_path / "none"))
        return trainer

    return prepare


def alone(rank, count):
    """Shares whose sums are of this worker's numbers alone, which are kept."""
    from imdb_gru.training.shares import Shares

    class Alone(Shares):
        def _add_up(self, own, number):
            self.size = own.shape[0]
            return own

        def average(self, figures, counts):
            return figures

    return Alone(rank, count)


def list_batches(trainer, epoch=0):
    from imdb_gru.training.batches import ReviewBatches

    return list(ReviewBatches(trainer.corpus.train, trainer.config, epoch, trainer.shares))


def find_gradients(trainer, batch, monkeypatch):
    import tensorflow as tf

    found = []
    monkeypatch.setattr(trainer.model.optimizer, "apply", lambda gradients, weights: found.extend(gradients))
    trainer.model.train_step(batch)
    return [tf.convert_to_tensor(gradient).numpy() for gradient in found]


def test_every_review_of_a_batch_is_dealt_once_and_the_longest_are_alike(prepare):
    from imdb_gru.training.batches import ReviewBatches

    whole = prepare()
    parts = [prepare(alone(rank, 3)) for rank in range(3)]
    dealt = [ReviewBatches(part.corpus.train, part.config, 0, part.shares).rows for part in parts]
    lengths = whole.corpus.train.lengths
    for rows, *shares in zip(ReviewBatches(whole.corpus.train, whole.config, 0).rows, *dealt, strict=True):
        assert sorted(np.concatenate(shares)) == sorted(rows)
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
        ordered = np.sort(lengths[rows])[::-1]
        assert [lengths[share].max() for share in shares if len(share)] == list(ordered[:3])


@pytest.mark.parametrize(
    ("train", "count"),
    [
        ({"adversarial": None}, 2),
        ({"adversarial": 0.1}, 2),
        ({"engine": "keras"}, 2),
        ({"batch_size": 4}, 6),
        ({"taught": True, "adversarial": 0.1}, 2),
        ({"taught": True, "batch_size": 4}, 6),
    ],
    ids=str,
)
def test_shares_of_a_gradient_add_up_to_the_whole(prepare, monkeypatch, train, count):
    """With 6 workers, batches of 4 leave some without a review."""
    trainer = prepare(**train)
    number = 2
    expected = find_gradients(trainer, list_batches(trainer)[number], monkeypatch)
    sums = [0.0] * len(expected)
    for rank in range(count):
        trainer.shares = trainer.model.shares = alone(rank, count)
        gradients = find_gradients(trainer, list_batches(trainer)[number], monkeypatch)
        sums = [total + gradient for total, gradient in zip(sums, gradients, strict=True)]
    for total, gradient in zip(sums, expected, strict=True):
        np.testing.assert_allclose(total, gradient, atol=2e-6 * np.abs(gradient).max())


def test_virtual_losses_count_by_reviews_and_not_by_labels(prepare, monkeypatch):
    trainer = prepare(adversarial=None, virtual=0.1)
    from imdb_gru.training.classifier import train_step as objective

    monkeypatch.setattr(objective, "draw_direction", lambda x, mask, step, seed: 0 * x + 1)
    expected = find_gradients(trainer, list_batches(trainer)[2], monkeypatch)
    sums = [0.0] * len(expected)
    for rank in range(2):
        trainer.shares = trainer.model.shares = alone(rank, 2)
        gradients = find_gradients(trainer, list_batches(trainer)[2], monkeypatch)
        sums = [total + gradient for total, gradient in zip(sums, gradients, strict=True)]
    for total, gradient in zip(sums, expected, strict=True):
        np.testing.assert_allclose(total, gradient, atol=1e-3 * np.abs(gradient).max())


def test_only_rows_of_words_that_a_batch_holds_go_round(prepare, monkeypatch):
    from imdb_gru.training import shares

    monkeypatch.setattr(shares, "BLOCK", 1)
    trainer = prepare(alone(0, 2), dropout={**QUIET, "word": 0.5})
    for ids, _, (_, words) in list_batches(trainer)[:3]:
        assert set(ids.ravel()) <= set(words)
        assert len(words) == len(set(words))
    batch = list_batches(trainer)[2]
    find_gradients(trainer, batch, monkeypatch)
    whole = sum(weight.numpy().size for weight in trainer.model.trainable_variables)
    spared = (len(trainer.corpus.vocabulary) - len(batch[2][1])) * 6
    assert spared > 0
    assert trainer.shares.size == whole - spared + 1  # and the wish to stop


def test_all_workers_hear_a_wish_to_stop_at_the_same_step(prepare):
    from imdb_gru.training.loop import run_training
    from imdb_gru.training.recorder import Recorder

    trainer, stop = prepare(alone(0, 2)), Stop()
    trainer.shares.wish.assign(1.0)
    with pytest.raises(KeyboardInterrupt):
        run_training(trainer, Recorder(), ignore, stop)
    assert stop.is_set()
    stop = Stop()
    prepare(alone(0, 2)).train_epoch(stop, lambda: None)
    assert not stop.is_set()


def test_figures_are_averages_over_all_reviews():
    from imdb_gru.training.shares import Shares

    class Two(Shares):
        def _add_up(self, own, number):
            return own + np.array(
                [(0.5 * 30, 30), (1, 2)]
            )  # another worker's 30 losses, each 0.5; 1 of its 2 labels right

    averages = Two(0, 2).average({"loss": 1.0, "accuracy": 1.0}, {"loss": 10, "accuracy": 6})
    assert averages == {"loss": pytest.approx(0.625), "accuracy": pytest.approx(7 / 8)}


def test_only_the_first_worker_writes(prepare, tmp_path):
    from imdb_gru.training.loop import run_training
    from imdb_gru.training.recorder import Recorder

    assert run_training(prepare(alone(1, 2)), Recorder(), ignore) is None
    assert not list(tmp_path.iterdir())


def test_workers_drop_different_units_and_the_first_drops_what_it_would_alone(prepare):
    dropout = {"word": 0.5, "embedding": 0.3, "output": 0.3}
    states, words = [], []
    for shares in (None, alone(0, 2), alone(1, 2)):
        trainer = prepare(shares, dropout=dropout)
        variables = [v for v in trainer.model.variables if v.path.endswith("seed_generator_state")]
        assert len(variables) >= 2
        states.append([tuple(variable.numpy()) for variable in variables])
        words.append(list_batches(trainer)[0][0])
    assert states[0] == states[1] != states[2]
    assert (words[1] != words[2][:, : words[1].shape[1]]).any()
