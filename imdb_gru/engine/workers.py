"""Own the threads: one for every core this process may use."""

import functools
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Task = TypeVar("Task")
Result = TypeVar("Result")

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def open_pool() -> "ThreadPoolExecutor":
    """Open the threads, on first use."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(CORES, thread_name_prefix="engine")


def share_out(work: Callable[[Task], Result], tasks: Sequence[Task]) -> list[Result]:
    """Do the tasks side by side; return the results in the tasks' order."""
    if len(tasks) == 1:
        return [work(tasks[0])]
    return list(open_pool().map(work, tasks))
