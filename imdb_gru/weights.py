"""Own a run's weights as a NumPy network: from its `weights.npz`, or from the Keras model itself."""

import contextlib
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imdb_gru.cells import CELLS, Cell
from imdb_gru.cells.network import Layer, Network
from imdb_gru.cells.next_word import NextWordNetwork
from imdb_gru.compact import is_compact, restore_arrays
from imdb_gru.config import EncoderConfig, ModelConfig
from imdb_gru.errors import RunError
from imdb_gru.run import Run, write_atomically
from imdb_gru.text.vocabulary import PAD

if TYPE_CHECKING:
    import h5py

Array = NDArray[np.float32]

DAMAGE = (
    OSError, KeyError, ValueError, EOFError, StopIteration, RuntimeError, zipfile.BadZipFile, zlib.error
)  # fmt: skip
"""What reading a damaged `weights.npz` raises, depending on the place."""


def load_network(run: Run, config: ModelConfig) -> Network:
    """Read a run's weights; raises `RunError` where they do not fit its config.

    `weights.npz` holds what `model.keras` holds, and opens without HDF5, in half the time and memory.
    """
    if not run.weights_path.exists():
        return read_keras(run.model_path, config)
    with read_arrays(run) as arrays:
        return _assemble(arrays, config)


@contextlib.contextmanager
def read_arrays(run: Run) -> Iterator[Iterator[Array]]:
    """Give the arrays of a run's `weights.npz`; raises `RunError` where they are damaged or too few."""
    try:
        yield iter(_load_arrays(run))
    except DAMAGE as error:
        raise RunError(f"{run.weights_path} holds no weights that fit its config ({error}): train again") from error


def _load_arrays(run: Run) -> list[Array]:
    with run.weights_path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        if is_compact(stored):
            return restore_arrays(stored, _load_arrays(run.base) if run.base else ())
        return [stored[str(number)] for number in range(len(stored.files))]


def save_network(run: Run, config: ModelConfig) -> None:
    """Write `weights.npz` from `model.keras`."""
    with open_keras(run.model_path, config) as stored:
        arrays = list(stored)
    save_arrays(run, arrays)


def list_weights(cells: Iterable[Cell]) -> list[Array]:
    """List the weights of cells in the order of a run's file: kernel, recurrent kernel and bias of each."""
    return [weight for cell in cells for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)]


def read_keras(path: Path, config: ModelConfig) -> Network:
    """Read the weights of a `model.keras` file as a network; raises `RunError`."""
    with open_keras(path, config) as arrays:
        return _assemble(arrays, config)


@contextlib.contextmanager
def open_keras(path: Path, config: EncoderConfig) -> Iterator[Iterator[Array]]:
    """Give the arrays of a `model.keras` file, which is a zip with an HDF5 file inside; raises `RunError`.

    A classifier's are those of `weights.npz`, in that order; a next-word model's are as `list_stock` makes them.
    """
    import h5py

    try:
        with zipfile.ZipFile(path) as archive:
            stored = io.BytesIO(archive.read("model.weights.h5"))
        with h5py.File(stored, "r") as file:
            groups = {group["vars"].attrs["name"]: group for group in file["layers"].values()}
            yield _iter_keras(groups, config)
    except (OSError, KeyError, ValueError, TypeError, StopIteration, zipfile.BadZipFile) as error:
        raise RunError(f"{path} holds no weights that fit its config ({error}): train the run again") from error


def list_stock(arrays: Sequence[Array]) -> list[Array]:
    """List what a next-word model's `model.keras` holds, given the arrays of its `weights.npz`; pad is impossible."""
    bias = np.array(arrays[-1])
    bias[PAD] = -1e9
    return [*arrays[:-1], arrays[0].T.copy(), bias]


def _iter_keras(groups: "dict[str, h5py.Group]", config: EncoderConfig) -> Iterator[Array]:
    """Yield the weights in the order that `_assemble` takes."""
    wanted = [groups["embedding"]]
    for number in range(1, config.layers + 1):
        if isinstance(config, ModelConfig) and config.bidirectional:
            layer = groups[f"bidirectional_{number}"]
            wanted += [layer["forward_layer"]["cell"], layer["backward_layer"]["cell"]]
        else:
            wanted.append(groups[f"{config.cell}_{number}"]["cell"])
    names = ["projection", "next_word"]
    if isinstance(config, ModelConfig):
        names = [*(f"dense_{number}" for number in range(1, len(config.dense) + 1)), "probability"]
    wanted += [groups[name] for name in names]
    for group in wanted:
        variables = group["vars"]
        for number in range(len(variables)):
            yield np.ascontiguousarray(variables[str(number)][()], dtype=np.float32)


def _assemble(weights: Iterator[Array], config: ModelConfig) -> Network:
    """Build the network from its weights in order: embedding, cells (forwards before backwards), dense layers."""
    embedding = next(weights)

    def take_cell() -> Cell:
        return CELLS[config.cell](next(weights), next(weights), next(weights))

    layers = [Layer(take_cell(), take_cell() if config.bidirectional else None) for _ in range(config.layers)]
    dense = [(next(weights), next(weights)) for _ in range(len(config.dense) + 1)]
    return Network(embedding, layers, tuple(config.pooling), dense)


def save_arrays(run: Run, arrays: Sequence[Array]) -> None:
    """Write `weights.npz`.

    Embedding and cells come first; then a classifier's dense layers, or a next-word model's projection, kernel and
    bias, and its softmax's bias.
    """
    with write_atomically(run.weights_path) as temporary:
        np.savez(temporary, allow_pickle=False, **{str(number): array for number, array in enumerate(arrays)})


def load_next_word(run: Run, config: EncoderConfig) -> NextWordNetwork:
    """Read a next-word model's weights, as `save_arrays` wrote them; raises `RunError` where they do not fit."""
    with read_arrays(run) as arrays:
        embedding = next(arrays)
        cells = [CELLS[config.cell](next(arrays), next(arrays), next(arrays)) for _ in range(config.layers)]
        kernel, kernel_bias, bias = next(arrays), next(arrays), next(arrays).copy()
        bias[PAD] = -np.inf
        return NextWordNetwork(embedding, cells, kernel, kernel_bias, bias)
