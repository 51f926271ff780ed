"""The `imdb-gru report` command, which writes an HTML page about a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import other_data_options
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import PATH, number_option, open_run, plots_option, run_options, split_option

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig


@click.command(cls=Command, short_help="Write a page about a run: metrics, charts and reviews.")
@run_options
@other_data_options
@split_option
@click.option(
    "--output",
    type=PATH,
    metavar="FILE",
    help="The HTML file to write [default: a file in the current folder, named after the run].",
)
@plots_option("Also save every chart")
@number_option("--examples", "The number of reviews that the page shows word by word.", least=0, default=16)
def report(
    run_path: Path | None,
    data: "DataConfig | None",
    split: str | None,
    output: Path | None,
    plots: Path | None,
    examples: int,
) -> None:
    """Write an HTML page about a run: metrics, charts, errors, and some reviews word by word.

    The page opens in any browser and needs no network connection.

    \b
    imdb-gru report --output report.html
    """
    run = open_run(run_path)
    from imdb_gru.report.page import write_report
    from imdb_gru.system.escaping import neutralise

    page = write_report(
        run,
        output=output or f"{Path(str(run)).resolve().name}.html",
        data=data,
        split=split,
        examples=examples,
        plots=plots,
        observer=EventPrinter(),
    )
    click.echo(neutralise(str(page)))
