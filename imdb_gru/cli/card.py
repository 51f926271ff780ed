"""The `imdb-gru card` command, which writes a model card about a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import other_data_options
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import PATH, open_run, run_options, split_option

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig


@click.command(cls=Command, short_help="Write a model card about a run, as Markdown.")
@run_options
@other_data_options
@split_option
@click.option("--output", type=PATH, metavar="FILE", help="The file to write the card to [default: stdout].")
def card(run_path: Path | None, data: "DataConfig | None", split: str | None, output: Path | None) -> None:
    """Write a model card about a run: how it was trained, how good it is, and what it gets wrong.

    For a classifier, the card contains the results of 'evaluate' and of the behavioural tests in the package. The card
    is Markdown, so it can be used as the README of a repository that contains the run.

    \b
    imdb-gru card --output CARD.md
    """
    run = open_run(run_path)
    from imdb_gru.report.card import build_card, render_card, write_card
    from imdb_gru.system.escaping import neutralise

    if output is None:
        built = build_card(run, data=data, split=split, observer=EventPrinter())
        click.echo(render_card(built), nl=False)
    else:
        path = write_card(run, output=output, data=data, split=split, observer=EventPrinter())
        click.echo(neutralise(str(path)))
