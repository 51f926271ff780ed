"""The `imdb-gru sweep` command, which searches for a better config with Ray Tune."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import data_options
from imdb_gru.cli._messages import say
from imdb_gru.cli._options import FOLDER_PATH, LOCATION, PATH, Number, number_option, plots_option, set_option
from imdb_gru.cli._output import Output, output_options
from imdb_gru.cli._tables.sweep import SweepPrinter, build_sweep_tables, dump_sweep, print_sweep, show_sweep_plan

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig

FOLDER = Path("runs/sweep")


@click.command(cls=Command, short_help="Search for a better config with Ray Tune.")
@click.argument("sweep_path", required=False, type=LOCATION, metavar="[SWEEP]")
@set_option("Set a key of the sweep's base config, such as train.epochs=3.")
@data_options
@number_option("--trials", "The number of trials [default: the number in SWEEP].")
@click.option(
    "--minutes",
    type=Number(min=0, min_open=True),
    metavar="N",
    help="End the search after N minutes; the finalists are trained afterwards [default: the limit in SWEEP].",
)
@click.option(
    "--into", type=PATH, metavar="DIR", help=f"The folder for the trained models and the results [default: {FOLDER}]."
)
@click.option("--resume", type=FOLDER_PATH, metavar="DIR", help="Resume the stopped sweep in this folder.")
@click.option("--overwrite", is_flag=True, help="Replace the sweep in the folder given by --into.")
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="The address of a Ray cluster whose machines share the sweep's folder [default: start Ray on this machine].",
)
@plots_option("Save the charts")
@click.option("--dry-run", is_flag=True, help="Show what the sweep would do, without training.")
@output_options("finalists")
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
    output: Output,
) -> None:
    """Search for the config that performs best on the validation reviews. The sweep never reads test reviews.

    SWEEP is a YAML file that names the keys to vary, or 'sweep' for the file that comes with the package.

    \b
    imdb-gru sweep sweep --data sample --trials 4
    """
    _check_options(resume, sweep_path, overrides, data, into, overwrite, dry_run)
    from imdb_gru.report.charts import check_charts
    from imdb_gru.sweep import search

    output.check()
    if plots:
        check_charts(plots)
    budget = {key: value for key, value in (("trials", trials), ("minutes", minutes)) if value is not None}
    chosen: dict[str, Any] = {"data": data, "overrides": overrides, "budget": budget}
    place: dict[str, Any] = {"address": address, "observer": SweepPrinter()}
    folder = into or FOLDER
    if dry_run:
        show_sweep_plan(search.plan_sweep(str(sweep_path), **chosen), folder, as_json=output.as_json)
        return
    if resume:
        figures = search.resume_sweep(resume, budget=budget, **place)
    else:
        figures = search.sweep(str(sweep_path), **chosen, folder=folder, overwrite=overwrite, **place)
    if plots:
        _draw(figures, plots)
    output.show(build_sweep_tables(figures), as_json=lambda: dump_sweep(figures), as_text=lambda: print_sweep(figures))


def _check_options(resume: Path | None, sweep_path: str | None, *others: object) -> None:
    """Raise `click.UsageError` for options that cannot be combined with --resume, or if no sweep is given."""
    if resume and (sweep_path or any(others)):
        raise click.UsageError(
            "--resume uses the sweep's own file: it can be combined only with --trials, --minutes, --address, --plots, "
            "--table, --tables or --json"
        )
    if not resume and not sweep_path:
        raise click.UsageError(
            "no sweep was given: give one, as in 'imdb-gru sweep sweep', or resume one with --resume DIR"
        )


def _draw(figures: dict[str, Any], folder: Path) -> None:
    from imdb_gru.report.charts import save_charts
    from imdb_gru.report.sweep import build_sweep_charts

    save_charts(build_sweep_charts(figures), folder, figures["sweep"])
    say(f"saved the charts in {folder}")
