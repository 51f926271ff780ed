"""The command-line interface. Each command has its own module, imported only when the command is used."""

import contextlib
import errno
import io
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

import imdb_gru
from imdb_gru.cli._commands import Group
from imdb_gru.cli._messages import silence
from imdb_gru.system.signals import find_exit_code, raise_on_sigterm

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


COMMANDS = (
    "card", "compare", "config", "data", "evaluate", "explore", "export", "inspect", "next", "predict", "pretrain",
    "report", "runs", "sweep", "train",
)  # fmt: skip
"""Names of the commands and of their modules; `FUNCTIONS` gives the name of a command's function if it differs."""
FUNCTIONS = {"next": "next_word"}


class MainGroup(Group):
    """The group of all commands. It exits with code 0 if the program that reads its output closes the pipe early."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """List the names of all commands, in alphabetical order."""
        return sorted({*COMMANDS, *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; if its name is unknown, import all commands, so that Click can suggest a similar name."""
        for name in {cmd_name} & {*COMMANDS} or COMMANDS:
            if name not in self.commands:
                self.add_command(getattr(import_module(f"imdb_gru.cli.{name}"), FUNCTIONS.get(name, name)))
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; exit with code 0 if the program that reads the output has closed the pipe."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # Click would exit with code 1
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


def main() -> None:
    """Run the command line.

    The exit code is 0 for success, 1 for an error, 2 for incorrect usage, 130 after Ctrl-C, and 143 after SIGTERM.
    """
    # The matrices of a timestep are so small that a second BLAS thread brings no speedup, and slows a busy machine.
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
    except OSError as error:  # such as a full disk under stdout; errors in the library's own files become ImdbGruError
        reason = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
        advice = "; free some space, or write elsewhere" if error.errno in NO_ROOM else ""
        click.echo(f"Error: cannot continue: {neutralise_error(reason)}{advice}", err=True)
        silence(sys.stdout)
        sys.exit(1)


def _open_closed_streams() -> None:
    """Replace closed standard streams with the null device, so that files opened later cannot take their descriptors.

    `sys.stdin` stays None, so that reading from a closed stdin is still an error.
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
