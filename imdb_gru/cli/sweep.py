"""imdb-gru sweep: search for a better config with Ray Tune."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._options import FOLDER_PATH, LOCATION, PATH, Command, data_options, json_option, say, set_option
from imdb_gru.cli._sweep_table import SweepNarrator, show_sweep, show_sweep_plan

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig

FOLDER = Path("runs/sweep")


@click.command(cls=Command)
@click.argument("sweep_path", required=False, type=LOCATION, metavar="[SWEEP]")
@set_option("Set a key of the sweep's base, such as train.epochs=3.")
@data_options
@click.option("--trials", type=click.IntRange(min=1), metavar="N", help="Trials in all, instead of the file's.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="End the search after so many, instead of the file's; finalists come on top.",
)
@click.option("--into", type=PATH, metavar="DIR", help=f"Where to train and to write results [default: {FOLDER}].")
@click.option("--resume", type=FOLDER_PATH, metavar="DIR", help="Resume a sweep that was stopped.")
@click.option("--overwrite", is_flag=True, help="Replace the sweep at --into.")
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="A Ray cluster whose nodes share the folder; without it, this machine's cores.",
)
@click.option("--plots", type=PATH, metavar="DIR", help="Draw pictures into a folder, as .png and .svg.")
@click.option("--dry-run", is_flag=True, help="Check and show what would be searched; train nothing.")
@json_option
def sweep(
    sweep_path: str | None,
    overrides: dict[str, Any],
    data: "DataConfig | None",
    trials: int | None,
    minutes: float | None,
    into: Path | None,
    resume: Path | None,
    overwrite: bool,
    address: str | None,
    plots: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Search the configs that SWEEP spans for the one that is best on validation reviews; no test review is read.

    SWEEP is a YAML file, or the name of a sweep in the package, which has one named sweep.

    \b
    imdb-gru sweep sweep --data sample --trials 4
    """
    if resume and (sweep_path or overrides or data or into or overwrite or dry_run):
        raise click.UsageError("--resume continues with the sweep's own file: use it with a budget and outputs only")
    if not resume and not sweep_path:
        raise click.UsageError("give a sweep, such as 'imdb-gru sweep sweep', or one to resume with --resume")
    from imdb_gru.report.charts import check_charts
    from imdb_gru.sweep import search

    if plots:
        check_charts(plots)
    budget = {key: value for key, value in (("trials", trials), ("minutes", minutes)) if value is not None}
    chosen: dict[str, Any] = {"data": data, "overrides": overrides, "budget": budget}
    place: dict[str, Any] = {"address": address, "observer": SweepNarrator()}
    folder = into or FOLDER
    if dry_run:
        show_sweep_plan(search.plan_sweep(sweep_path or "sweep", **chosen), folder, as_json=as_json)
        return
    if resume:
        figures = search.resume_sweep(resume, budget=budget, **place)
    else:
        figures = search.sweep(sweep_path or "sweep", **chosen, folder=folder, overwrite=overwrite, **place)
    if plots:
        _draw(figures, plots)
    if as_json:
        click.echo(json.dumps(figures))
    else:
        show_sweep(figures)


def _draw(figures: dict[str, Any], folder: Path) -> None:
    from imdb_gru.report.charts import save_charts
    from imdb_gru.report.sweep import build_sweep_charts

    save_charts(build_sweep_charts(figures), folder)
    say(f"pictures in {folder}")
