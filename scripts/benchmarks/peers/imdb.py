"""IMDB as `keras.datasets.imdb.load_data(num_words=…)` returns it, downloaded or from a local imdb.npz."""

import keras
import numpy as np


def load(npz, num_words=5000):
    """Return ((x_train, y_train), (x_test, y_test)); `npz` is a file, or "keras" to let Keras download it."""
    if npz == "keras":
        return keras.datasets.imdb.load_data(num_words=num_words)
    with np.load(npz, allow_pickle=True) as file:
        splits = [(file[f"x_{split}"], file[f"y_{split}"]) for split in ("train", "test")]
    loaded = []
    rng = np.random.RandomState(113)
    for x, y in splits:
        order = np.arange(len(x))
        rng.shuffle(order)
        ids = [[1, *(number + 3 if number + 3 < num_words else 2 for number in x[row])] for row in order]
        loaded.append((np.array(ids, dtype=object), y[order]))
    return loaded
