import threading

import pytest

from imdb_gru.engine.workers import map_ahead, share_out
from imdb_gru.system.threads import count_threads


@pytest.mark.skipif(count_threads() < 2, reason="needs two cores")
def test_tasks_are_shared_out_and_results_come_in_order():
    threads = set()
    barrier = threading.Barrier(2, timeout=10)

    def work(task):
        if task < 2:
            barrier.wait()  # two tasks at a time, or this times out
        threads.add(threading.current_thread())
        return task * 10

    assert share_out(work, list(range(9))) == [task * 10 for task in range(9)]
    assert len(threads) > 1


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_every_task_comes_with_its_result_in_order(count):
    assert list(map_ahead(lambda task: task + 1, iter(range(count)))) == [(task, task + 1) for task in range(count)]


def test_a_lone_task_needs_no_thread():
    assert list(map_ahead(lambda _: threading.current_thread(), iter([0]))) == [(0, threading.current_thread())]


def test_a_task_is_done_while_the_next_is_fetched():
    done = threading.Event()

    def fetch():
        yield 0
        yield 1
        assert done.wait(10)
        yield 2

    assert len(list(map_ahead(lambda _: done.set(), fetch()))) == 3


def test_what_goes_wrong_is_raised():
    def fail(task):
        raise ValueError(f"task {task}")

    with pytest.raises(ValueError, match="task 0"):
        list(map_ahead(fail, iter(range(3))))
