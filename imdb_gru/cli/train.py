"""imdb-gru train: train a classifier into a run directory."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._options import Command
from imdb_gru.cli._training import Narrator, check_training_options, show_plan, show_run, training_options

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig


@click.command(cls=Command)
@training_options("default")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Train on N processes of a Ray cluster, with train.batch_size reviews each at a time; needs the extra 'ray'.",
)
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="The Ray cluster, such as 10.0.0.1:6379; all its machines must see --run. Without it, this machine.",
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
    """Train a model, and write it with all that later commands need into a run directory.

    \b
    imdb-gru train --data sample --set train.epochs=2
    """
    check_training_options(resume, run_path, overwrite, config_path, overrides, dry_run)
    if address and not workers:
        raise click.UsageError("--address names the cluster that --workers run on: say how many")
    import imdb_gru

    narrator = Narrator()
    chosen: dict[str, Any] = {"data": data, "observer": narrator}
    if workers:
        from imdb_gru.cluster.training import Workers

        chosen["place"] = Workers(workers, address)
    if dry_run:
        show_plan(imdb_gru.plan(config_path or "default", overrides=overrides, **chosen), as_json=as_json)
        return
    if resume:
        run = imdb_gru.resume(resume, **chosen)
    else:
        run = imdb_gru.train(config_path or "default", run=run_path, overrides=overrides, overwrite=overwrite, **chosen)
    show_run(run, narrator, as_json=as_json)
