"""Commands that tests run, and the arguments of small trainings."""

import subprocess
import sys
from dataclasses import dataclass

import click

from imdb_gru.cli import cli


@dataclass
class Result:
    code: int
    out: str
    err: str


def call(*arguments, text=True, **options):
    """Run the command line in a separate process."""
    command = [sys.executable, "-m", "imdb_gru", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=text, timeout=120, check=False, **options)


def list_commands(command=cli, path=()):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from list_commands(command.get_command(context, name), (*path, name))


def assert_not_loaded(arguments, heavy):
    code = f"""
import sys
sys.argv = ["imdb-gru", *{arguments!r}]
from imdb_gru.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


SMALL = [
    "--config", "scratch",
    "--set", "model.embedding=6", "--set", "model.units=6", "--set", "train.epochs=1", "--set", "text.length=60",
]  # fmt: skip


def train(invoke, path, *arguments, data="sample", limit=120):
    return invoke("train", "--data", data, "--run", path, "--set", f"data.limit={limit}", *SMALL, *arguments)


TINY = ["--data", "sample", "--set", "data.limit=200", "--set", "model.units=8", "--set", "model.embedding=8"]


BUDGET = [*TINY, "--set", "train.epochs=1", "--models", "linear,gru", "--seeds", "1"]
"""Arguments of a comparison that trains in seconds."""
