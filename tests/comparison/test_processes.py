import os
import signal
import time
from pathlib import Path

import pytest

from imdb_gru.comparison import processes
from imdb_gru.comparison.candidates import build_candidates
from imdb_gru.comparison.processes import ChildDiedError, run_child, train_candidate
from imdb_gru.config import build_config
from imdb_gru.errors import DataError, MissingExtraError, RunError
from imdb_gru.events import Notice, Stopped, StopRequested, ignore

LONG = 60
"""Seconds that nobody waits for."""


def tell_and_write(observer):
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {})
    ctrl_c = "ignored" if signal.getsignal(signal.SIGINT) == signal.SIG_IGN and not blocked else "raises"
    observer(Notice(f"Ctrl-C {ctrl_c}"))
    Path("written").touch()
    observer(Notice("end"))


def fail(observer):
    raise DataError("no reviews")


def miss_an_extra(observer):
    raise MissingExtraError("Reading Parquet", "parquet")


def run_out_of_memory(observer):
    raise MemoryError


def die(observer):
    os._exit(3)


def be_killed(observer):
    os.kill(os.getpid(), signal.SIGKILL)


def be_terminated(observer):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LONG)


def be_stopped_in_training(observer):
    observer(Stopped("imdb-gru train --resume run", True, 143))


def wait(observer):
    observer(Notice("started"))
    time.sleep(LONG)


def stop_by_itself(observer):
    """Stop as a training does that a terminal's Ctrl-C has reached."""
    observer(Notice("started"))
    observer(StopRequested())
    time.sleep(3 * processes.GRACE)
    Path("stopped").touch()


@pytest.fixture
def send():
    """Build observers that send this process signals once a child has started, and check what it does with them."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    def build(*numbers):
        def observe(event):
            if str(event) == "started":
                for number in numbers:
                    os.kill(os.getpid(), number)

        return observe

    yield build
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_events_arrive_in_order_and_the_child_waits_for_each():
    events = []

    def observe(event):
        time.sleep(0.2)
        events.append((str(event), Path("written").exists()))

    run_child(tell_and_write, observe)
    assert events == [("Ctrl-C ignored", False), ("end", True)]


@pytest.mark.parametrize(
    ("work", "error", "message"),
    [
        (fail, DataError, r"^no reviews$"),
        (miss_an_extra, MissingExtraError, r"^Reading Parquet needs the extra 'parquet'"),
        (run_out_of_memory, RunError, "not enough memory"),
        (die, ChildDiedError, r"^exit code 3$"),
        (be_killed, ChildDiedError, r"^signal 9$"),
        (be_terminated, KeyboardInterrupt, r"^$"),
        (be_stopped_in_training, KeyboardInterrupt, r"^$"),
    ],
)
def test_a_child_that_fails_raises_its_error_here(send, work, error, message):
    with pytest.raises(error, match=message):
        run_child(work, ignore)


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "Terminated")])
def test_a_signal_to_this_process_alone_stops_the_child(send, number, name):
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt) as stop:
        run_child(wait, send(number))
    assert type(stop.value).__name__ == name
    assert time.monotonic() - started < LONG / 2


def test_ctrl_c_while_the_child_starts_is_not_lost(send, monkeypatch):
    start = processes.BaseProcess.start

    def start_and_interrupt(process):
        os.kill(os.getpid(), signal.SIGINT)
        start(process)

    monkeypatch.setattr(processes.BaseProcess, "start", start_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_child(wait, ignore)


def test_a_child_that_stops_by_itself_is_left_to_it(send):
    with pytest.raises(KeyboardInterrupt):
        run_child(stop_by_itself, send(signal.SIGINT))
    assert Path("stopped").exists()


def test_a_second_signal_kills_the_child(send):
    with pytest.raises(KeyboardInterrupt):
        run_child(stop_by_itself, send(signal.SIGINT, signal.SIGINT))
    assert not Path("stopped").exists()


def test_an_observer_that_fails_ends_the_child(send):
    def observe(event):
        raise ValueError("no space on the screen")

    started = time.monotonic()
    with pytest.raises(ValueError, match="no space"):
        run_child(wait, observe)
    assert time.monotonic() - started < LONG / 2


def test_a_child_without_a_parent_stops_itself_once(monkeypatch):
    sent = []
    monkeypatch.setattr(os, "kill", lambda *arguments: sent.append(arguments))
    ours, theirs = processes.multiprocessing.Pipe()
    ours.close()
    reporter = processes._Reporter(theirs)
    for event in (Notice("one"), StopRequested(), Notice("two")):
        reporter(event)
    assert sent == [(os.getpid(), signal.SIGTERM)]


def test_a_training_that_dies_is_named(monkeypatch, tmp_path):
    def die_here(work, observer):
        raise ChildDiedError("signal 9")

    monkeypatch.setattr(processes, "run_child", die_here)
    (linear,) = build_candidates({"linear": build_config({}, "test")}, [0], tmp_path)
    with pytest.raises(RunError, match=r"linear-0 died \(signal 9\).*remove linear from --models.*set data\.limit"):
        train_candidate(linear, "new", ignore)
