"""Checking a complete run: its files, its weights and its environment."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from imdb_gru.config import Config
from imdb_gru.errors import RunError
from imdb_gru.runs.run import FileState, Run
from imdb_gru.runs.weights import Shape, iter_shapes, list_stock, open_keras, read_arrays
from imdb_gru.system.arrays import Array
from imdb_gru.system.environment import describe_environment, find_changes


@dataclass(frozen=True)
class Findings:
    """The result of checking a run."""

    files: dict[str, FileState]
    faults: list[str]
    """Error messages about the weights."""
    environment: dict[str, tuple[object, object]]
    """Differences between the training environment and the current one, as (before, now); these are not errors."""

    @property
    def whole(self) -> bool:
        """Return whether all files are unchanged and no problem with the weights was found."""
        return not self.faults and set(self.files.values()) == {"ok"}


def check_run(run: Run) -> Findings:
    """Check a finished run, or raise `RunError` if it is not finished or its metrics cannot be read."""
    run.check_finished()
    changes = find_changes(run.load_metrics().environment, describe_environment())
    try:
        faults = list(_find_faults(run))
    except RunError as error:
        faults = [str(error)]
    return Findings(run.compare_files(), faults, changes)


def _find_faults(run: Run) -> Iterator[str]:
    """Yield an error message for each problem with the weights, or raise `RunError` if they cannot be read."""
    config, size = run.load_any_config(), len(run.load_vocabulary())
    arrays = _read(read_arrays(run))
    if fault := _compare_shapes(arrays, list(iter_shapes(config.model, size))):
        yield f"{run.weights_path.name} does not fit config.yaml and vocabulary.json: {fault}"
        return
    if run.model_path not in run.sealed_paths:
        return
    stock = _read(open_keras(run.model_path, config.model))
    expected = arrays if isinstance(config, Config) else list_stock(arrays)
    if fault := _compare_shapes(stock, [array.shape for array in expected]):
        yield f"{run.model_path.name} does not fit config.yaml and vocabulary.json: {fault}"
    elif not all(map(np.array_equal, stock, expected)):
        yield f"{run.model_path.name} and {run.weights_path.name} contain different weights"


def _read(opened: AbstractContextManager[Iterator[Array]]) -> list[Array]:
    with opened as arrays:
        return list(arrays)


def _compare_shapes(arrays: Sequence[Array], wanted: Sequence[Shape]) -> str | None:
    """Return a description of the first mismatch, or None if the number of arrays and all shapes are right."""
    if len(arrays) != len(wanted):
        return f"{len(arrays)} arrays, not {len(wanted)}"
    for number, (array, shape) in enumerate(zip(arrays, wanted, strict=True)):
        if array.shape != shape:
            return f"array {number} has the shape {array.shape}, not {shape}"
    return None
