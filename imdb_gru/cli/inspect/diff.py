"""The `imdb-gru inspect diff` command, which compares two texts."""

from pathlib import Path

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import json_option, open_run, run_option
from imdb_gru.cli._texts import open_reader


@click.command(cls=Command, short_help="Compare two texts word by word, side by side.")
@click.argument("text", metavar="TEXT")
@click.argument("other", metavar="OTHER")
@run_option
@json_option
def diff(text: str, other: str, run_path: Path | None, as_json: bool) -> None:
    """Compare TEXT with OTHER word by word: show which words differ, and how they change the probability.

    \b
    imdb-gru inspect diff "A slow start." "A superb start."
    """
    reader = open_reader((text, other), None, "inspect diff")
    from imdb_gru.cli._tables.diff import show_diff
    from imdb_gru.models.bulk import count_seen
    from imdb_gru.models.classifier import Classifier

    classifier = Classifier.load(open_run(run_path))
    compared = classifier.inspect_diff(*reader)
    show_diff(compared, as_json=as_json)
    list(count_seen((compared.inspection, compared.other), classifier.text, reader, EventPrinter()))
