"""The number of threads for this process to use, given its cores, any CPU quota, and $IMDB_GRU_THREADS."""

import functools
import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from imdb_gru.errors import ImdbGruError

ENVIRONMENT = "IMDB_GRU_THREADS"
TENSORFLOW_VARIABLES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
"""Environment variables that TensorFlow reads at startup; by default, TensorFlow uses one thread per available core."""


@functools.cache
def count_threads() -> int:
    """Return the number of threads to use, or raise `ImdbGruError` if $IMDB_GRU_THREADS is not a valid number.

    This is the number of cores that the process may use, unless a CPU quota or $IMDB_GRU_THREADS allows fewer.
    """
    limits = (count_cores(), find_quota(), read_setting())
    return min(limit for limit in limits if limit is not None)


def set_threads(count: int) -> None:
    """Use at most `count` threads, including TensorFlow's, in this process and in each of its child processes.

    Call this before the engine or TensorFlow is first used.
    """
    for name in (ENVIRONMENT, *TENSORFLOW_VARIABLES):
        os.environ[name] = str(count)
    count_threads.cache_clear()


def limit_tensorflow() -> None:
    """Give TensorFlow no more threads than `count_threads` allows; call this before TensorFlow is imported.

    If `count_threads` allows as many threads as there are cores, TensorFlow keeps its default.
    """
    if count_threads() < count_cores():
        for name in TENSORFLOW_VARIABLES:
            os.environ.setdefault(name, str(count_threads()))


def read_setting() -> int | None:
    """Return the number in $IMDB_GRU_THREADS, or None if the variable is unset or empty.

    Raises `ImdbGruError` if the value is not a valid number.
    """
    text = os.environ.get(ENVIRONMENT, "").strip()
    if not text:
        return None
    try:
        number = int(text) if text.isascii() and text.isdigit() else 0
    except ValueError:  # Python refuses to parse a number with several thousand digits
        number = 0
    if not number:
        raise ImdbGruError(f"${ENVIRONMENT} is {text[:40]!r}: set it to an integer of at least 1, or unset it")
    return number


def count_cores() -> int:
    """Return the number of cores that the process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def find_quota(root: Path = Path("/")) -> int | None:
    """Return the process's CPU quota in cores, rounded up, or None if it has no quota.

    Containers limit CPU time with the quotas of control groups. Both versions of Linux control groups are read, and a
    parent's quota applies to its children. `root` is the folder that contains `proc` and `sys`.
    """
    quotas = [quota for quota in _iter_quotas(root) if quota > 0]
    return max(1, math.ceil(min(quotas))) if quotas else None


def _iter_quotas(root: Path) -> Iterator[float]:
    mount = root / "sys" / "fs" / "cgroup"
    for line in _read(root / "proc" / "self" / "cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            for folder in _iter_folders(mount, path):
                yield _parse_quota(*_read(folder / "cpu.max").split())
        elif "cpu" in controllers.split(","):
            for name in {controllers, "cpu"}:
                for folder in _iter_folders(mount / name, path):
                    yield _parse_quota(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _iter_folders(mount: Path, path: str) -> Iterator[Path]:
    """Yield the folder of a control group, then those of its parents.

    Inside a container, the group's full path may not exist, because the container's group is mounted as the root.
    """
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
    for depth in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:depth])


def _parse_quota(quota: str = "", period: str = "") -> float:
    """Return a quota in cores, or 0 if there is no limit (`max` in cgroup v2, -1 in v1)."""
    try:
        return max(0.0, int(quota) / int(period))
    except (ValueError, ZeroDivisionError):
        return 0.0


def _read(path: Path) -> str:
    """Return the text of a file, or an empty string if it cannot be read."""
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""
