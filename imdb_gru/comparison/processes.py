"""Training a candidate in a child process, so that memory and seconds are measured for this training alone.

The child sends events through a pipe, and continues when the parent has observed them. A terminal sends Ctrl-C to both
processes: a training hears it and stops after the current batch. A child that does not hear the parent's signal gets
SIGTERM instead, which stops a training in the same way and ends anything else at once.
"""

import contextlib
import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from tqdm import tqdm

from imdb_gru.comparison.baseline import fit_baseline
from imdb_gru.comparison.candidates import LINEAR, Candidate, CandidateState
from imdb_gru.errors import ImdbGruError, RunError
from imdb_gru.events import Event, Observer, Stopped, StopRequested
from imdb_gru.system.signals import INTERRUPTED, TERMINATED, build_stop, find_exit_code

GRACE = 0.5
"""Seconds within which a child says that it has heard a signal."""


class ChildDiedError(Exception):
    """A child process ended without an outcome; the message is its exit code or the signal that killed it."""


@dataclass(frozen=True)
class ProcessResult:
    """How a child's work ended: with an error, by a signal, or else well."""

    error: type[ImdbGruError] | None = None
    message: str = ""
    exit_code: int | None = None
    """130 or 143 if Ctrl-C or SIGTERM stopped it."""


def train_candidate(candidate: Candidate, state: CandidateState, observer: Observer) -> None:
    """Train a candidate, or resume its training, in a child process; its events reach the observer.

    Raises `KeyboardInterrupt` if a signal stopped the training, the error that the training raised, or `RunError` if
    the process died.
    """
    try:
        run_child(functools.partial(_train, candidate, state), observer)
    except ChildDiedError as error:
        raise RunError(
            f"the training of {candidate} died ({error}): it may need more memory than this machine has; leave "
            f"{candidate.model} out of --models, or set data.limit"
        ) from error


def _train(candidate: Candidate, state: CandidateState, observer: Observer) -> None:
    from imdb_gru.tasks.training import resume, train

    if candidate.model == LINEAR:
        fit_baseline(candidate.config, candidate.path, observer)
    elif state == "unfinished":
        resume(candidate.path, observer=observer)
    else:
        train(candidate.config, run=candidate.path, observer=observer)


def run_child(work: Callable[[Observer], object], observer: Observer) -> None:
    """Call `work`, which can be pickled, in a child process; the events that it tells its observer reach ours.

    Raises `KeyboardInterrupt` if a signal stopped it, the `ImdbGruError` that it raised, or `ChildDiedError`.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, work), daemon=True)
    with _Signals(process) as signals:
        signals.start()
        theirs.close()
        try:
            outcome = _follow(ours, signals, observer)
        except BaseException:  # of the observer
            process.terminate()
            raise
        finally:
            ours.close()
            process.join()
    if stop := signals.exit_code or (outcome.exit_code if outcome else _find_stop(process.exitcode)):
        raise build_stop(stop)
    if outcome is None:
        code = process.exitcode or 0
        raise ChildDiedError(f"signal {-code}" if code < 0 else f"exit code {code}")
    if outcome.error:
        raise outcome.error.__new__(outcome.error, outcome.message)


def _follow(connection: Connection, signals: "_Signals", observer: Observer) -> ProcessResult | None:
    """Pass a child's events on until it ends; return its outcome, or None if it died."""
    while True:
        try:
            received = connection.recv()
        except (EOFError, ConnectionResetError):
            return None
        if isinstance(received, ProcessResult):
            return received
        if isinstance(received, StopRequested):
            signals.heard.set()
        observer(received)
        with contextlib.suppress(OSError):  # the child may have ended since
            connection.send(None)


class _Signals:
    """Ctrl-C and SIGTERM while a child runs: remembered, and passed on to a child that does not hear them.

    Only the main thread gets signals: in any other, nothing changes.
    """

    def __init__(self, process: BaseProcess) -> None:
        self.process = process
        self.exit_code: int | None = None
        """The exit code for the first signal that came in."""
        self.heard = threading.Event()
        """Set once the child has said that it is stopping."""
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "_Signals":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def start(self) -> None:
        """Start the child; Ctrl-C waits until it has, and does not reach the child while that imports modules."""
        with _block_interrupts():
            self.process.start()
        if self.exit_code:
            self.process.terminate()

    def _handle(self, number: int, _frame: object) -> None:
        if self.process.pid is None:
            self.exit_code = self.exit_code or 128 + number
        elif self.exit_code is None:
            self.exit_code = 128 + number
            timer = threading.Timer(GRACE, self._pass_on)
            timer.daemon = True
            timer.start()
        else:
            self.process.kill()  # the user does not want to wait: the run can be resumed from its last epoch

    def _pass_on(self) -> None:
        if not self.heard.is_set():
            self.process.terminate()


@contextlib.contextmanager
def _block_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back inside; a process that is started inside begins with Ctrl-C held back."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it would start inside, and let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _find_stop(code: int | None) -> int | None:
    """Return the exit code for a process that a signal to stop ended, or None if something else ended it."""
    return {-signal.SIGINT: INTERRUPTED, -signal.SIGTERM: TERMINATED}.get(code or 0)


def _work(connection: Connection, work: Callable[[Observer], object]) -> None:
    """Call `work` in this process, and send its events and its outcome through a pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    tqdm.set_lock(threading.RLock())  # tqdm's own lock is shared by processes, and outlives one that is killed
    reporter = _Reporter(connection)
    try:
        work(reporter)
        outcome = ProcessResult(exit_code=reporter.exit_code)
    except ImdbGruError as error:
        outcome = ProcessResult(type(error), str(error))
    except MemoryError:
        outcome = ProcessResult(RunError, "there is not enough memory: set data.limit, or train a smaller model")
    except KeyboardInterrupt as stop:
        outcome = ProcessResult(exit_code=find_exit_code(stop))
    with contextlib.suppress(OSError):
        connection.send(outcome)


class _Reporter:
    """Sends a child's events to its parent, and waits until each was observed: their order on the screen is right."""

    def __init__(self, connection: Connection) -> None:
        self.exit_code: int | None = None
        """The exit code for a signal that stopped the training, if one did."""
        self._connection = connection
        self._lock = threading.Lock()
        self._stopping = False

    def __call__(self, event: Event) -> None:
        """Send an event; if the parent is gone, stop this process as SIGTERM does."""
        if isinstance(event, Stopped):
            self.exit_code = event.exit_code  # the comparison says how to resume all of it
            return
        self._stopping |= isinstance(event, StopRequested)
        with self._lock:
            try:
                self._connection.send(event)
                self._connection.recv()
            except (OSError, EOFError):
                if not self._stopping:
                    self._stopping = True
                    os.kill(os.getpid(), signal.SIGTERM)
