"""The weights of a run as a NumPy network, from `weights.npz` or `model.keras`."""

import contextlib
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from imdb_gru.cells import CELLS, Cell
from imdb_gru.cells.network import Layer, Network
from imdb_gru.cells.next_word import NextWordNetwork
from imdb_gru.config.prediction import NetworkConfig
from imdb_gru.errors import RunError
from imdb_gru.runs.compact import is_compact, restore_arrays
from imdb_gru.runs.run import Run
from imdb_gru.system.arrays import Array
from imdb_gru.system.reading import DAMAGE, open_file, read_member, read_npz
from imdb_gru.system.writing import write_atomically
from imdb_gru.text.vocabulary import PAD

if TYPE_CHECKING:
    import h5py

    from imdb_gru.config import EncoderConfig, ModelConfig

Shape = tuple[int, ...]

ANY = -1
"""Placeholder for an unknown size in a shape."""


def load_network(run: Run, config: "ModelConfig | NetworkConfig") -> Network:
    """Read a run's weights, or raise `RunError` if they do not fit its config.

    `weights.npz` has the same weights as `model.keras`, but reading it does not need HDF5 and takes only half the time
    and memory.
    """
    with read_arrays(run) as arrays:
        return _assemble(arrays, config)


@contextlib.contextmanager
def read_arrays(run: Run) -> Iterator[Iterator[Array]]:
    """Yield an iterator over the arrays in `weights.npz`, or raise `RunError` if they are damaged or missing."""
    try:
        yield iter(_load_arrays(run))
    except DAMAGE as error:
        raise RunError(f"{run.weights_path} has no weights that fit its config ({error}): start a new run") from error


def _load_arrays(run: Run) -> list[Array]:
    stored = read_npz(run.weights_path)
    if is_compact(stored):
        return restore_arrays(stored, _load_arrays(run.base) if run.base else ())
    return [stored[str(number)] for number in range(len(stored))]


def list_weights(cells: Iterable[Cell]) -> list[Array]:
    """List the weights of cells in the order of `weights.npz`: the kernel, recurrent kernel and bias of each cell."""
    return [weight for cell in cells for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)]


def read_keras(path: Path, config: "ModelConfig") -> Network:
    """Read the weights of a `model.keras` file as a network, or raise `RunError` if they do not fit the config."""
    with open_keras(path, config) as arrays:
        return _assemble(arrays, config)


@contextlib.contextmanager
def open_keras(path: Path, config: "EncoderConfig") -> Iterator[Iterator[Array]]:
    """Yield an iterator over the arrays of a `model.keras` file, which is a zip archive with an HDF5 file in it.

    A classifier's arrays are in the order of `weights.npz`, and a next-word model's are in the order in
    which `list_stock` returns them. Raises `RunError` if the arrays do not fit the config.
    """
    import h5py

    try:
        with open_file(path) as outer, zipfile.ZipFile(outer) as archive:
            content = read_member(archive, "model.weights.h5")
        with h5py.File(io.BytesIO(content), "r") as file:
            groups = {group["vars"].attrs["name"]: group for group in file["layers"].values()}
            yield _iter_keras(groups, config, file, len(content))
    except DAMAGE as error:
        raise RunError(f"{path} has no weights that fit its config ({error}): start a new run") from error


def list_stock(arrays: Sequence[Array]) -> list[Array]:
    """Convert the arrays of a next-word model's `weights.npz` to the arrays of its `model.keras`.

    In `model.keras`, the transposed embedding is stored again as the kernel of the softmax, and the bias of the
    pad token is so low that this token is never predicted.
    """
    bias = np.array(arrays[-1])
    bias[PAD] = -1e9
    return [*arrays[:-1], arrays[0].T.copy(), bias]


def _iter_keras(
    groups: "dict[str, h5py.Group]", config: "EncoderConfig", file: "h5py.File", size: int
) -> Iterator[Array]:
    """Yield the arrays in the order described in `open_keras`, or raise `ValueError` if one is not in the file."""
    wanted = [groups["embedding"]]
    for number in range(1, config.layers + 1):
        if _is_classifier(config) and config.bidirectional:
            layer = groups[f"bidirectional_{number}"]
            wanted += [layer["forward_layer"]["cell"], layer["backward_layer"]["cell"]]
        else:
            wanted.append(groups[f"{config.cell}_{number}"]["cell"])
    names = ["projection", "next_word"]
    if _is_classifier(config):
        names = [*(f"dense_{number}" for number in range(1, len(config.dense) + 1)), "probability"]
    wanted += [groups[name] for name in names]
    for group in wanted:
        variables = group["vars"]
        for number in range(len(variables)):
            variable = variables[str(number)]
            elsewhere = variable.is_virtual or variable.external or variable.file.filename != file.filename
            if elsewhere or variable.nbytes > size:
                raise ValueError(f"{variable.name} is not in the file")
            yield np.ascontiguousarray(variable[()], dtype=np.float32)


