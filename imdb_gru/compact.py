"""Own weights in six bits each: how the model that ships with the package is kept small.

A row of a matrix is a step times integers from −31 to 31. A model that was trained on from another is kept as its
difference from that one in the same steps, where they reach: small integers, which deflate well.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

LARGEST = 31


def choose_steps(array: Array) -> Array:
    """Return the step of each row by which its largest value is `LARGEST`; a vector is one row."""
    return np.asarray(np.abs(np.atleast_2d(array)).max(axis=1) / LARGEST, np.float32)


def quantise(array: Array, steps: Array) -> NDArray[np.int8]:
    """Return the integers nearest to an array in steps of its rows."""
    numbers = np.rint(np.atleast_2d(array) / np.where(steps > 0, steps, 1)[:, None])
    return np.clip(numbers, -LARGEST, LARGEST).astype(np.int8).reshape(array.shape)


def restore(numbers: NDArray[np.int8], steps: Array) -> Array:
    """Return the array that `quantise` came nearest to."""
    rows = np.atleast_2d(numbers).astype(np.float32) * steps[:, None]
    return rows.reshape(numbers.shape)


def save_compact(path: Path, arrays: Sequence[Array], base: Sequence[Array] = (), kept: Sequence[bool] = ()) -> None:
    """Write arrays as integers and steps: the first ones as differences from `base`, nothing of those that are `kept`.

    `base` is what `restore_arrays` gives of the model that these were trained on from.
    """
    stored: dict[str, NDArray[np.generic]] = {}
    for number, array in enumerate(arrays):
        if number < len(kept) and kept[number]:
            continue
        difference = array - base[number] if number < len(base) else array
        steps = choose_steps(difference)
        if number < len(base):
            steps = np.maximum(steps, choose_steps(base[number]))
        stored[f"numbers{number}"], stored[f"steps{number}"] = quantise(difference, steps), steps
    counts = {"count": np.array(len(arrays)), "inherited": np.array(len(base))}
    np.savez_compressed(path, allow_pickle=False, **counts, **stored)


def is_compact(stored: Mapping[str, Any]) -> bool:
    """Tell whether weights were written by `save_compact`."""
    return "count" in stored


def restore_arrays(stored: Mapping[str, Any], base: Sequence[Array] = ()) -> list[Array]:
    """Return the arrays that `save_compact` wrote; raises `KeyError` where one is missing.

    `base` may hold more arrays than these were trained on from.
    """
    arrays = []
    base = base[: int(stored["inherited"])]
    for number in range(int(stored["count"])):
        if number < len(base) and f"numbers{number}" not in stored:
            arrays.append(base[number])
            continue
        array = restore(stored[f"numbers{number}"], stored[f"steps{number}"])
        arrays.append(array + base[number] if number < len(base) else array)
    return arrays
