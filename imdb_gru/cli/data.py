"""The `imdb-gru data` command, which checks reviews before training."""

from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import Group
from imdb_gru.cli._data_options import data_argument
from imdb_gru.cli._messages import say
from imdb_gru.cli._options import json_option
from imdb_gru.cli._tables.data import print_check

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig


@click.group(cls=Group, short_help="Check reviews before training on them.")
def data() -> None:
    """Check reviews before training on them.

    \b
    imdb-gru data check reviews.csv
    """


@data.command(short_help="Count reviews, and find repeated, leaked or damaged ones.")
@data_argument
@click.option(
    "--no-labels", is_flag=True, help="Check only the texts, as for 'pretrain'; a table then needs no labels."
)
@click.option("--strict", is_flag=True, help="Exit with code 1 if any problem is found.")
@json_option
def check(data: "DataConfig | None", no_labels: bool, strict: bool, as_json: bool) -> None:
    """Count the reviews at PATH, and find those that are repeated, damaged, or in more than one split.

    PATH can be anything that --data accepts. The default is $IMDB_GRU_DATA. If that is not set, the IMDB reviews are
    used, which are downloaded once.

    \b
    imdb-gru data check sample
    """
    from imdb_gru.checking import check_source
    from imdb_gru.sources import open_source
    from imdb_gru.sources.review import list_notes
    from imdb_gru.system.escaping import dump_json

    source = open_source(data, require_labels=not no_labels)
    say(f"reading {source.name}")
    figures = check_source(source)
    for note in list_notes(source):
        say(note)
    if as_json:
        click.echo(dump_json(figures))
    else:
        print_check(figures)
    if strict and figures["findings"]:
        raise click.exceptions.Exit(1)
