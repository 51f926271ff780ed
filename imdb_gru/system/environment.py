"""The environment of a training run: machine, threads and package versions (found without importing the packages)."""

import os
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import imdb_gru
from imdb_gru.system.threads import count_threads

PACKAGES = ("tensorflow", "keras", "numpy", "h5py", "numba")


def describe_environment() -> dict[str, Any]:
    """Return package versions, the machine and the number of threads, all of which may affect the trained weights."""
    return {
        "imdb_gru": imdb_gru.__version__,
        "python": platform.python_version(),
        **{name: _find_version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "threads": count_threads(),
    }


def find_changes(before: Mapping[str, object], here: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    """Return (before, now) for each key that is in both environments but has different values there."""
    return {key: (before[key], here[key]) for key in here if key in before and before[key] != here[key]}


def _find_version(package: str) -> str | None:
    """Return the version of a package, or None if it is not installed under this name."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
