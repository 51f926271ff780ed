"""The command imdb-gru train, which trains a classifier."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._training import check_training_options, show_plan, show_run, training_options

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig


@click.command(cls=Command, short_help="Train a classifier of reviews.")
@training_options("default")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Train in N processes on a Ray cluster; each gets batches of train.batch_size reviews. Needs the extra 'ray'.",
)
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="The address of the Ray cluster for --workers, such as 10.0.0.1:6379; all its machines must share the "
    "folder --run [default: start Ray on this machine].",
)
def train(
    config_path: str | None,
    overrides: dict[str, Any],
    data: "DataConfig | None",
    run_path: Path | None,
    resume: Path | None,
    overwrite: bool,
    dry_run: bool,
    workers: int | None,
    address: str | None,
    as_json: bool,
) -> None:
    """Train a classifier, and save it in a run directory with everything that later commands need.

    \b
    imdb-gru train --data sample --set train.epochs=2
    """
    check_training_options(resume, run_path, overwrite, config_path, overrides, dry_run)
    if address and not workers:
        raise click.UsageError("--address needs --workers: give the number of workers with --workers N")
    import imdb_gru

    printer = EventPrinter()
    chosen: dict[str, Any] = {"data": data, "observer": printer}
    if workers:
        from imdb_gru.cluster.training import Workers

        chosen["place"] = Workers(workers, address)
    if dry_run:
        show_plan(config_path or "default", as_json=as_json, overrides=overrides, **chosen)
        return
    if resume:
        run = imdb_gru.resume(resume, **chosen)
    else:
        run = imdb_gru.train(config_path or "default", run=run_path, overrides=overrides, overwrite=overwrite, **chosen)
    show_run(run, printer, as_json=as_json)
