"""The weights of a network as one small file for JavaScript.

The file begins with the size of the header (4 bytes, little-endian) and the header as JSON. The rest is compressed with
zlib: first the float32 numbers of all matrices in order (for a packed matrix, its step sizes), and then the int8
numbers of the packed matrices.
"""

import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.system.arrays import Array

FORMAT = 1
LARGEST = 127
"""The largest int8 number."""
TOLERANCE = 2.0**-20
"""Largest difference allowed between a weight and its packed value, relative to the row's largest weight."""
SAMPLE = 8
"""Number of weights at the start of a row; a step size is tried on the whole row only if it fits these weights."""


def pack(matrix: Array, tolerances: NDArray[np.float64] | None = None) -> tuple[NDArray[np.int8], Array] | None:
    """Return a matrix as integers with a step size for each row, or None if the result would be too imprecise.

    The models in the package can be packed, because their weights are stored in few bits. `tolerances` contains the
    largest difference allowed in each row; the default is `TOLERANCE` times the row's largest weight.
    """
    rows = matrix.astype(np.float64)
    peaks = np.abs(rows).max(axis=1)
    if tolerances is None:
        tolerances = peaks * TOLERANCE
    numbers, steps = np.zeros(rows.shape, np.int8), np.zeros(len(rows), np.float32)
    left = np.flatnonzero(peaks > tolerances)
    for largest in range(1, LARGEST + 1):
        likely = left
        for columns in (SAMPLE, rows.shape[1]):
            scale = (largest / peaks[likely])[:, None]
            scaled = rows[likely, :columns] * scale
            whole = (np.abs(scaled - np.rint(scaled)) < tolerances[likely, None] * scale).all(axis=1)
            likely, scaled = likely[whole], scaled[whole]
        numbers[likely], steps[likely] = np.rint(scaled), peaks[likely] / largest
        left = np.setdiff1d(left, likely)
    return None if len(left) else (numbers, steps)


def pack_difference(matrix: Array, base: Array) -> tuple[NDArray[np.int8], Array] | None:
    """Pack `matrix` − `base` so precisely that adding `base` restores `matrix`; return None if this is impossible."""
    if matrix.shape != base.shape:
        return None
    return pack(matrix - base, np.maximum(np.abs(matrix), np.abs(base)).max(axis=1) * TOLERANCE)


def serialize_weights(weights: Sequence[Array], facts: dict[str, Any], base: Sequence[Array] = ()) -> bytes:
    """Return the content of the file, with the given facts in its header.

    `base` contains the weights of the model from which this model's training started. If the difference between a
    matrix and its counterpart in `base` can be packed, the difference is stored instead of the matrix, because it
    compresses better.
    """
    floats, numbers, described = [], [], []
    for place, weight in enumerate(weights):
        matrix = np.atleast_2d(weight)
        packed = difference = None
        if matrix.shape[1] > 1:
            if place < len(base):
                difference = pack_difference(matrix, np.atleast_2d(base[place]))
            packed = difference or pack(matrix)
        description = {"shape": matrix.shape, "packed": packed is not None}
        described.append(description | {"difference": True} if difference else description)
        floats.append(matrix.ravel() if packed is None else packed[1])
        if packed is not None:
            numbers.append(packed[0])
    count = sum(len(part) for part in floats)
    header = json.dumps({"format": FORMAT, **facts, "floats": count, "matrices": described}).encode()
    body = b"".join(part.tobytes() for part in (*(part.astype("<f4") for part in floats), *numbers))
    return len(header).to_bytes(4, "little") + header + zlib.compress(body, 9)
