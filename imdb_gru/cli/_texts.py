"""The options that name texts, for the commands that apply a model to texts."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._options import PathType

if TYPE_CHECKING:
    from imdb_gru.models.texts import TextReader

input_option = click.option(
    "--input",
    "input_path",
    type=PathType(allow_dash=True),
    metavar="FILE",
    help="One review a line, or a .csv, .tsv, .jsonl or .parquet table; - is stdin.",
)


def open_reader(texts: tuple[str, ...], path: Path | None, text_column: str | None, command: str) -> "TextReader":
    """Open the texts, or the file that holds them; without either, stdin, unless that is a terminal."""
    from imdb_gru.models.texts import STDIN, TextReader

    if texts and path:
        raise click.UsageError("give texts or --input, not both")
    if not texts and not path:
        if sys.stdin.isatty():
            raise click.UsageError(f'give a text, such as imdb-gru {command} "A fine film.", or --input FILE')
        path = STDIN
    if text_column and path is None:
        raise click.UsageError("--text-column goes with a table: name the table with --input")
    return TextReader(texts, path, text_column)
