"""imdb-gru pretrain: train a next-word model into a run directory."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._options import Command
from imdb_gru.cli._training import Narrator, check_training_options, show_plan, show_run, training_options

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig


@click.command(cls=Command)
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
    """Train a next-word model, which needs no labels, and write it into a run directory.

    It learns from all reviews but those of a test split; 'imdb-gru next' applies it to texts.

    \b
    imdb-gru pretrain --data sample --set train.epochs=1
    """
    check_training_options(resume, run_path, overwrite, config_path, overrides, dry_run)
    import imdb_gru

    narrator = Narrator()
    chosen: dict[str, Any] = {"data": data, "observer": narrator}
    if dry_run:
        show_plan(
            imdb_gru.plan(config_path or "pretrain", overrides=overrides, kind=imdb_gru.NextWordConfig, **chosen),
            as_json=as_json,
        )
        return
    if resume:
        run = imdb_gru.resume(resume, **chosen)
    else:
        run = imdb_gru.pretrain(
            config_path or "pretrain", run=run_path, overrides=overrides, overwrite=overwrite, **chosen
        )
    show_run(run, narrator, as_json=as_json)
