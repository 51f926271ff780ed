"""The tables for a suite of behavioural tests."""

from typing import TYPE_CHECKING

import click

from imdb_gru.cli._tables.table import Column, Table, print_line

if TYPE_CHECKING:
    from imdb_gru.models.suite_evaluation import SuiteEvaluation


def build_suite_tables(figures: "SuiteEvaluation") -> list[Table]:
    """Build the table of a classifier's results on each kind of test, and that of what was tested."""
    chosen = [] if figures.threshold == 0.5 else [("threshold", f"{figures.threshold:g}")]
    tested = [
        ("run", figures.run),
        ("suite", f"{figures.suite}, {figures.n} texts"),
        *chosen,
        ("empty text", f"{figures.empty_probability:.4f}  (probability of positive)"),
    ]
    rows = [
        (
            kind.kind,
            kind.test,
            str(kind.tests),
            f"{kind.passed:.1%}",
            "-" if kind.pairs_passed is None else f"{kind.pairs_passed:.1%}",
            "-" if kind.change is None else f"{kind.change:+.3f}",
        )
        for kind in figures.kinds
    ]
    columns = (
        Column("kind", width=12),
        "test",
        "tests",
        "passed",
        Column("pairs passed", drop=2),
        Column("change", drop=1),
    )
    record = {
        "run": figures.run,
        "suite": figures.suite,
        "n": figures.n,
        "threshold": figures.threshold,
        "empty_probability": figures.empty_probability,
    }
    return [Table("kinds", rows, columns, figures.list_records()), Table("suite", tested, None, [record])]


def print_failures(figures: "SuiteEvaluation") -> None:
    """Print the failures that were requested."""
    for kind in figures.kinds:
        for failure in kind.failed:
            click.echo(f"\n{kind.kind}, {kind.test}:")
            for text, probability in zip(failure.texts, failure.probabilities, strict=True):
                print_line(f"{probability:.4f}  {text}")
