"""The command imdb-gru pretrain, which trains a next-word model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._training import check_training_options, show_plan, show_run, training_options

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig


@click.command(cls=Command, short_help="Train a next-word model, which needs no labels.")
@training_options("pretrain")
def pretrain(
    config_path: str | None,
    overrides: dict[str, Any],
    data: "DataConfig | None",
    run_path: Path | None,
    resume: Path | None,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Train a next-word model, which needs no labels, and save it in a run directory.

    The model is trained on all reviews except a test split. 'imdb-gru next' uses it to predict words.

    \b
    imdb-gru pretrain --data sample --set train.epochs=1
    """
    check_training_options(resume, run_path, overwrite, config_path, overrides, dry_run)
    import imdb_gru

    printer = EventPrinter()
    chosen: dict[str, Any] = {"data": data, "observer": printer}
    if dry_run:
        kind = imdb_gru.NextWordConfig
        show_plan(config_path or "pretrain", as_json=as_json, overrides=overrides, kind=kind, **chosen)
        return
    if resume:
        run = imdb_gru.resume(resume, **chosen)
    else:
        run = imdb_gru.pretrain(
            config_path or "pretrain", run=run_path, overrides=overrides, overwrite=overwrite, **chosen
        )
    show_run(run, printer, as_json=as_json)
