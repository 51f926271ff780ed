"""Batches for the engine."""

import numpy as np


def make_mask(kind, batch, timesteps, rng):
    if kind == "none":
        return np.ones((batch, timesteps), bool)
    if kind == "holes":
        mask = rng.random((batch, timesteps)) < 0.6
        mask[0] = False
        return mask
    lengths = rng.integers(1, timesteps + 1, batch)
    mask = np.arange(timesteps) < lengths[:, None]
    return mask if kind == "right" else mask[:, ::-1].copy()


def list_hidden(hidden):
    return hidden.last, hidden.states, hidden.peaks, hidden.totals
