"""Test the engine by the cell's equations in double precision, and its gradients by finite differences."""

import numpy as np
import pytest
from support.engine import list_hidden, make_mask

from imdb_gru.engine.gru import GRUEngine, Hidden, divide_rows
from imdb_gru.engine.gru_weights import GRUWeights
from imdb_gru.engine.pooling import LOWEST

EPSILON = 1e-6


def make_case(kind="right", batch=11, timesteps=7, features=3, units=5, seed=0):
    rng = np.random.default_rng(seed)
    shapes = (batch, timesteps, features), (batch, units), (features, 3 * units), (units, 3 * units), (2, 3 * units)
    arrays = [rng.normal(0, 0.8, shape).astype("f") for shape in shapes]
    return make_mask(kind, batch, timesteps, rng), arrays


def run_oracle(mask, x, start, kernel, recurrent_kernel, bias, reverse=False):
    """Return last, states, peaks and totals, from the equations, one scalar product at a time."""

    def sigmoid(value):
        return 1 / (1 + np.exp(-value))

    units, h = len(recurrent_kernel), start.astype("d")
    begun = np.zeros((len(h), 1), bool)
    states, peaks, totals = [], np.full_like(h, LOWEST), np.zeros_like(h)
    for step in range(x.shape[1]):
        t = x.shape[1] - 1 - step if reverse else step
        from_x, from_h = x[:, t] @ kernel + bias[0], h @ recurrent_kernel + bias[1]
        z, r = (sigmoid(from_x[:, part] + from_h[:, part]) for part in (slice(units), slice(units, 2 * units)))
        candidate = np.tanh(from_x[:, 2 * units :] + r * from_h[:, 2 * units :])
        real = mask[:, t, None]
        h = np.where(real, z * h + (1 - z) * candidate, h)
        peaks, totals = np.where(real, np.maximum(peaks, h), peaks), totals + np.where(real, h, 0)
        begun |= real
        states.append(np.where(begun, h, 0))
    return h, np.stack(states, 1), peaks, totals


def run_engine(mask, x, start, *weights, reverse=False, keep=True, **options):
    engine = GRUEngine(reverse=reverse, states=True, peaks=True, totals=True, **options)
    hidden, tape = engine.run(x, mask, start, GRUWeights(*weights), keep=keep)
    return engine, hidden, tape


@pytest.mark.parametrize("kind", ["none", "right", "left", "holes"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("keep", [False, True])
def test_hidden_states_are_those_of_the_equations(kind, reverse, keep):
    mask, arrays = make_case(kind)
    _, hidden, _ = run_engine(mask, *arrays, reverse=reverse, keep=keep)
    for ours, exact in zip(list_hidden(hidden), run_oracle(mask, *arrays, reverse=reverse), strict=True):
        np.testing.assert_allclose(ours, exact, atol=2e-6)


@pytest.mark.parametrize("kind", ["none", "right", "left", "holes"])
@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_are_finite_differences(kind, reverse):
    mask, arrays = make_case(kind, batch=5, timesteps=4, features=2, units=3)
    engine, hidden, tape = run_engine(mask, *arrays, reverse=reverse)
    rng = np.random.default_rng(1)
    weighed = [rng.normal(size=array.shape).astype("f") for array in list_hidden(hidden)]
    weighed[2][~mask.any(axis=1)] = 0  # there is no maximum
    exact = [array.astype("d") for array in arrays]

    def compute_loss():
        results = run_oracle(mask, *exact, reverse=reverse)
        return sum((weight * result).sum() for weight, result in zip(weighed, results, strict=True))

    for ours, array in zip(engine.run_back(tape, Hidden(*weighed)), exact, strict=True):
        differences = np.empty(array.shape)
        for place in np.ndindex(array.shape):
            value = array[place]
            array[place] = value + EPSILON
            above = compute_loss()
            array[place] = value - EPSILON
            differences[place] = (above - compute_loss()) / (2 * EPSILON)
            array[place] = value
        np.testing.assert_allclose(ours, differences, atol=1e-4)


@pytest.mark.parametrize(("features", "units"), [(1, 1), (33, 40), (64, 32)])
def test_any_size_will_do(features, units):
    mask, arrays = make_case("right", batch=19, features=features, units=units)
    arrays[2:4] = [array / 4 for array in arrays[2:4]]
    _, hidden, _ = run_engine(mask, *arrays)
    np.testing.assert_allclose(hidden.last, run_oracle(mask, *arrays)[0], atol=1e-5)


def test_the_number_of_workers_changes_no_hidden_state():
    mask, arrays = make_case(batch=50)
    results = []
    for workers in (1, 2, 7):
        engine, hidden, tape = run_engine(mask, *arrays, workers=workers)
        results.append((list_hidden(hidden), engine.run_back(tape, hidden)))
    (first, gradients), *others = results
    for hidden, other_gradients in others:
        assert all((one == other).all() for one, other in zip(first, hidden, strict=True))
        for one, other in zip(gradients, other_gradients, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)


def test_memory_is_used_again():
    mask, arrays = make_case()
    engine, hidden, tape = run_engine(mask, *arrays)
    first = [part.memory.ctypes.data for part in tape.parts]
    engine.run_back(tape, hidden)
    x, start, *weights = arrays
    _, tape = engine.run(x[:, :4].copy(), mask[:, :4].copy(), start, GRUWeights(*weights), keep=True)
    assert sorted(part.memory.ctypes.data for part in tape.parts) == sorted(first)


def test_nan_is_not_hidden():
    mask, arrays = make_case("none")
    arrays[2][0, 0] = np.nan
    _, hidden, _ = run_engine(mask, *arrays)
    assert np.isnan(hidden.last).any()


def test_vanishing_gradients_become_zero_and_not_denormal():
    mask, arrays = make_case("none", timesteps=400)
    arrays[2:] = [array * 0 for array in arrays[2:]]
    arrays[4][0, :5] = -3  # z is small: a gradient shrinks at every timestep
    engine, hidden, tape = run_engine(mask, *arrays)
    nothing = [np.zeros_like(array) for array in list_hidden(hidden)[1:]]
    dx, dstart, *_ = engine.run_back(tape, Hidden(np.ones_like(hidden.last), *nothing))
    for gradient in (dx, dstart, tape.parts[0].blocks[: 10 * 8]):
        assert not ((gradient != 0) & (np.abs(gradient) < np.finfo("f").tiny)).any()
    assert (dstart == 0).all()


def test_reviews_are_divided_longest_first_a_tile_at_a_time():
    mask = np.arange(9) < np.array([1, 9, 5, 7])[:, None]
    (rows,) = divide_rows(mask, 4, 8)
    assert len(rows) == 8
    assert rows[rows >= 0].tolist() == [1, 3, 2, 0]
