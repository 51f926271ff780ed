"""The `imdb-gru evaluate` command, which evaluates a run on reviews."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import other_data_options
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import (
    check_threshold_alone,
    json_option,
    max_error_option,
    open_run,
    precision_option,
    run_option,
    split_option,
    threshold_option,
)
from imdb_gru.cli._tables.evaluation import print_evaluation

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.models.classifier import Precision


@click.command(cls=Command, short_help="Evaluate a run: accuracy and calibration, or perplexity.")
@run_option
@other_data_options
@split_option
@click.option("--errors", type=click.IntRange(min=0), default=0, metavar="N", help="Show the N most confident errors.")
@threshold_option
@max_error_option("Show how many reviews 'predict --max-error' would answer, and how many of the answers are wrong.")
@precision_option
@json_option
def evaluate(
    run_path: Path | None,
    data: "DataConfig | None",
    split: str | None,
    errors: int,
    threshold: float | None,
    max_error: float | None,
    precision: "Precision",
    as_json: bool,
) -> None:
    """Evaluate a run on labelled reviews: accuracy, calibration, and accuracy by confidence and by words read.

    If --data is the run's own training data, the reviews that it was trained on are left out; in other data, they are
    only counted. A next-word run needs no labels, and its result is the perplexity.

    \b
    imdb-gru evaluate --errors 3
    """
    from imdb_gru.system.escaping import dump_json
    from imdb_gru.tasks.evaluation import evaluate

    check_threshold_alone(threshold, max_error)
    evaluation = evaluate(
        open_run(run_path),
        data=data,
        split=split,
        errors=errors,
        threshold=threshold,
        max_error=max_error,
        precision=precision,
        observer=EventPrinter(),
    )
    if as_json:
        click.echo(dump_json(evaluation.to_dict()))
    else:
        print_evaluation(evaluation)
