"""The `imdb-gru evaluate` command, which evaluates a run on reviews."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import other_data_options
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import (
    LOCATION,
    Integer,
    check_threshold_alone,
    max_error_option,
    number_option,
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
    from imdb_gru.models.exchange_evaluation import ExchangeEvaluation
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
    help="Run behavioural tests instead. FILE is a table with the columns 'text', 'label' and 'kind' (and optionally "
    "'pair' and 'direction'), a table of contrast pairs with the columns 'text', 'label' and 'pair', or 'bundled' for "
    "the tests in the package.",
)
@number_option(
    "--exchanges",
    "Measure the accuracy when up to K words of each review are replaced with near neighbours in the embedding, chosen "
    "to mislead the model.",
    metavar="K",
)
@number_option(
    "--neighbours", "With --exchanges, choose each replacement from the N nearest neighbours of the word [default: 8]."
)
@number_option("--reviews", "With --exchanges, use N randomly chosen reviews from the split [default: 100].")
@click.option(
    "--errors",
    type=Integer(min=0),
    default=0,
    metavar="N",
    help="Show the N most confident errors; with --suite, the N worst failures of each kind; with --exchanges, N "
    "reviews that are misclassified only after words are replaced.",
)
@threshold_option
@max_error_option(
    "Show how many reviews 'predict --max-error' would label positive or negative rather than unsure, and how many of "
    "these labels would be wrong."
)
@precision_option
@output_options(
    "metrics (with --suite, of results by kind of test; with --exchanges, of accuracy by number of exchanges)"
)
def evaluate(
    run_path: Path | None,
    data: "DataConfig | None",
    split: str | None,
    suite: str | None,
    exchanges: int | None,
    neighbours: int | None,
    reviews: int | None,
    errors: int,
    threshold: float | None,
    max_error: float | None,
    precision: "Precision",
    output: Output,
) -> None:
    """Evaluate a run on labelled reviews: accuracy, calibration, and accuracy by confidence and number of words read.

    If --data is the data that the run was trained on, the training reviews are left out. If any other data contains
    reviews that the run was trained on, they are counted, but not left out. A next-word run needs no labels, and its
    result is the perplexity. --suite tests how a classifier handles negation, contrast, typos, changed names and so on.
    --exchanges tests whether a classifier's predictions remain correct when words are replaced with similar words.

    \b
    imdb-gru evaluate --errors 3
    imdb-gru evaluate --suite bundled
    imdb-gru evaluate --data sample --exchanges 3 --reviews 20
    """
    from imdb_gru.config import DataConfig
    from imdb_gru.system.escaping import dump_json
    from imdb_gru.tasks.evaluation import EXCHANGED_REVIEWS, NEIGHBOURS, evaluate, evaluate_exchanges, evaluate_suite

    check_threshold_alone(threshold, max_error)
    if suite is not None:
        _refuse("--suite", {"--data": data and data.path, "--split": split, "--exchanges": exchanges})
    if exchanges is None:
        for option, value in (("--neighbours", neighbours), ("--reviews", reviews)):
            if value is not None:
                raise click.UsageError(
                    f"{option} needs --exchanges: use --exchanges K to say how many words to replace"
                )
    if suite is not None or exchanges is not None:
        _refuse("--exchanges" if suite is None else "--suite", {"--max-error": max_error})
    output.check()
    run, observer = open_run(run_path), EventPrinter()
    result: Evaluation | NextWordEvaluation | SuiteEvaluation | ExchangeEvaluation
    if exchanges is not None:
        result = evaluate_exchanges(
            run,
            exchanges=exchanges,
            neighbours=neighbours or NEIGHBOURS,
            reviews=reviews or EXCHANGED_REVIEWS,
            data=data,
            split=split,
            errors=errors,
            threshold=threshold,
            precision=precision,
            observer=observer,
        )
    elif suite is None:
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


def _refuse(option: str, others: Mapping[str, object]) -> None:
    """Raise `UsageError` if any option in `others` has a value, because it cannot be combined with `option`."""
    for other, value in others.items():
        if value is not None:
            raise click.UsageError(f"{option} cannot be used with {other}: leave out one of them")
