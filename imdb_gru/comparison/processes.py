"""Own the child processes that contestants are trained in: one at a time, so that memory and seconds are its alone."""

import multiprocessing
import signal
import subprocess
import sys
import tempfile
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from tqdm import tqdm

from imdb_gru.comparison.baseline import fit_baseline
from imdb_gru.comparison.contestants import LINEAR, Contestant, State
from imdb_gru.config import Config
from imdb_gru.errors import ImdbGruError, RunError
from imdb_gru.stopping import INTERRUPTED, TERMINATED, build_stop

GRACE = 0.5
"""Seconds within which Ctrl-C has reached a training, too, that is yet to begin."""


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
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        code = _wait(process)
    _check_stopped(code)
    if code:
        raise RunError(f"imdb-gru {' '.join(arguments)} ended with exit code {code}: what it said stands above")


def _wait(process: "subprocess.Popen[bytes]") -> int:
    try:
        return process.wait()
    except KeyboardInterrupt:
        # A terminal sends Ctrl-C to the training as well: SIGTERM on top changes nothing for one that is under way.
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
        raise


def _check_stopped(code: int | None) -> None:
    """Raise what ended a process of this exit code, if a signal did."""
    if code in (INTERRUPTED, -signal.SIGINT):
        raise build_stop(INTERRUPTED)
    if code in (TERMINATED, -signal.SIGTERM):
        raise build_stop(TERMINATED)


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
        _check_stopped(process.exitcode)
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
