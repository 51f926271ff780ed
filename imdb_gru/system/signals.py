"""Ctrl-C and SIGTERM as exceptions, as requests to stop, and as exit codes."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
"""The exit codes of a command stopped by Ctrl-C or by SIGTERM."""


class Terminated(KeyboardInterrupt):
    """The exception for SIGTERM, which stops a command just as Ctrl-C does."""


def build_stop(code: int) -> KeyboardInterrupt:
    """Build the exception that makes a process exit with the code `INTERRUPTED` or `TERMINATED`."""
    return Terminated() if code == TERMINATED else KeyboardInterrupt()


def raise_on_sigterm() -> None:
    """Make SIGTERM raise an exception, as Ctrl-C does, so that context managers clean up."""

    def stop(_number: int, _frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, stop)


def find_exit_code(stop: BaseException) -> int:
    """Return the exit code for an exception caused by a signal."""
    return TERMINATED if isinstance(stop.__cause__ or stop, Terminated) else INTERRUPTED


class Stop(threading.Event):
    """A request to stop, which is made by setting the event."""

    exit_code = INTERRUPTED
    """The exit code of a process that stops because of the request."""


@contextlib.contextmanager
def stop_on_signals(stop: Stop) -> Iterator[None]:
    """Turn the first Ctrl-C and the first SIGTERM in the body into requests to stop; later ones act as usual.

    This does nothing outside the main thread, because only the main thread receives signals.
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
    """Call `announce` as soon as the process receives Ctrl-C or SIGTERM, even if native code blocks the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def listen() -> None:
        while number := os.read(reading, 1):  # the signal handler writes to it even while Python is blocked
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
