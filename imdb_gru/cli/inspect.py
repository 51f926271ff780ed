"""imdb-gru inspect: see what a model does with a text, word by word."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli.options import data_options, json_option, open_run, print_table, say
from imdb_gru.cli.splits import load_split
from imdb_gru.cli.texts import TextReader, choose_input, take_notes

if TYPE_CHECKING:
    from imdb_gru.classifier import Classifier
    from imdb_gru.inspection import Inspection

FILE = click.Path(path_type=Path, dir_okay=False)
DISTANCES = (0, 1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 400, 500)
"""Words back from the last at which the way of the gradients is printed."""


@click.command()
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option(
    "--run",
    "run_paths",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The run to use; without it, the newest complete one under runs/. Several with --gradients.",
)
@click.option(
    "--input",
    "input_path",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="One review a line, or a table; - is stdin.",
)
@click.option("--unit", type=click.IntRange(min=0), metavar="K", help="Follow one unit, counted from 0.")
@click.option("--layer", type=click.IntRange(min=1), metavar="L", help="The recurrent layer to show [default: last].")
@click.option("--words", type=click.IntRange(min=1), default=30, metavar="N", help="List the N weightiest words [30].")
@click.option("--steps", type=click.IntRange(min=1), default=32, help="Points of the integrated gradients [32].")
@click.option("--html", type=FILE, metavar="FILE", help="Write a page on which to move over the words.")
@click.option("--plots", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Draw .png and .svg.")
@click.option("--npz", type=FILE, metavar="FILE", help="Write all gates, states and contributions of one text.")
@click.option("--gradients", is_flag=True, help="Follow the gradient back through time, over texts or reviews.")
@click.option("--units", is_flag=True, help="Name the words that drive each unit, over many reviews.")
@click.option("--reviews", type=click.IntRange(min=1), default=100, help="Reviews that --gradients takes [100].")
@data_options
@click.option(
    "--split", type=click.Choice(["train", "validation", "test"]), help="The reviews of --gradients and --units."
)
@json_option
def inspect(**options: Any) -> None:
    """Show, word by word, what moved the belief, what the gates did and how much of it is left at the end.

    \b
    imdb-gru inspect "A slow start, but the ending is superb."
    imdb-gru inspect --units
    imdb-gru inspect --gradients --run runs/gru --run runs/simple_rnn
    """
