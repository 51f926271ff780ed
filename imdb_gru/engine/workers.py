"""Own the threads: one for every core this process may use."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

_others = ThreadPoolExecutor(max(1, CORES - 1), thread_name_prefix="engine")


def share_out(work: Callable[[Task], Result], tasks: Sequence[Task]) -> list[Result]:
    """Do the tasks side by side, the first on the caller's thread; return the results in the tasks' order."""
    first, *rest = tasks
    futures = [_others.submit(work, task) for task in rest]
    return [work(first), *(future.result() for future in futures)]
