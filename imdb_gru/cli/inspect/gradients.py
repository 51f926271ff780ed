"""The `imdb-gru inspect gradients` command, which measures how far gradients reach."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._messages import say
from imdb_gru.cli._options import FOLDER_PATH, PATH, RUN_HELP, json_option, open_run, plots_option
from imdb_gru.cli._reviews import ReviewChoice, review_options

if TYPE_CHECKING:
    from imdb_gru.inspection.gradients import GradientCurve


GRADIENT_REVIEWS = 100
"""Default number of reviews to take from a split."""


@click.command(cls=Command, short_help="Measure how far gradients reach back in time.")
@review_options
@click.option(
    "--run",
    "run_paths",
    multiple=True,
    type=PATH,
    metavar="DIR",
    help=f"{RUN_HELP} Repeat this option to compare runs.",
)
@plots_option("Save charts of the curves", path_type=FOLDER_PATH)
@json_option
def gradients(chosen: ReviewChoice, run_paths: tuple[Path, ...], plots: Path | None, as_json: bool) -> None:
    """Measure how much of the gradient remains at each distance from the last word, as a median over reviews.

    If neither TEXT nor --input is given, the reviews come from a split of --data or, by default, of the run's own data.

    \b
    imdb-gru inspect gradients --run runs/gru --run runs/simple_rnn
    """
    if plots:
        from imdb_gru.report.charts import check_charts

        check_charts(plots)
    from imdb_gru.cli._tables.inspection import print_curves
    from imdb_gru.inspection.gradients import measure_curve
    from imdb_gru.models.classifier import Classifier

    runs = [open_run(path) for path in run_paths] or [open_run(None)]
    texts = chosen.load(runs[0], GRADIENT_REVIEWS)
    if not texts:
        raise click.UsageError("the input contains no reviews: give texts, --input or --data")
    curves = {str(run): measure_curve(Classifier.load(run), texts) for run in runs}
    if plots:
        _draw_curves(curves, plots)
    if as_json:
        click.echo(json.dumps({run: curve.to_dict() for run, curve in curves.items()}))
    else:
        print_curves(curves)


def _draw_curves(curves: Mapping[str, "GradientCurve"], folder: Path) -> None:
    from imdb_gru.report.charts import save_charts
    from imdb_gru.report.inspections import build_gradient_charts

    save_charts(build_gradient_charts(curves), folder, ", ".join(curves))
    say(f"saved the charts in {folder}")
