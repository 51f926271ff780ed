"""The `imdb-gru inspect units` command, which lists the words that change each unit."""

from pathlib import Path

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._messages import say
from imdb_gru.cli._options import json_option, number_option, open_run, run_option
from imdb_gru.cli._reviews import ReviewChoice, review_options

MIN_COUNT = 20
"""Words that occur fewer times than this are not listed, because their mean effect on a unit is unreliable."""


@click.command(cls=Command, short_help="List the words that change each unit most.")
@review_options
@run_option
@number_option("--words", "List the N words that raise each unit most, and the N that lower it most.", default=5)
@json_option
def units(chosen: ReviewChoice, run_path: Path | None, words: int, as_json: bool) -> None:
    """For each unit of the last layer, list the words that raise or lower its state most, on average over reviews.

    If neither TEXT nor --input is given, the reviews come from a split of --data or, by default, of the run's own data.

    \b
    imdb-gru inspect units --words 3
    """
    from imdb_gru.cli._tables.inspection import print_units
    from imdb_gru.inspection.units import find_drivers
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.system.escaping import dump_json

    run = open_run(run_path)
    classifier = Classifier.load(run)
    driven = find_drivers(classifier, chosen.load(run), words=words, min_count=MIN_COUNT)
    if not any(unit.raised_by or unit.lowered_by for unit in driven):
        say(f"no word occurs at least {MIN_COUNT} times: use more reviews")
    if as_json:
        click.echo(dump_json([unit._asdict() for unit in driven]))
    else:
        print_units(driven)
