"""Judge the fused layers and optimizer by Keras's own, inside fit."""

import numpy as np
import pytest
from support.models import start_from_scratch

from imdb_gru.config import build_config
from imdb_gru.errors import ConfigError

pytestmark = pytest.mark.keras

WORDS, STEPS = 300, 30


def make_batches(count, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        lengths = rng.integers(1, 31, 16)
        ids = rng.integers(1, WORDS, (16, 30))  # of one shape, since another shape is traced again
        ids[np.arange(30) >= lengths[:, None]] = 0
        yield ids.astype(np.int32), rng.integers(0, 2, (16, 1)).astype(np.float32)


def train(config, *, fused):
    from imdb_gru.training.model import build_model, keras
    from imdb_gru.training.optimizer import build_optimizer

    keras.utils.set_random_seed(3)
    model = build_model(config.model, WORDS, fused=fused)
    model.compile(build_optimizer(config.train, STEPS), "binary_crossentropy", jit_compile=False)
    losses = [float(model.train_on_batch(*batch)) for batch in make_batches(STEPS)]
    return model, losses


@pytest.mark.parametrize(
    "model",
    [
        {},
        {"pooling": ["last"], "units": 37},
        {"pooling": ["mean", "max"], "dropout": {"embedding": 0, "output": 0}},
        {"layers": 2, "bidirectional": True, "units": 12},
    ],
    ids=str,
)
def test_either_engine_trains_with_the_same_losses_to_the_same_weights(model):
    values = {"model": {"embedding": 8, "units": 20, **model}, "train": {"learning_rate": 0.01}}
    config = build_config(start_from_scratch(values), "test")
    (stock, expected), (fused, losses) = (train(config, fused=fused) for fused in (False, True))
    np.testing.assert_allclose(losses, expected, atol=2e-5)
    assert np.ptp(losses) > 0.02
    for ours, theirs in zip(fused.get_weights(), stock.get_weights(), strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, atol=2e-3)
    ids, _ = next(make_batches(1, seed=9))
    np.testing.assert_allclose(fused(ids, training=False), stock(ids, training=False), atol=2e-3)


@pytest.mark.parametrize("mask", ["none", "right", "left", "holes"])
@pytest.mark.parametrize("options", [{}, {"go_backwards": True, "use_bias": False}], ids=str)
def test_outputs_and_gradients_are_those_of_keras(mask, options):
    from imdb_gru.training.layers import FusedGRU, keras, tf

    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(6, 9, 4)), tf.float32)
    masks = {"none": None, "holes": rng.random((6, 9)) < 0.7, "right": np.tri(6, 9, 3, bool)}
    masks["left"] = masks["right"][:, ::-1]
    arguments = {"return_sequences": True, "return_state": True, **options}
    ours, theirs = (layer(5, **arguments) for layer in (FusedGRU, keras.layers.GRU))
    results = []
    for layer in (theirs, ours):
        start = tf.constant(np.random.default_rng(5).normal(size=(6, 5)), tf.float32)
        layer.build(x.shape)
        layer.set_weights([np.random.default_rng(n).normal(0, 0.5, w.shape) for n, w in enumerate(layer.get_weights())])
        with tf.GradientTape() as tape:
            tape.watch([x, start])
            states, last = layer(x, initial_state=start, mask=masks[mask], training=True)
            loss = tf.reduce_sum(states**2 * tf.range(1.0, 10.0)[:, None]) + tf.reduce_sum(last**3)
        variables = [variable.value for variable in layer.trainable_variables]
        results.append([states, last, *tape.gradient(loss, [x, start, *variables])])
    for own, other in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(own, other, atol=2e-4)


