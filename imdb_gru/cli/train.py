"""The `imdb-gru train` command, which trains a classifier."""

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._options import number_option
from imdb_gru.cli._training import TrainingOptions, start_training, training_options


@click.command(cls=Command, short_help="Train a classifier on labelled reviews.")
@training_options("default")
@number_option(
    "--workers",
    "Train in N processes on a Ray cluster; each gets train.batch_size reviews per batch. Needs the extra 'ray'.",
)
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="The address of the Ray cluster for --workers, such as 10.0.0.1:6379; all of its machines must share the "
    "folder given by --run [default: start Ray on this machine].",
)
def train(options: TrainingOptions, workers: int | None, address: str | None) -> None:
    """Train a classifier, and save it in a run directory with everything that later commands need.

    \b
    imdb-gru train --data sample --set train.epochs=2
    """
    if address and not workers:
        raise click.UsageError("--address needs --workers: give the number of workers with --workers N")
    import imdb_gru

    place = {}
    if workers:
        from imdb_gru.cluster.training import Workers

        place["place"] = Workers(workers, address)
    start_training(options, imdb_gru.train, imdb_gru.Config, **place)
