"""The texts that a command processes: its arguments, or the content of files or stdin."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._messages import EventPrinter

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.models.texts import TextReader


def open_reader(
    texts: tuple[str, ...], file: "DataConfig | None", command: str, output: str | None = None
) -> "TextReader":
    """Return a reader for the texts, for the input files or, if the user gave neither, for stdin.

    The reader skips the file `output` or, if `output` is a folder, the tables in it. Raises `UsageError` if stdin is
    needed but is a terminal, or if the options cannot be combined.
    """
    from imdb_gru.models.inputs import open_input
    from imdb_gru.models.texts import OPTIONS, STDIN

    if texts and file and file.path:
        raise click.UsageError(
            "give texts or --input, not both; if --input is followed by a glob, put the glob in quotes"
        )
    if not texts and not (file and file.path):
        if sys.stdin is not None and sys.stdin.isatty():
            raise click.UsageError(
                f'no text was given: give one, as in imdb-gru {command} "A fine film.", or use --input FILE'
            )
        from imdb_gru.config import DataConfig

        file = (file or DataConfig()).model_copy(update={"path": str(STDIN)})
    for key in OPTIONS:
        if file and getattr(file, key) and not file.path:
            raise click.UsageError(f"--{key.replace('_', '-')} needs a table or a file: give one with --input")
    return open_input(texts, file, Path(output) if output else None, EventPrinter())
