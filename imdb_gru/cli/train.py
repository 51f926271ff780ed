"""The `imdb-gru train` command, which trains a classifier."""

from typing import Any

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import number_option
from imdb_gru.cli._tables.training import print_cross_validation
from imdb_gru.cli._training import TrainingOptions, start_training, training_options


@click.command(cls=Command, short_help="Train a classifier on labelled reviews.")
@training_options("default")
@number_option(
    "--folds",
    "First cross-validate: divide the reviews into K folds, and for each fold, train a model on the other folds and "
    "evaluate it on that fold. Then train on all reviews as usual.",
    least=2,
    metavar="K",
)
@number_option(
    "--workers",
    "Train in N processes on a Ray cluster; each receives train.batch_size reviews per batch. Needs the extra 'ray'.",
)
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="The address of the Ray cluster for --workers, such as 10.0.0.1:6379; all of its machines must share the "
    "folder given by --run [default: start Ray on this machine].",
)
def train(options: TrainingOptions, folds: int | None, workers: int | None, address: str | None) -> None:
    """Train a classifier, and save it in a run directory with everything that later commands need.

    \b
    imdb-gru train --data sample --set train.epochs=2
    """
    if address and not workers:
        raise click.UsageError("--address needs --workers: give the number of workers with --workers N")
    if folds and (workers or options.resume or options.dry_run):
        raise click.UsageError("--folds cannot be used with --workers, --resume or --dry-run")
    import imdb_gru

    more = {"cross_validation": _cross_validate(options, folds)} if folds else {}
    place = {}
    if workers:
        from imdb_gru.cluster.training import Workers

        place["place"] = Workers(workers, address)
    start_training(options, imdb_gru.train, imdb_gru.Config, more, **place)


def _cross_validate(options: TrainingOptions, folds: int) -> dict[str, Any]:
    """Cross-validate and return the metrics; print them unless they will be part of the final JSON."""
    import imdb_gru
    from imdb_gru.runs.catalogue import check_free

    if options.run_path:
        check_free(options.run_path, overwrite=options.overwrite)
    result = imdb_gru.cross_validate(
        options.config, data=options.data, folds=folds, overrides=options.overrides, observer=EventPrinter()
    )
    if not options.as_json:
        print_cross_validation(result)
    return result.to_dict()
