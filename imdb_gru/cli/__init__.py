"""The command-line interface, with one module per command. Slow imports are deferred until a command runs."""

import contextlib
import errno
import io
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

import imdb_gru
from imdb_gru.cli._commands import Group
from imdb_gru.cli._messages import silence
from imdb_gru.cli.card import card
from imdb_gru.cli.compare import compare
from imdb_gru.cli.config import config
from imdb_gru.cli.data import data
from imdb_gru.cli.evaluate import evaluate
from imdb_gru.cli.explore import explore
from imdb_gru.cli.export import export
from imdb_gru.cli.inspect import inspect
from imdb_gru.cli.next import next_word
from imdb_gru.cli.predict import predict
from imdb_gru.cli.pretrain import pretrain
from imdb_gru.cli.report import report
from imdb_gru.cli.runs import runs
from imdb_gru.cli.sweep import sweep
from imdb_gru.cli.train import train
from imdb_gru.system.signals import find_exit_code, raise_on_sigterm

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class MainGroup(Group):
    """The group of all commands, which exits with code 0 if a program such as `head` closes the output early."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, or exit with code 0 if the reader of its output has closed it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # Click would report a failure
            silence(sys.stdout)
            ctx.exit(0)


@click.group(cls=MainGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(imdb_gru.__version__, prog_name="imdb-gru")
def cli() -> None:
    """Train, evaluate and explain a small GRU sentiment model.

    \b
    imdb-gru train --config sample
    imdb-gru evaluate
    imdb-gru predict --timesteps "I expected it to be dull, but it was wonderful."
    """


COMMANDS = (
    train,
    pretrain,
    evaluate,
    report,
    card,
    predict,
    next_word,
    inspect,
    explore,
    compare,
    export,
    sweep,
    runs,
    config,
    data,
)

for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line.

    The exit code is 0 for success, 1 for an expected failure, 2 for incorrect usage, 130 for Ctrl-C, 143 for SIGTERM.
    """
    # Each timestep's matrices are small: a second BLAS thread gives no speedup, and costs time on a busy machine.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _open_closed_streams()
    from imdb_gru.errors import ImdbGruError
    from imdb_gru.system.escaping import escape_unwritable, neutralise, neutralise_error

    for stream in (sys.stdout, sys.stderr):
        escape_unwritable(stream)

    try:
        raise_on_sigterm()
        sys.exit(cli.main(standalone_mode=False))
    except ImdbGruError as error:
        click.echo(f"Error: {neutralise_error(str(error))}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        click.echo("\n".join(map(neutralise, usage.getvalue().split("\n"))), err=True, nl=False)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as stop:
        click.echo("Stopped.", err=True)
        _leave(find_exit_code(stop))
    except OSError as error:  # for example, stdout is on a full disk; the library handles errors in its own files
        reason = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
        advice = "; free some space, or write elsewhere" if error.errno in NO_ROOM else ""
        click.echo(f"Error: cannot continue: {neutralise_error(reason)}{advice}", err=True)
        silence(sys.stdout)
        sys.exit(1)


def _open_closed_streams() -> None:
    """Replace closed standard streams with the null device, so that no other file gets their descriptors.

    `sys.stdin` stays None, because reading from a closed stdin is an error.
    """
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - open until the process ends


def _leave(code: int) -> NoReturn:
    """Exit at once, without waiting for threads that are still computing or compiling."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(code)
