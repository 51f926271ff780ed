"""Own the check of a finished run: its files by their hashes, its weights, and what it ran under by what runs here."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config import Config
from imdb_gru.environment import describe_environment, find_changes
from imdb_gru.errors import RunError
from imdb_gru.run import FileState, Run
from imdb_gru.weights import Shape, iter_shapes, list_stock, open_keras, read_arrays

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Findings:
    """What a check found."""

    files: dict[str, FileState]
    faults: list[str]
    """What is wrong with the weights."""
    environment: dict[str, tuple[object, object]]
    """What was otherwise where the run was made, and how it is here; no fault."""

    @property
    def whole(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.faults and set(self.files.values()) == {"ok"}


def check_run(run: Run) -> Findings:
    """Check a finished run; raises `RunError` where it is none, or its figures cannot be read."""
    run.check_finished()
    changes = find_changes(run.load_metrics().get("environment", {}), describe_environment())
    try:
        faults = list(_find_faults(run))
    except RunError as error:
        faults = [str(error)]
    return Findings(run.compare_files(), faults, changes)


def _find_faults(run: Run) -> Iterator[str]:
    """Yield what is wrong with the weights that there are; raises `RunError` where they cannot be read."""
    config, size = run.load_any_config(), len(run.load_vocabulary())
    wanted = list(iter_shapes(config.model, size))
    arrays = _read(read_arrays(run)) if run.weights_path.exists() else None
    if arrays is not None and (fault := _compare_shapes(arrays, wanted)):
        yield f"{run.weights_path.name} does not fit config.yaml and vocabulary.json: {fault}"
        return
    if not run.model_path.exists():
        return
    stock = _read(open_keras(run.model_path, config.model))
    if not isinstance(config, Config):  # there the softmax's kernel stands by itself
        wanted.insert(-1, (config.model.embedding, size))
    if fault := _compare_shapes(stock, wanted):
        yield f"{run.model_path.name} does not fit config.yaml and vocabulary.json: {fault}"
    elif arrays is not None:
        expected = arrays if isinstance(config, Config) else list_stock(arrays)
        if not all(map(np.array_equal, stock, expected)):
            yield f"{run.model_path.name} and {run.weights_path.name} hold different weights"


def _read(opened: AbstractContextManager[Iterator[Array]]) -> list[Array]:
    with opened as arrays:
        return list(arrays)


def _compare_shapes(arrays: Sequence[Array], wanted: Sequence[Shape]) -> str | None:
    """Say where shapes are not what they should be, None where they are."""
    if len(arrays) != len(wanted):
        return f"{len(arrays)} arrays, not {len(wanted)}"
    for number, (array, shape) in enumerate(zip(arrays, wanted, strict=True)):
        if array.shape != shape:
            return f"array {number} is {array.shape}, not {shape}"
    return None
