"""Losses of all timesteps."""

import numpy as np
import pytest
from support.models import make_sequences, start_from_scratch

from imdb_gru.config import build_config, load_config
from imdb_gru.corpus.encoded import pad
from imdb_gru.errors import ConfigError

pytestmark = pytest.mark.keras

LABELS = np.array([1, 0, 0, 1, 0, 1], np.float32)


def build_reading_twin(model, classifier, objective, fused):
    from imdb_gru.training.model import build_model

    config, size = classifier.config.model, len(classifier.vocabulary)
    twin = build_model(config, size, fused=fused, objective=objective, train=load_config("scratch").train)
    twin.set_weights(model.get_weights())
    twin.compile(
        "sgd",
        "binary_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
        run_eagerly=True,  # tracing takes seconds, a step of a tiny model none
    )
    return twin


def compute_losses(beliefs, weigh):
    for belief, label in zip(beliefs, LABELS, strict=True):
        weights = weigh(np.arange(1, len(belief) + 1))
        losses = -np.log(belief if label else 1 - belief)
        yield (weights * losses).sum() / weights.sum()


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"pooling": ["mean", "last", "max"], "layers": 2, "dense": [4]}, {"pooling": ["last"]}], ids=str
)
@pytest.mark.parametrize(("objective", "weigh"), [("every", np.ones_like), ("linear", np.asarray)])
def test_the_loss_is_that_of_every_timesteps_belief(build_twins, fused, options, objective, weigh):
    model, classifier = build_twins(dropout={"embedding": 0, "output": 0}, **options)
    sequences = make_sequences(np.random.default_rng(1))
    beliefs = classifier.predict_timesteps(sequences)
    twin = build_reading_twin(model, classifier, objective, fused)
    said = twin(pad(sequences), training=False).numpy()[:, :, 0]
    for belief, row in zip(beliefs, said, strict=True):
        np.testing.assert_allclose(row[: len(belief)], belief, atol=1e-5)
    judged = twin.test_on_batch(pad(sequences), LABELS[:, None], return_dict=True)
    final = np.array([belief[-1] for belief in beliefs])
    assert judged["accuracy"] == pytest.approx(((final >= 0.5) == LABELS).mean())
    assert judged["loss"] == pytest.approx(np.mean(-np.log(np.where(LABELS, final, 1 - final))), abs=1e-5)
    trained = twin.train_on_batch(pad(sequences), LABELS[:, None], return_dict=True)
    assert trained["loss"] == pytest.approx(np.mean(list(compute_losses(beliefs, weigh))), abs=1e-5)


def test_both_engines_find_the_same_gradients(build_twins):
    model, classifier = build_twins(dropout={"embedding": 0, "output": 0})
    sequences = make_sequences(np.random.default_rng(1))
    updated = []
    for fused in (False, True):
        twin = build_reading_twin(model, classifier, "linear", fused)
        twin.optimizer.learning_rate = 1.0
        twin.train_on_batch(pad(sequences), LABELS[:, None])
        updated.append(twin.get_weights())
    for stock, ours, before in zip(*updated, model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, stock, atol=1e-4)
        assert np.abs(ours - before).max() > 1e-3


def test_output_dropout_drops_the_same_units_at_all_timesteps(build_twins):
    model, classifier = build_twins(dropout={"embedding": 0, "output": 0.5})
    twin = build_reading_twin(model, classifier, "every", fused=False)
    dropout = next(layer for layer in twin.layers if "dropout" in layer.name)
    dropped = dropout(np.ones((3, 7, 12), "f"), training=True).numpy() == 0
    assert dropped.any()
    assert (dropped == dropped[:, :1]).all()


def test_a_model_that_reads_backwards_has_no_other_objective():
    with pytest.raises(ConfigError, match=r"train\.objective: .* got linear; use last"):
        build_config(start_from_scratch({"model": {"bidirectional": True}, "train": {"objective": "linear"}}), "test")
