"""Ctrl-C and SIGTERM: as an exception, as a request to stop soon, and as an exit code."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
"""The exit codes of a command that Ctrl-C, or SIGTERM, stopped."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came in, which ends a command as Ctrl-C does."""


def build_stop(code: int) -> KeyboardInterrupt:
    """Return the exception for a process that is to end with one of the exit codes above."""
    return Terminated() if code == TERMINATED else KeyboardInterrupt()


def raise_on_sigterm() -> None:
    """Let SIGTERM raise an exception, as Ctrl-C does, so that what was begun is tidied up."""

    def stop(_number: int, _frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, stop)


def find_exit_code(stop: BaseException) -> int:
    """Return the exit code for an exception that a signal led to."""
    return TERMINATED if isinstance(stop.__cause__ or stop, Terminated) else INTERRUPTED


class Stop(threading.Event):
    """A request to stop, once it is set."""

    exit_code = INTERRUPTED
    """The exit code for a process that stops because of it."""


@contextlib.contextmanager
def stop_on_signals(stop: Stop) -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM inside into a request to stop; a second one acts as it does outside.

    Only the main thread gets signals: in any other, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def request_stop(number: int, _frame: object) -> None:
        if not stop.is_set():
            stop.exit_code = 128 + number
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, request_stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def announce_signals(announce: Callable[[], object]) -> Iterator[None]:
    """Call `announce` as soon as Ctrl-C or SIGTERM comes in, even while the main thread is deep in machine code."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def listen() -> None:
        while number := os.read(reading, 1):  # the system writes it, whatever Python is doing
            if number[0] in (signal.SIGINT, signal.SIGTERM):
                announce()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)
        listener.join()
        os.close(reading)
