"""Measuring and limiting the memory of a process."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

SMALLER = "reduce model.units, model.embedding, text.max_words or train.batch_size"
"""Advice in the error message for training that needs too much memory."""


def measure_peak_memory() -> float | None:
    """Return the peak memory of this process in MB, or None if the system does not report it."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


def measure_own_memory() -> float | None:
    """Return the memory that only this process uses, in MB, or None if the system does not report it.

    Shared memory is excluded, because the pages read from Ray's object store can add up to the size of the store.
    """
    pages = Path("/proc/self/statm")
    if not pages.exists():
        return None
    _, resident, shared, *_ = map(int, pages.read_text().split())
    return round((resident - shared) * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def find_memory() -> int | None:
    """Return the machine's memory in bytes, or None if the system does not report it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None


@contextlib.contextmanager
def limit_growth(megabytes: int) -> Iterator[None]:
    """Raise `MemoryError` in the body if the process's memory grows by more than `megabytes` MB (Linux only)."""
    pages = Path("/proc/self/statm")
    if not pages.exists():
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    most = int(pages.read_text().split()[0]) * resource.getpagesize() + megabytes * 2**20
    finite = [limit for limit in before if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(most, *finite) if finite else most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