def test_one_pass_of_adam_is_adam():
    from imdb_gru.training.optimizer import FusedAdam, keras, tf

    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(7, 3)), rng.normal(size=(20, 7, 3)).astype("f")
    results = []
    for optimizer in (FusedAdam, keras.optimizers.Adam):
        variable = keras.Variable(start, dtype="float32")
        adam = optimizer(0.1, global_clipnorm=1.5)
        for gradient in gradients:
            adam.apply([tf.constant(gradient)], [variable])
        results.append([variable.numpy(), *(state.numpy() for state in adam.variables)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_sparse_gradient_is_taken_as_the_dense_one():
    from imdb_gru.training.optimizer import FusedAdam, keras, tf

    sparse = tf.IndexedSlices(tf.constant([[1.0], [2.0], [4.0]]), tf.constant([2, 0, 2]), tf.constant([3, 1]))
    results = []
    for gradient in (sparse, tf.constant([[2.0], [0.0], [5.0]])):
        variable = keras.Variable(np.ones((3, 1)), dtype="float32")
        FusedAdam(0.1).apply([gradient], [variable])
        results.append(variable.numpy())
    assert (results[0] == results[1]).all()


@pytest.mark.parametrize(
    ("values", "engine", "reason"),
    [
        ({}, "fused", "a GRU on a CPU"),
        ({"train": {"engine": "keras"}}, "keras", "set by train.engine"),
        ({"train": {"engine": "fused"}}, "fused", "set by train.engine"),
        ({"model": {"cell": "lstm"}}, "keras", "fused computes only GRUs, and model.cell is lstm"),
        (
            {"model": {"dropout": {"recurrent": 0.1}}},
            "keras",
            "fused has no recurrent dropout, and model.dropout.recurrent is 0.1",
        ),
    ],
)
def test_auto_takes_the_fused_engine_where_it_applies(values, engine, reason):
    from imdb_gru.training.model import choose_engine

    assert choose_engine(build_config(start_from_scratch(values), "test")) == (engine, reason)


def test_a_gpu_keeps_keras(monkeypatch):
    from imdb_gru.training.model import choose_engine, tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    assert choose_engine(build_config({}, "test")) == ("keras", "there is a GPU")
    assert choose_engine(build_config({"train": {"engine": "fused"}}, "test"))[0] == "fused"


@pytest.mark.parametrize("model", [{"cell": "simple_rnn"}, {"dropout": {"recurrent": 0.2}}])
def test_the_fused_engine_is_refused_where_it_does_not_apply(model):
    with pytest.raises(ConfigError, match=r"train\.engine: fused .*; set it to auto or keras"):
        build_config({"model": model, "train": {"engine": "fused"}}, "test")


def test_forward_passes_without_a_backward_pass_are_forgotten():
    from imdb_gru.training.layers import OUTSTANDING, FusedGRU

    layer = FusedGRU(3)
    for _ in range(OUTSTANDING + 5):
        layer(np.ones((2, 4, 2), "f"), training=True)
    assert len(layer._tapes) == OUTSTANDING
    layer(np.ones((2, 4, 2), "f"))
    assert len(layer._tapes) == OUTSTANDING


@pytest.mark.usefixtures("full_graphs")
@pytest.mark.parametrize(
    ("model", "engine", "steps"),
    [
        ({"units": 128}, "fused", 8),
        ({"units": 128}, "keras", 1),
        ({"units": 256}, "fused", 2),
        ({"units": 512, "layers": 2}, "fused", 1),
    ],
)
def test_a_wish_to_stop_never_waits_for_many_slow_batches(model, engine, steps):
    from imdb_gru.training.classifier.trainer import count_steps_at_once

    config = build_config(start_from_scratch({"model": model, "train": {"batch_size": 64}}), "test")
    assert count_steps_at_once(config, engine) == steps


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reset_after": False}, "reset_after=True, but received False"),
        ({"activation": "relu"}, "activation='tanh', but received 'relu'"),
        ({"recurrent_activation": "hard_sigmoid"}, "recurrent_activation='sigmoid', but received 'hard_sigmoid'"),
        ({"dropout": 0.1}, "dropout=0.0, but received 0.1"),
        ({"recurrent_dropout": 0.2}, "recurrent_dropout=0.0, but received 0.2"),
        ({"dtype": "mixed_float16"}, "dtype='float32', but received 'float16'"),
        ({"dtype": "float64"}, "dtype='float32', but received 'float64'"),
    ],
    ids=str,
)
def test_the_fused_layer_refuses_what_it_does_not_compute(options, message):
    from imdb_gru.training.layers import FusedGRU

    with pytest.raises(ValueError, match=f"FusedGRU supports only {message}: use keras.layers.GRU"):
        FusedGRU(3, **options)


def test_a_layer_built_from_a_config_is_the_same():
    from imdb_gru.training.layers import FusedGRU

    layer = FusedGRU(3, pooling=["max", "last"])
    x = np.random.default_rng(0).normal(size=(2, 4, 2)).astype("f")
    before = layer(x)
    copy = FusedGRU.from_config(layer.get_config())
    copy.build(x.shape)
    copy.set_weights(layer.get_weights())
    for ours, theirs in zip(copy(x), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
