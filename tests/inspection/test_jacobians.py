"""Judge the steps back by finite differences of the equations written out, and by the three cases of the derivation."""

import numpy as np
import pytest
from support.oracles import INPUTS, UNITS, gru_by_hand, lstm_by_hand, make_weights

from imdb_gru.cells import CELLS
from imdb_gru.inspection.cell_pass import trace_cell

TOLERANCE = 1e-5
EPSILON = 1e-6
TIMESTEPS = 7


def step_by_hand(kind, x, state, weights):
    """A step on one flat state of float64, an LSTM's memory after its hidden state."""
    state, weights = [float(value) for value in state], [weight.astype(np.float64) for weight in weights]
    if kind == "gru":
        return np.array(gru_by_hand(x, state, *weights))
    if kind == "lstm":
        return np.concatenate(lstm_by_hand(x, (state[:UNITS], state[UNITS:]), *weights))
    kernel, recurrent, bias = weights
    return np.tanh(np.asarray(x) @ kernel + np.asarray(state) @ recurrent + bias)


def differentiate(function, at):
    """Central differences: rows are what comes out, columns what goes in."""
    return np.stack(
        [(function(at + EPSILON * unit) - function(at - EPSILON * unit)) / (2 * EPSILON) for unit in np.eye(len(at))], 1
    )


def run(kind, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    weights = [np.float32(scale) * weight for weight in make_weights(kind, rng)]
    cell = CELLS[kind](*weights)
    x = rng.normal(size=(1, TIMESTEPS, INPUTS)).astype("f")
    return cell, weights, x, trace_cell(cell, x, cell.start(1))


def flatten(state):
    return np.concatenate([part[0] for part in state]).astype(np.float64)


@pytest.mark.parametrize("kind", CELLS)
def test_a_step_back_is_the_transposed_jacobian(kind):
    cell, weights, x, read = run(kind)
    for step in range(TIMESTEPS):
        before = flatten(read.state_at(step))
        expected = differentiate(lambda state, step=step: step_by_hand(kind, x[0, step], state, weights), before)
        for part, columns in enumerate(np.split(expected, cell.state_parts)):
            unit = [np.zeros((UNITS, UNITS), "f") for _ in range(cell.state_parts)]
            unit[part] = np.eye(UNITS, dtype="f")
            _, back = cell.step_back(read.gates_at(step), read.state_at(step), read.state_at(step + 1), tuple(unit))
            np.testing.assert_allclose(np.concatenate(back, axis=1), columns, atol=TOLERANCE)
            carried = cell.carry_back(
                read.gates_at(step), read.state_at(step), read.state_at(step + 1), tuple(part[1:] for part in unit)
            )
            np.testing.assert_allclose(np.concatenate(carried, axis=1), columns[1:], atol=TOLERANCE)


@pytest.mark.parametrize("kind", CELLS)
def test_a_step_back_to_the_input_is_its_jacobian(kind):
    cell, weights, x, read = run(kind)
    for step in range(TIMESTEPS):
        before = flatten(read.state_at(step))
        expected = differentiate(
            lambda x_t, before=before: step_by_hand(kind, x_t, before, weights)[:UNITS], x[0, step].astype(np.float64)
        )
        unit = (np.eye(UNITS, dtype="f"), *cell.start(UNITS)[1:])
        dx, _ = cell.step_back(read.gates_at(step), read.state_at(step), read.state_at(step + 1), unit)
        np.testing.assert_allclose(dx @ cell.kernel.T, expected, atol=TOLERANCE)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("backwards", [False, True])
def test_jacobian_norms_are_those_of_the_product_of_all_steps(kind, backwards):
    cell, weights, x, _ = run(kind)
    read = trace_cell(cell, x, cell.start(1), backwards=backwards)
    order = x[0, ::-1] if backwards else x[0]
    product, norms = np.eye(UNITS * cell.state_parts)[:UNITS], []
    for step in reversed(range(TIMESTEPS)):
        norms.insert(0, np.linalg.norm(product) / np.sqrt(UNITS))
        before = flatten(read.state_at(step))
        jacobian = differentiate(lambda state, step=step: step_by_hand(kind, order[step], state, weights), before)
        product = product @ jacobian
    np.testing.assert_allclose(read.measure_jacobians(), norms[::-1] if backwards else norms, atol=TOLERANCE)
    assert norms[0] < 0.9


def test_a_jacobian_too_small_for_its_squares_is_still_measured():
    cell, _, _, _ = run("simple_rnn", scale=0.01)
    read = trace_cell(cell, np.zeros((1, 18, INPUTS), "f"), cell.start(1))
    product, norms = np.eye(UNITS), []
    for h in read.states[0][:0:-1, 0].astype(np.float64):
        norms.insert(0, np.linalg.norm(product) / np.sqrt(UNITS))
        product = product @ ((1 - h**2)[:, None] * cell.recurrent_kernel.T)
    assert norms[0] < 1e-25
    np.testing.assert_allclose(read.measure_jacobians(), norms, rtol=1e-4)


def make_gru(z, r):
    """A GRU whose gates are pushed all the way open (1) or shut (0)."""
    kernel, recurrent, bias = make_weights("gru", np.random.default_rng(5))
    for gate, value in ((0, z), (1, r)):
        bias[0, gate * UNITS : (gate + 1) * UNITS] = 200 if value else -200
    return CELLS["gru"](kernel, recurrent, bias)


@pytest.mark.parametrize(("z", "r"), [(1, 0), (1, 1), (0, 0), (0, 1)])
def test_the_three_cases_of_the_derivation(z, r):
    """∂h_t/∂h_{t-1}: 1 where z = 1; 0 where z = 0 and r = 0; ruled by U_h where z = 0 and r = 1."""
    cell = make_gru(z, r)
    rng = np.random.default_rng(6)
    x_t, before = rng.normal(size=(1, INPUTS)).astype("f"), (rng.normal(size=(1, UNITS)).astype("f"),)
    after, gates = cell.step(cell.project(x_t), before)
    _, (jacobian,) = cell.step_back(gates, before, after, (np.eye(UNITS, dtype="f"),))
    u_h = cell.recurrent_kernel[:, 2 * UNITS :]
    if z:
        expected = np.eye(UNITS)
    elif not r:
        expected = np.zeros((UNITS, UNITS))
    else:
        expected = (1 - gates["candidate"][0] ** 2)[:, None] * u_h.T
    np.testing.assert_allclose(jacobian, expected, atol=TOLERANCE)


def test_what_is_kept_is_the_product_of_the_later_gates():
    for kind, name in (("gru", "update"), ("lstm", "forget")):
        _, _, _, read = run(kind)
        gate = read.gates[name][:, 0]
        expected = [gate[step + 1 :].prod(axis=0).mean() for step in range(TIMESTEPS)]
        np.testing.assert_allclose(read.measure_kept(), expected, atol=1e-6)
    assert run("simple_rnn")[3].measure_kept() is None
