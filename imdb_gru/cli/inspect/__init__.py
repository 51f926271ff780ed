"""The `imdb-gru inspect` commands, which explain a model's predictions, units and gradients."""

import click

from imdb_gru.cli._commands import DefaultGroup
from imdb_gru.cli.inspect.diff import diff
from imdb_gru.cli.inspect.gradients import gradients
from imdb_gru.cli.inspect.score import score
from imdb_gru.cli.inspect.step import step
from imdb_gru.cli.inspect.text import inspect_texts
from imdb_gru.cli.inspect.units import units


@click.group(cls=DefaultGroup, default="text", short_help="Explain a model's predictions, units and gradients.")
def inspect() -> None:
    """Explain a model: how each word of TEXT changes the probability, what the gates do, and what the model remembers.

    If TEXT is just the name of a command, such as 'units' or 'step', put -- before it.

    \b
    imdb-gru inspect "A slow start, but the ending is superb."
    imdb-gru inspect -- units
    imdb-gru inspect units
    imdb-gru inspect step "A slow start, but the ending is superb." --word 9 --unit 7
    imdb-gru inspect diff "A slow start." "A superb start."
    imdb-gru inspect gradients --run runs/gru --run runs/simple_rnn
    imdb-gru inspect score "A slow start, but the ending is superb."
    """


for command in (inspect_texts, step, diff, units, gradients, score):
    inspect.add_command(command)
