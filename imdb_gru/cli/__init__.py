"""Own the command line: one file a verb. Nothing heavy is imported before a command's body runs."""

import contextlib
import io
import os
import sys
from typing import NoReturn

import click

import imdb_gru
from imdb_gru.cli.compare import compare
from imdb_gru.cli.config import config
from imdb_gru.cli.data import data
from imdb_gru.cli.evaluate import evaluate
from imdb_gru.cli.inspect import inspect
from imdb_gru.cli.next import next_word
from imdb_gru.cli.predict import predict
from imdb_gru.cli.pretrain import pretrain
from imdb_gru.cli.report import report
from imdb_gru.cli.runs import runs
from imdb_gru.cli.sweep import sweep
from imdb_gru.cli.train import train
from imdb_gru.stopping import find_exit_code, raise_on_sigterm


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(imdb_gru.__version__, prog_name="imdb-gru")
def cli() -> None:
    """Train, judge and explain a small GRU sentiment model.

    \b
    imdb-gru train --data sample
    imdb-gru evaluate
    imdb-gru predict --timesteps "I expected it to be dull, but it was wonderful."
    """


for command in (train, pretrain, evaluate, report, predict, next_word, inspect, compare, sweep, runs, config, data):
    cli.add_command(command)


def main() -> None:
    """Run the command line; exit 0 done, 1 an expected failure, 2 wrong usage, 130 on Ctrl-C, 143 on SIGTERM."""
    # A timestep's matrices are small: a second BLAS thread gains nothing, and waits long where the machine is busy.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from imdb_gru.errors import ImdbGruError
    from imdb_gru.text.neutral import neutralise, neutralise_lines

    try:
        raise_on_sigterm()
        sys.exit(cli.main(standalone_mode=False))
    except ImdbGruError as error:
        click.echo(f"Error: {neutralise_lines(str(error))}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        click.echo("\n".join(map(neutralise, usage.getvalue().split("\n"))), err=True, nl=False)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as stop:
        click.echo("Stopped.", err=True)
        _leave(find_exit_code(stop))
    except BrokenPipeError:
        _silence_stdout()
        sys.exit(0)
    except OSError as error:  # a full disk under stdout, say; files of ours are reported where they are opened
        click.echo(f"Error: cannot go on: {neutralise_lines(str(error))}; make room, or write elsewhere", err=True)
        _silence_stdout()
        sys.exit(1)


def _leave(code: int) -> NoReturn:
    """End at once: threads that compute or compile are not waited for, and their work is lost."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(code)


def _silence_stdout() -> None:
    """Keep Python from writing, at its end, what could not be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
