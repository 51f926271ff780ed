"""Training in a child process, so that time and memory are measured for one training run alone.

The child sends each event through a pipe and waits until the parent's observer has handled it. In a
terminal, Ctrl-C reaches both processes, and training stops after the current batch. If the child does not confirm that
it is stopping, the parent sends it SIGTERM. Like Ctrl-C, SIGTERM lets training finish the current batch, but it ends
any other work at once.
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
"""Seconds that a child has, after a signal, to confirm that it is stopping."""


class ChildDiedError(Exception):
    """A child process ended without a result; the message gives its exit code or the signal that killed it."""


@dataclass(frozen=True)
class ProcessResult:
    """The result of a child process: success, an error, or a stop caused by a signal."""

    error: type[ImdbGruError] | None = None
    message: str = ""
    exit_code: int | None = None
    """The exit code: 130 if Ctrl-C stopped the process, 143 if SIGTERM stopped it, and otherwise None."""


def train_candidate(candidate: Candidate, state: CandidateState, observer: Observer) -> None:
    """Train a candidate, or resume its training, in a child process; forward its events to the observer.

    Raises `KeyboardInterrupt` if a signal stopped the training, `RunError` if the process died, or the error that the
    training raised.
    """
    try:
        run_child(functools.partial(_train, candidate, state), observer)
    except ChildDiedError as error:
        raise RunError(
            f"the process that trained {candidate} died ({error}): it may need more memory than this machine has; "
            f"remove {candidate.model} from --models, or set data.limit"
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
    """Call `work`, which must be picklable, in a child process; forward its events to the observer.

    Raises `KeyboardInterrupt` if a signal stopped the child, `ChildDiedError` if it died, or the `ImdbGruError` that
    `work` raised.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, work), daemon=True)
    with _Signals(process) as signals:
        signals.start()
        theirs.close()
        try:
            outcome = _follow(ours, signals, observer)
        except BaseException:  # the observer raised it
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
    """Forward a child's events until it ends; return its result, or None if it died."""
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
        with contextlib.suppress(OSError):  # the child may have ended in the meantime
            connection.send(None)


class _Signals:
    """A context that records Ctrl-C and SIGTERM while a child runs, and sends SIGTERM to a child that does not react.

    Only the main thread receives signals; in other threads, the context has no effect.
    """

    def __init__(self, process: BaseProcess) -> None:
        self.process = process
        self.exit_code: int | None = None
        """Exit code for the first signal received, if any."""
        self.heard = threading.Event()
        """Set when the child has confirmed that it is stopping."""
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
        """Start the child; Ctrl-C is blocked while this method runs, and in the child until its imports are done."""
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
            self.process.kill()  # a second signal ends it at once: the run can be resumed from its last epoch

    def _pass_on(self) -> None:
        if not self.heard.is_set():
            self.process.terminate()


@contextlib.contextmanager
def _block_interrupts() -> Iterator[None]:
    """Block Ctrl-C inside the context; a process that is started there inherits the block."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # if it were started later, it would unblock Ctrl-C
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _find_stop(code: int | None) -> int | None:
    """Return the exit code for a process that a stop signal ended, or None if it ended in any other way."""
    return {-signal.SIGINT: INTERRUPTED, -signal.SIGTERM: TERMINATED}.get(code or 0)


def _work(connection: Connection, work: Callable[[Observer], object]) -> None:
    """Call `work` in this process, and send its events and its result through a pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    tqdm.set_lock(threading.RLock())  # tqdm's shared lock stays locked if its holder is killed
    reporter = _Reporter(connection)
    try:
        work(reporter)
        outcome = ProcessResult(exit_code=reporter.exit_code)
    except ImdbGruError as error:
        outcome = ProcessResult(type(error), str(error))
    except MemoryError:
        outcome = ProcessResult(RunError, "not enough memory: set data.limit, or train a smaller model")
    except KeyboardInterrupt as stop:
        outcome = ProcessResult(exit_code=find_exit_code(stop))
    with contextlib.suppress(OSError):
        connection.send(outcome)


class _Reporter:
    """An observer that sends events to the parent process and waits until they are handled, to keep output in order."""

    def __init__(self, connection: Connection) -> None:
        self.exit_code: int | None = None
        """Exit code for the signal that stopped the training, if any."""
        self._connection = connection
        self._lock = threading.Lock()
        self._stopping = False

    def __call__(self, event: Event) -> None:
        """Send an event; if the parent has died, send SIGTERM to this process."""
        if isinstance(event, Stopped):
            self.exit_code = event.exit_code  # the comparison's own message says how to resume
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
