"""Compare the optimizer with Keras's Adam and with steps written out: rows of a table, slow weights, averages."""

import numpy as np
import pytest

from imdb_gru.config import TrainConfig

pytestmark = pytest.mark.keras

SHAPES = [(5, 3), (4,), (3, 2), (2,)]
"""Two pretrained weights, two of the classifier's own."""


def draw(seed, scale=1.0):
    rng = np.random.default_rng(seed)
    return [rng.normal(0, scale, shape).astype("f") for shape in SHAPES]


def build(learning_rate=0.1, **options):
    """Weights, and an optimizer with a constant learning rate."""
    from imdb_gru.training.optimizer import build_optimizer, keras

    config = TrainConfig(learning_rate=learning_rate, schedule="constant", warmup=0.0, **options)
    weights = [keras.Variable(value) for value in draw(0)]
    built = build_optimizer(config, 100)
    built.slow = weights[:2]
    built.build(weights)
    return weights, built


def take_step(optimizer, weights, seed, graph):
    from imdb_gru.training.optimizer import tf

    before = [weight.numpy() for weight in weights]
    gradients = [tf.constant(gradient) for gradient in draw(seed, 0.1)]
    if graph:
        tf.function(lambda: optimizer.apply(gradients, weights))()
    else:
        optimizer.apply(gradients, weights)
    return [weight.numpy() - old for weight, old in zip(weights, before, strict=True)]


@pytest.mark.parametrize("graph", [False, True])
def test_slow_weights_move_by_a_share_of_what_the_others_move(graph):
    (slow_weights, slow), (weights, plain) = build(), build()
    slow.rate, plain.slow = 0.25, ()
    for step in range(3):
        ours, theirs = take_step(slow, slow_weights, step, graph), take_step(plain, weights, step, graph)
        for number, (own, other) in enumerate(zip(ours, theirs, strict=True)):
            np.testing.assert_allclose(own, other * (0.25 if number < 2 else 1), atol=1e-6, rtol=1e-4)


def test_a_first_step_is_as_long_as_the_learning_rate():
    weights, optimizer = build(learning_rate=0.3, clip_norm=None)
    optimizer.rate = 0.1
    moves = take_step(optimizer, weights, 7, graph=False)
    for move, gradient, rate in zip(moves, draw(7, 0.1), [0.03, 0.03, 0.3, 0.3], strict=True):
        moved = -rate * gradient / (np.abs(gradient) + 1e-7 / np.sqrt(1 - 0.999))
        np.testing.assert_allclose(move, moved, rtol=1e-4)


def test_without_slow_weights_it_is_keras_own():
    from imdb_gru.training.optimizer import keras

    weights, optimizer = build(clip_norm=None)
    optimizer.slow = ()
    stock = [keras.Variable(value) for value in draw(0)]
    judge = keras.optimizers.Adam(0.1)
    judge.build(stock)
    for step in range(4):
        take_step(optimizer, weights, step, graph=False)
        take_step(judge, stock, step, graph=False)
    for ours, other in zip(weights, stock, strict=True):
        np.testing.assert_allclose(ours.numpy(), other.numpy(), atol=1e-5)


def build_tables():
    """A table and a bias, twice, with our optimizer and with Keras's."""
    from imdb_gru.training.optimizer import FusedAdam, keras

    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.7)
    rng, made = np.random.default_rng(3), []
    table, bias = rng.normal(size=(9, 4)).astype("f"), rng.normal(size=9).astype("f")
    for kind in (FusedAdam, keras.optimizers.Adam):
        weights, optimizer = [keras.Variable(table), keras.Variable(bias)], kind(schedule)
        optimizer.build(weights)
        made.append((weights, optimizer))
    return made


def test_rows_of_every_step_follow_adam_and_others_stay():
    from imdb_gru.training.optimizer import tf

    ((table, bias), ours), (stock, theirs) = build_tables()
    before, rows = table.numpy(), np.array([1, 4, 8], np.int32)
    others = np.setdiff1d(np.arange(9), rows)
    rng = np.random.default_rng(0)

    @tf.function
    def step(gradient, dense):
        ours.update_rows(table, tf.constant(rows), gradient)
        ours.apply([dense], [bias])

    for number in range(6):
        gradient, dense = np.zeros((9, 4), "f"), tf.constant(rng.normal(size=9).astype("f"))
        gradient[rows] = rng.normal(0, 10.0 ** -(number % 4), (3, 4))
        step(tf.constant(gradient[rows]), dense)
        theirs.apply([tf.constant(gradient), dense], stock)
        np.testing.assert_allclose(table.numpy()[rows], stock[0].numpy()[rows], atol=1e-6, rtol=2e-6)
        np.testing.assert_allclose(bias.numpy(), stock[1].numpy(), atol=1e-6, rtol=2e-6)
    assert int(ours.iterations.numpy()) == 6
    assert np.abs(table.numpy()[rows] - before[rows]).max() > 0.05
    np.testing.assert_array_equal(table.numpy()[others], before[others])
    for moments in (ours._momentums[0].numpy(), ours._velocities[0].numpy()):
        assert (moments[others] == 0).all()
        assert (moments[rows] != 0).all()


def test_a_row_that_is_not_seen_again_stays_where_it_is():
    from imdb_gru.training.optimizer import tf

    ((table, _), ours), _ = build_tables()
    ours.update_rows(table, tf.constant([2, 3]), tf.ones((2, 4)))
    kept = [variable.numpy() for variable in (table, ours._momentums[0], ours._velocities[0])]
    ours.update_rows(table, tf.constant([3]), tf.ones((1, 4)))
    for old, variable in zip(kept, (table, ours._momentums[0], ours._velocities[0]), strict=True):
        np.testing.assert_array_equal(variable.numpy()[2], old[2])
        assert (variable.numpy()[3] != old[3]).all()


def test_averages_follow_at_once_and_slowly_later():
    from imdb_gru.training.optimizer import build_optimizer

    config = TrainConfig(schedule="constant", warmup=0.0)
    weights, _ = build()
    optimizer = build_optimizer(config, 100, averaging=0.9)
    optimizer.build(weights)
    averages = None
    for step in range(120):
        take_step(optimizer, weights, step, graph=False)
        values, momentum = [weight.numpy() for weight in weights], min(0.9, (1 + step) / (10 + step))
        pairs = zip(averages or values, values, strict=True)
        averages = [momentum * average + (1 - momentum) * value for average, value in pairs]
    optimizer.finalize_variable_values(weights)
    for weight, average in zip(weights, averages, strict=True):
        np.testing.assert_allclose(weight.numpy(), average, atol=1e-5)
