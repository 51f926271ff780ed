"""The texts to which a command applies a model, from its arguments, a file or stdin."""

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.models.texts import TextReader


def open_reader(texts: tuple[str, ...], file: "DataConfig | None", command: str) -> "TextReader":
    """Open the texts or the file; if neither is given, read stdin unless it is a terminal."""
    from imdb_gru.config import DataConfig
    from imdb_gru.models.texts import STDIN, TextReader

    file = file or DataConfig()
    if texts and file.path:
        raise click.UsageError("give texts or --input, not both")
    if not texts and not file.path:
        if sys.stdin is not None and sys.stdin.isatty():
            raise click.UsageError(
                f'no text was given: give one, as in imdb-gru {command} "A fine film.", or use --input FILE'
            )
        file = file.model_copy(update={"path": str(STDIN)})
    if file.text_column and not file.path:
        raise click.UsageError("--text-column needs a table: give the table with --input")
    return TextReader(texts, file)
