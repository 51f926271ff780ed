"""Own what Ctrl-C and SIGTERM come to: the exception they raise, and the exit code that tells which it was."""

import signal

INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
"""The exit codes of a command that Ctrl-C, or SIGTERM, stopped."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came in, which ends a command as Ctrl-C does."""


def build_stop(code: int) -> KeyboardInterrupt:
    """Return what is raised in a process that is to end with a code of the above."""
    return Terminated() if code == TERMINATED else KeyboardInterrupt()


def raise_on_sigterm() -> None:
    """Have SIGTERM raise, as Ctrl-C does, so that what was begun is tidied up."""

    def stop(_number: int, _frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, stop)


def find_exit_code(stop: BaseException) -> int:
    """Return the exit code for an exception that a signal led to."""
    return TERMINATED if isinstance(stop.__cause__ or stop, Terminated) else INTERRUPTED
