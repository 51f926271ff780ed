"""Judge the cells by a loop over single numbers, written from the equations."""

import math

import numpy as np
import pytest
from support.oracles import INPUTS, TIMESTEPS, UNITS, dot, gru_by_hand, lstm_by_hand, make_weights

from imdb_gru.cells import CELLS
from imdb_gru.cells.cell import sigmoid
from imdb_gru.cells.network import run_cell


def states_by_hand(kind, x, weights):
    h, c = [0.0] * UNITS, [0.0] * UNITS
    states = []
    for x_t in x:
        if kind == "gru":
            h = gru_by_hand(x_t, h, *weights)
        elif kind == "lstm":
            h, c = lstm_by_hand(x_t, (h, c), *weights)
        else:
            kernel, recurrent, bias = weights
            h = [math.tanh(dot(x_t, kernel, u) + dot(h, recurrent, u) + bias[u]) for u in range(UNITS)]
        states.append(h)
    return np.array(states)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("backwards", [False, True])
def test_states_are_those_of_the_equations(kind, backwards):
    rng = np.random.default_rng(7)
    weights = make_weights(kind, rng)
    lengths = np.array([6, 4, 4, 1])
    x = rng.normal(size=(4, TIMESTEPS, INPUTS)).astype(np.float32)
    states = run_cell(CELLS[kind](*weights), x, lengths, backwards=backwards)
    for row, length in enumerate(lengths):
        review = x[row, :length]
        expected = states_by_hand(kind, review[::-1] if backwards else review, weights)
        np.testing.assert_allclose(states[row, :length], expected[::-1] if backwards else expected, atol=1e-5)
        assert not states[row, length:].any()


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("gru", {"update", "reset", "candidate"}),
        ("lstm", {"input", "forget", "candidate", "output"}),
        ("simple_rnn", set()),
    ],
)
def test_gates_are_returned_within_their_bounds(kind, names):
    rng = np.random.default_rng(3)
    cell = CELLS[kind](*make_weights(kind, rng))
    _, gates = cell.step(cell.project(rng.normal(size=(2, INPUTS)).astype(np.float32)), cell.start(2))
    assert set(gates) == names
    for name, gate in gates.items():
        assert gate.shape == (2, UNITS)
        assert (np.abs(gate) < 1).all()
        assert name == "candidate" or (gate > 0).all()


def test_an_open_update_gate_keeps_the_past_and_a_shut_one_replaces_it():
    rng = np.random.default_rng(5)
    kernel, recurrent, bias = make_weights("gru", rng)
    x_t, h_prev = rng.normal(size=(1, INPUTS)).astype(np.float32), rng.normal(size=(1, UNITS)).astype(np.float32)
    for push, kept in ((50.0, True), (-50.0, False)):
        pushed = bias.copy()
        pushed[0, :UNITS] = push
        cell = CELLS["gru"](kernel, recurrent, pushed)
        (h,), gates = cell.step(cell.project(x_t), (h_prev,))
        np.testing.assert_allclose(h, h_prev if kept else gates["candidate"], atol=1e-6)


def test_sigmoid_does_not_overflow():
    assert sigmoid(np.array([-1000, 0, 1000], dtype=np.float32)).tolist() == [0.0, 0.5, 1.0]
