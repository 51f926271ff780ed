"""imdb-gru evaluate: evaluate a run on reviews."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._options import (
    Command,
    json_option,
    open_run,
    other_data_options,
    print_table,
    run_option,
    split_option,
)
from imdb_gru.cli._training import Narrator

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.models.evaluation import Evaluation, NextWordEvaluation
    from imdb_gru.models.metrics import LengthScores

SNIPPET = 300
"""Number of characters shown of a misclassified review."""


@click.command(cls=Command)
@run_option
@other_data_options
@split_option
@click.option("--errors", type=click.IntRange(min=0), default=0, metavar="N", help="Show the N most confident errors.")
@json_option
def evaluate(run_path: Path | None, data: "DataConfig | None", split: str | None, errors: int, as_json: bool) -> None:
    """Evaluate a run on labelled reviews: accuracy, calibration, and accuracy by number of words read.

    A next-word run is evaluated on any reviews: perplexity.

    \b
    imdb-gru evaluate --errors 3
    """
    from imdb_gru.models.evaluation import Evaluation
    from imdb_gru.system.escaping import dump_json
    from imdb_gru.tasks.evaluation import evaluate

    evaluation = evaluate(open_run(run_path), data=data, split=split, errors=errors, observer=Narrator())
    if as_json:
        click.echo(dump_json(evaluation.to_dict()))
    elif isinstance(evaluation, Evaluation):
        _print_figures(evaluation)
    else:
        _print_words(evaluation)


def _print_words(figures: "NextWordEvaluation") -> None:
    print_table(
        [
            ("run", figures.run),
            ("split", f"{figures.split}, {figures.n} reviews, {figures.words:,} words with the ends of reviews"),
            ("perplexity", f"{figures.perplexity:.2f}"),
            ("loss", f"{figures.loss:.4f}"),
        ]
    )


def _print_figures(evaluation: "Evaluation") -> None:
    from imdb_gru.system.escaping import neutralise

    scores = evaluation
    low, high = scores.accuracy_interval
    (tn, fp), (fn, tp) = scores.confusion_matrix
    shares = [(name, getattr(scores, name)) for name in ("precision", "recall", "f1", "roc_auc", "log_loss", "ece")]
    print_table(
        [
            ("run", evaluation.run),
            ("split", f"{evaluation.split}, {scores.n} reviews"),
            ("accuracy", f"{scores.accuracy:.2%}  (95 % interval {low:.2%} to {high:.2%})"),
            *((name.replace("_", " "), "-" if value is None else f"{value:.4f}") for name, value in shares),
            ("true negatives", f"{tn}  (false positives {fp})"),
            ("true positives", f"{tp}  (false negatives {fn})"),
        ]
    )
    if evaluation.accuracy_by_timestep:
        click.echo()
        rows = [(str(row.timestep), f"{row.accuracy:.2%}", f"{row.ece:.4f}") for row in evaluation.accuracy_by_timestep]
        print_table(rows, ("words read", "accuracy", "ece"))
    click.echo()
    print_table(
        [(_name_range(row), str(row.n), f"{row.accuracy:.2%}") for row in evaluation.accuracy_by_length],
        ("words in review", "reviews", "accuracy"),
    )
    for error in evaluation.errors or ():
        text = neutralise(error.text)
        snippet = text if len(text) <= SNIPPET else f"{text[: SNIPPET // 2]} … {text[-SNIPPET // 2 :]}"
        click.echo(f"\n{error.label}, predicted {error.probability:.4f} positive:\n{snippet}")


def _name_range(row: "LengthScores") -> str:
    return f"over {row.shortest - 1}" if row.longest is None else f"{row.shortest} to {row.longest}"
