"""Threads that share a batch; `imdb_gru.system.threads` determines how many there are."""

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from imdb_gru.system.threads import count_threads

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Task = TypeVar("Task")
Result = TypeVar("Result")


@functools.cache
def open_pool() -> "ThreadPoolExecutor":
    """Return the pool of threads, which is created on first use."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(count_threads(), thread_name_prefix="engine")


def share_out(work: Callable[[Task], Result], tasks: Sequence[Task]) -> list[Result]:
    """Run the tasks in parallel, and return the results in the order of the tasks."""
    return list(iter_shared(work, tasks))


def iter_shared(work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
    """Run the tasks in parallel, and yield the results in the order of the tasks, without waiting for later tasks."""
    if len(tasks) == 1:
        yield work(tasks[0])
    else:
        yield from open_pool().map(work, tasks)


def cut_evenly(count: int) -> list[slice]:
    """Divide `count` rows into one part for each thread, with sizes that differ by at most one row."""
    threads = count_threads()
    edges = [count * part // threads for part in range(threads + 1)]
    return [slice(*pair) for pair in itertools.pairwise(edges)]


def map_ahead(work: Callable[[Task], Result], tasks: Iterator[Task]) -> Iterator[tuple[Task, Result]]:
    """Yield each task with its result while a thread runs the next one; a lone task runs on the caller's thread."""
    head = list(itertools.islice(tasks, 2))
    if len(head) < 2:
        yield from ((task, work(task)) for task in head)
        return
    from concurrent.futures import ThreadPoolExecutor

    ahead = ThreadPoolExecutor(1, thread_name_prefix="ahead")
    try:
        pending: list[tuple[Task, Future[Result]]] = []
        for task in itertools.chain(head, tasks):
            pending.append((task, ahead.submit(work, task)))
            if len(pending) > 1:
                done, future = pending.pop(0)
                yield done, future.result()
        done, future = pending.pop()
        yield done, future.result()
    finally:
        ahead.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C, for example, do not wait for the other tasks
