"""The `imdb-gru evaluate` command, which evaluates a run on reviews."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import other_data_options
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import (
    LOCATION,
    check_threshold_alone,
    max_error_option,
    open_run,
    precision_option,
    run_option,
    split_option,
    threshold_option,
)
from imdb_gru.cli._output import Output, output_options
from imdb_gru.cli._tables.evaluation import build_evaluation_tables, print_evaluation

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.models.evaluation import Evaluation, NextWordEvaluation
    from imdb_gru.models.precision import Precision
    from imdb_gru.models.suite_evaluation import SuiteEvaluation


@click.command(cls=Command, short_help="Evaluate a run: accuracy and calibration, or perplexity.")
@run_option
@other_data_options
@split_option
@click.option(
    "--suite",
    type=LOCATION,
    metavar="FILE",
    help="Run behavioural tests instead: a table with the columns text, label and kind, and optionally pair and "
    "direction, or 'bundled' for the tests in the package.",
)
@click.option(
    "--errors",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Show the N most confident errors, or, with --suite, the N worst failures of each kind.",
)
@threshold_option
@max_error_option("Show how many reviews 'predict --max-error' would answer, and how many of the answers are wrong.")
@precision_option
@output_options("metrics, or of the kinds of tests of a suite")
def evaluate(
    run_path: Path | None,
    data: "DataConfig | None",
    split: str | None,
    suite: str | None,
    errors: int,
    threshold: float | None,
    max_error: float | None,
    precision: "Precision",
    output: Output,
) -> None:
    """Evaluate a run on labelled reviews: accuracy, calibration, and accuracy by confidence and by words read.

    If --data is the run's own training data, the reviews that it was trained on are left out; in other data, they are
    only counted. A next-word run needs no labels, and its result is the perplexity. --suite tests what a
    classifier does with negation, contrast, typos, exchanged names and so on.

    \b
    imdb-gru evaluate --errors 3
    imdb-gru evaluate --suite bundled
    """
    from imdb_gru.config import DataConfig
    from imdb_gru.system.escaping import dump_json
    from imdb_gru.tasks.evaluation import evaluate, evaluate_suite

    check_threshold_alone(threshold, max_error)
    if suite is not None:
        for option, value in (("--data", data and data.path), ("--split", split), ("--max-error", max_error)):
            if value is not None:
                raise click.UsageError(f"--suite cannot be used with {option}: leave out one of them")
    output.check()
    run, observer = open_run(run_path), EventPrinter()
    result: Evaluation | NextWordEvaluation | SuiteEvaluation
    if suite is None:
        result = evaluate(
            run,
            data=data,
            split=split,
            errors=errors,
            threshold=threshold,
            max_error=max_error,
            precision=precision,
            observer=observer,
        )
    else:
        file = (data or DataConfig()).model_copy(update={"path": suite})
        result = evaluate_suite(run, file, errors=errors, threshold=threshold, precision=precision, observer=observer)
    output.show(
        build_evaluation_tables(result),
        as_json=lambda: dump_json(result.to_dict()),
        as_text=lambda: print_evaluation(result),
    )
