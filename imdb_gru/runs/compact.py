"""Compact storage of weights, with six or seven bits for each, which keeps the bundled models small.

Each row of a matrix is stored as small integers and a step size. If a model was trained from another model, only the
differences between their weights are stored, with larger steps, because these differences compress well.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.system.arrays import Array

LARGEST_OF_EMBEDDING = 24
"""Largest integer stored for the first array, the embedding, which tolerates coarser rounding than the other arrays."""
LARGEST = 63
"""Largest integer stored for all arrays except the first."""
WIDER_OF_EMBEDDING, WIDER = np.float32(4), np.float32(2)
"""Minimum step size of a difference, as a multiple of the base model's: for the embedding, and for all other arrays."""


def choose_steps(array: Array, largest: int = LARGEST) -> Array:
    """Return each row's step size, chosen so that the row's largest absolute value is `largest` steps.

    A vector counts as one row.
    """
    return np.asarray(np.abs(np.atleast_2d(array)).max(axis=1) / largest, np.float32)


def quantise(array: Array, steps: Array) -> NDArray[np.int8]:
    """Round an array to whole numbers of steps, as int8."""
    numbers = np.rint(np.atleast_2d(array) / np.where(steps > 0, steps, 1)[:, None])
    return numbers.astype(np.int8).reshape(array.shape)


def restore(numbers: NDArray[np.int8], steps: Array) -> Array:
    """Return the rounded array from the result of `quantise`; raise `ValueError` if the shape of `steps` is wrong."""
    if steps.shape != np.atleast_2d(numbers).shape[:1]:
        raise ValueError(f"steps of shape {steps.shape} for an array of shape {numbers.shape}")
    rows = np.multiply(np.atleast_2d(numbers), steps[:, None], dtype=np.float32)  # without copying `numbers`
    return rows.reshape(numbers.shape)


def save_compact(path: Path, arrays: Sequence[Array], base: Sequence[Array] = (), kept: Sequence[bool] = ()) -> None:
    """Write arrays as integers and step sizes; if an array has a counterpart in `base`, only the difference is written.

    `base` is the result of `restore_arrays` for the model that training started from. `kept` marks arrays that are
    not written because they are the same as in `base`.
    """
    stored: dict[str, NDArray[np.generic]] = {}
    for number, array in enumerate(arrays):
        if number < len(kept) and kept[number]:
            continue
        largest = LARGEST if number else LARGEST_OF_EMBEDDING
        difference = array - base[number] if number < len(base) else array
        steps = choose_steps(difference, largest)
        if number < len(base):
            wider = WIDER if number else WIDER_OF_EMBEDDING
            steps = np.maximum(steps, wider * choose_steps(base[number], largest))
        stored[f"numbers{number}"], stored[f"steps{number}"] = quantise(difference, steps), steps
    counts = {"count": np.array(len(arrays)), "inherited": np.array(len(base))}
    np.savez_compressed(path, allow_pickle=False, **counts, **stored)


def is_compact(stored: Mapping[str, Any]) -> bool:
    """Return whether weights were written by `save_compact`."""
    return "count" in stored


def restore_arrays(stored: Mapping[str, Any], base: Sequence[Array] = ()) -> list[Array]:
    """Return the arrays that `save_compact` wrote, or raise `KeyError` if one is missing.

    `base` may contain more arrays than were passed to `save_compact` as `base`.
    """
    arrays = []
    base = base[: int(stored["inherited"])]
    for number in range(int(stored["count"])):
        if number < len(base) and f"numbers{number}" not in stored:
            arrays.append(base[number])
            continue
        array = restore(stored[f"numbers{number}"], stored[f"steps{number}"])
        if number < len(base):
            array += base[number]
        arrays.append(array)
    return arrays