def iter_shapes(config: "EncoderConfig | NetworkConfig", vocabulary_size: int = ANY) -> Iterator[Shape]:
    """Yield the shapes of the arrays in a run's `weights.npz`, in order.

    The embedding comes first, followed by the cells, layer by layer; in a bidirectional layer, the forward cell comes
    first. Then come a classifier's dense layers, or a next-word model's projection (kernel and bias) and softmax bias.
    """
    yield vocabulary_size, config.embedding
    classifier = config if _is_classifier(config) else None
    directions = 2 if classifier and classifier.bidirectional else 1
    features = config.embedding
    for _ in range(config.layers):
        for _ in range(directions):
            yield from CELLS[config.cell].list_shapes(features, config.units)
        features = directions * config.units
    if classifier:
        for rows, columns in pairwise((features * len(classifier.pooling), *classifier.dense, 1)):
            yield rows, columns
            yield (columns,)
    else:
        yield features, config.embedding
        yield (config.embedding,)
        yield (vocabulary_size,)


def _is_classifier(config: "EncoderConfig | NetworkConfig") -> "TypeGuard[ModelConfig | NetworkConfig]":
    return hasattr(config, "pooling")  # testing the class would import the classes that check a config


_NONE: Array = np.empty(0, np.float32)


def _take(arrays: Iterator[Array], config: "EncoderConfig | NetworkConfig") -> Iterator[Array]:
    """Yield a run's weights, or raise `ValueError` if one is missing or has the wrong shape, type or values."""
    for shape in iter_shapes(config):
        weight = next(arrays, _NONE)
        if len(weight.shape) != len(shape) or any(
            n not in (ANY, own) for n, own in zip(shape, weight.shape, strict=True)
        ):
            raise ValueError(f"a weight has the shape {weight.shape}, not {shape}")
        if weight.dtype != np.float32 or not np.isfinite(weight).all():
            raise ValueError(f"a weight of shape {weight.shape} is not float32 or has a value that is not finite")
        yield weight


def _take_cell(weights: Iterator[Array], config: "EncoderConfig | NetworkConfig") -> Cell:
    return CELLS[config.cell](next(weights), next(weights), next(weights))


def _assemble(arrays: Iterator[Array], config: "ModelConfig | NetworkConfig") -> Network:
    """Build a network from weights in the order of `iter_shapes`."""
    weights = _take(arrays, config)
    embedding = next(weights)
    layers = []
    for _ in range(config.layers):
        forward = _take_cell(weights, config)
        layers.append(Layer(forward, _take_cell(weights, config) if config.bidirectional else None))
    dense = [(kernel, next(weights)) for kernel in weights]
    return Network(embedding, layers, tuple(config.pooling), dense)


def save_arrays(run: Run, arrays: Sequence[Array]) -> None:
    """Write arrays to `weights.npz`; they must be in the order of `iter_shapes`."""
    with write_atomically(run.weights_path) as temporary:
        np.savez(temporary, allow_pickle=False, **{str(number): array for number, array in enumerate(arrays)})


def load_weights(run: Run, config: "EncoderConfig") -> list[Array]:
    """Read a run's arrays in the order of `iter_shapes`, or raise `RunError` if they do not fit its config."""
    with read_arrays(run) as arrays:
        return list(_take(arrays, config))


def load_next_word_network(run: Run, config: "EncoderConfig") -> NextWordNetwork:
    """Read a next-word model's weights, or raise `RunError` if they do not fit its config."""
    with read_arrays(run) as arrays:
        weights = _take(arrays, config)
        embedding = next(weights)
        cells = [_take_cell(weights, config) for _ in range(config.layers)]
        kernel, kernel_bias, bias = weights
        bias = bias.copy()
        bias[PAD] = -np.inf
        return NextWordNetwork(embedding, cells, kernel, kernel_bias, bias)
