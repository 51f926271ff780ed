"""Tables for an evaluation."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._tables.exchanges import build_exchange_tables, print_changed
from imdb_gru.cli._tables.suite import build_suite_tables, print_failures
from imdb_gru.cli._tables.table import Table

if TYPE_CHECKING:
    from imdb_gru.models.evaluation import Evaluation, NextWordEvaluation
    from imdb_gru.models.exchange_evaluation import ExchangeEvaluation
    from imdb_gru.models.metrics import AnswerScores
    from imdb_gru.models.suite_evaluation import SuiteEvaluation

    AnyEvaluation = Evaluation | NextWordEvaluation | SuiteEvaluation | ExchangeEvaluation

SNIPPET = 300
"""Maximum length (in characters) of an excerpt from a misclassified review."""


def print_evaluation(figures: "AnyEvaluation") -> None:
    """Print the metrics of a classifier or next-word model, or the results of behavioural tests or word exchanges."""
    from imdb_gru.models.evaluation import Evaluation
    from imdb_gru.models.exchange_evaluation import ExchangeEvaluation
    from imdb_gru.models.suite_evaluation import SuiteEvaluation

    tables = build_evaluation_tables(figures)
    if isinstance(figures, SuiteEvaluation | ExchangeEvaluation):
        tables = tables[::-1]  # the description of the test is printed above the results
    for number, table in enumerate(tables):
        if number:
            click.echo()
        table.print()
    if isinstance(figures, Evaluation):
        _print_answers_and_errors(figures)
    elif isinstance(figures, SuiteEvaluation):
        print_failures(figures)
    elif isinstance(figures, ExchangeEvaluation):
        print_changed(figures)


def build_evaluation_tables(figures: "AnyEvaluation") -> list[Table]:
    """Build the tables of an evaluation; the first table contains the main results."""
    from imdb_gru.models.evaluation import Evaluation
    from imdb_gru.models.exchange_evaluation import ExchangeEvaluation
    from imdb_gru.models.suite_evaluation import SuiteEvaluation

    if isinstance(figures, Evaluation):
        return _build_classifier_tables(figures)
    if isinstance(figures, ExchangeEvaluation):
        return build_exchange_tables(figures)
    return build_suite_tables(figures) if isinstance(figures, SuiteEvaluation) else [_build_next_word_table(figures)]


def _build_next_word_table(figures: "NextWordEvaluation") -> Table:
    rows = [
        ("run", figures.run),
        ("split", f"{figures.split}, {figures.n} reviews, {figures.words:,} words including review ends"),
        *_describe_direction(figures),
        ("perplexity", f"{figures.perplexity:.2f}"),
        ("loss", f"{figures.loss:.4f}"),
    ]
    return Table("metrics", rows, None, figures.list_records())


def _build_classifier_tables(scores: "Evaluation") -> list[Table]:
    from imdb_gru.text.direction import name_words_read

    low, high = scores.accuracy_interval
    (tn, fp), (fn, tp) = scores.confusion_matrix
    shares = [(name, getattr(scores, name)) for name in ("precision", "recall", "f1", "roc_auc", "log_loss", "ece")]
    chosen = [] if scores.threshold == 0.5 else [("threshold", f"{scores.threshold:g}")]
    if scores.best_threshold is not None:
        chosen.append(("best threshold", f"{scores.best_threshold:.3f}  (highest balanced accuracy)"))
    balanced = "-" if scores.balanced_accuracy is None else f"{scores.balanced_accuracy:.2%}"
    metrics = [
        ("run", scores.run),
        ("split", f"{scores.split}, {scores.n} reviews"),
        *_describe_direction(scores),
        ("accuracy", f"{scores.accuracy:.2%}  (95 % interval {low:.2%} to {high:.2%})"),
        ("majority class", f"{scores.majority_accuracy:.2%}  (always the more frequent label)"),
        ("balanced accuracy", balanced),
        *chosen,
        *((name.replace("_", " "), "-" if value is None else f"{value:.4f}") for name, value in shares),
        ("true negatives", f"{tn}  (false positives {fp})"),
        ("true positives", f"{tp}  (false negatives {fn})"),
    ]
    tables = [Table("metrics", metrics, None, scores.list_records())]
    if curve := scores.accuracy_by_timestep:
        rows = [(str(row.timestep), f"{row.accuracy:.2%}", f"{row.ece:.4f}") for row in curve]
        columns = (name_words_read(scores.direction), "accuracy", "ece")
        tables.append(Table("accuracy_by_timestep", rows, columns, list(map(asdict, curve))))
    lengths = [(row.words, str(row.n), f"{row.accuracy:.2%}") for row in scores.accuracy_by_length]
    confident = [
        (f"{row.share:.0%}", str(row.n), f"{row.accuracy:.2%}", f"{row.confidence:.4f}") for row in scores.coverage
    ]
    return [
        *tables,
        Table(
            "accuracy_by_length",
            lengths,
            ("words in review", "reviews", "accuracy"),
            [row.to_dict() for row in scores.accuracy_by_length],
        ),
        Table(
            "coverage",
            confident,
            ("most confident", "reviews", "accuracy", "confidence from"),
            list(map(asdict, scores.coverage)),
        ),
    ]


def _print_answers_and_errors(scores: "Evaluation") -> None:
    from imdb_gru.system.escaping import neutralise

    if scores.answers:
        _print_answers(scores.answers)
    for error in scores.errors or ():
        text = neutralise(error.text)
        snippet = text if len(text) <= SNIPPET else f"{text[: SNIPPET // 2]} … {text[-SNIPPET // 2 :]}"
        click.echo(f"\n{error.label}, but the probability of positive is {error.probability:.4f}:\n{snippet}")


def _describe_direction(figures: "Evaluation | NextWordEvaluation") -> list[tuple[str, str]]:
    return [("direction", "backward  (reviews are read from their end)")] if figures.direction == "backward" else []


def _print_answers(answers: "AnswerScores") -> None:
    error = "" if answers.error is None else f", and {answers.error:.2%} of these labels are wrong"
    click.echo(
        f"\nwith a maximum error of {answers.max_error * 100:g} %, the model labels {answers.n} reviews "
        f"({answers.share:.2%}){error}; the other reviews are 'unsure', with a confidence of at most "
        f"{answers.confidence:.4f}"
    )
