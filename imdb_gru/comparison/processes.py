"""Own the child processes that contestants are trained in: one at a time, so that memory and seconds are its alone."""

import multiprocessing
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from tqdm import tqdm

from imdb_gru.comparison.baseline import fit_baseline
from imdb_gru.comparison.contestants import LINEAR, Contestant, State
from imdb_gru.config import Config
from imdb_gru.errors import ImdbGruError, RunError

INTERRUPTED = 130
GRACE = 10.0
"""Seconds within which a training that Ctrl-C reached has ended; after them, it was meant for us alone."""


def train_contestant(contestant: Contestant, state: State) -> None:
    """Train a contestant, or go on where it stopped, in a process of its own that writes its progress to our stderr.

    Raises `KeyboardInterrupt` where it was stopped, and `RunError` where it failed.
    """
    path = contestant.path
    if contestant.model == LINEAR:
        _fit_alone(contestant.config, path)
    elif state == "unfinished":
        _run("train", "--resume", str(path))
    else:
        with tempfile.TemporaryDirectory() as folder:
            config_path = Path(folder) / "config.yaml"
            config_path.write_text(contestant.config.to_yaml(), "utf-8")
            _run("train", "--config", str(config_path), "--run", str(path))


def _run(*arguments: str) -> None:
    command = [sys.executable, "-m", "imdb_gru", *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process, _pass_on_sigterm(process):
        code = _wait(process)
    if code in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    if code:
        raise RunError(f"imdb-gru {' '.join(arguments)} ended with exit code {code}: what it said stands above")


def _wait(process: "subprocess.Popen[bytes]") -> int:
    try:
        return process.wait()
    except KeyboardInterrupt:
        # A terminal sends Ctrl-C to the training as well, which ends after the batches at hand.
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait()
        raise


@contextmanager
def _pass_on_sigterm(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Let SIGTERM end the training, which then tells us by its exit code; we alone would leave it behind."""
    before = signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _fit_alone(config: Config, path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_fit, args=(sender, config, path), daemon=True)
    # The child inherits that it is deaf to Ctrl-C, which ends it through us: no traceback of its own.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process.start()
    finally:
        signal.signal(signal.SIGINT, before)
    sender.close()
    try:
        failure = receiver.recv()
    except EOFError:
        process.join()
        raise RunError(
            f"the fit of {path} died (exit code {process.exitcode}): it may need more memory than there is; leave "
            f"{LINEAR} out of --models, or set data.limit"
        ) from None
    except KeyboardInterrupt:
        process.terminate()
        raise
    finally:
        process.join()
    if failure:
        raise ImdbGruError(failure)


def _fit(sender: Connection, config: Config, path: Path) -> None:
    failure = ""
    tqdm.set_lock(threading.RLock())  # its own is shared by processes, and is left behind where this one is ended
    try:
        fit_baseline(config, path)
    except ImdbGruError as error:
        failure = str(error)
    sender.send(failure)
