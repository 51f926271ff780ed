"""Cells as scalar loops, written from the equations."""

import math

import numpy as np

INPUTS, UNITS, TIMESTEPS = 3, 4, 6
GATES = {"gru": 3, "lstm": 4, "simple_rnn": 1}


def sigma(x):
    return 1 / (1 + math.exp(-x))


def dot(vector, matrix, column):
    return sum(float(value) * float(matrix[row, column]) for row, value in enumerate(vector))


def make_weights(kind, rng):
    width = GATES[kind] * UNITS
    bias = (2, width) if kind == "gru" else (width,)
    return [rng.normal(size=shape).astype(np.float32) for shape in ((INPUTS, width), (UNITS, width), bias)]


def gru_by_hand(x, h, kernel, recurrent, bias):
    new = []
    for u in range(UNITS):
        z_at, r_at, h_at = u, UNITS + u, 2 * UNITS + u
        z = sigma(dot(x, kernel, z_at) + bias[0, z_at] + dot(h, recurrent, z_at) + bias[1, z_at])
        r = sigma(dot(x, kernel, r_at) + bias[0, r_at] + dot(h, recurrent, r_at) + bias[1, r_at])
        candidate = math.tanh(dot(x, kernel, h_at) + bias[0, h_at] + r * (dot(h, recurrent, h_at) + bias[1, h_at]))
        new.append(z * h[u] + (1 - z) * candidate)
    return new


def lstm_by_hand(x, state, kernel, recurrent, bias):
    h, c = state
    new_h, new_c = [], []
    for u in range(UNITS):
        i, f, g, o = (
            dot(x, kernel, k * UNITS + u) + dot(h, recurrent, k * UNITS + u) + bias[k * UNITS + u] for k in range(4)
        )
        new_c.append(sigma(f) * c[u] + sigma(i) * math.tanh(g))
        new_h.append(sigma(o) * math.tanh(new_c[u]))
    return new_h, new_c
