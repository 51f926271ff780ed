"""Tables for a suite of behavioural tests."""

from typing import TYPE_CHECKING

import click

from imdb_gru.cli._tables.table import Column, Table, print_line
from imdb_gru.system.frames import flatten, split_intervals

if TYPE_CHECKING:
    from imdb_gru.models.suite_evaluation import ContrastScores, SuiteEvaluation


def build_suite_tables(figures: "SuiteEvaluation") -> list[Table]:
    """Build two tables: a classifier's results on each kind of test, and a description of the suite."""
    chosen = [] if figures.threshold == 0.5 else [("threshold", f"{figures.threshold:g}")]
    tested = [
        ("run", figures.run),
        ("suite", f"{figures.suite}, {figures.n} texts"),
        *chosen,
        ("empty text", f"{figures.empty_probability:.4f}  (probability of positive)"),
        *_describe_contrast(figures.contrast),
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
        **(dict(flatten({"contrast": split_intervals(vars(figures.contrast))})) if figures.contrast else {}),
    }
    return [Table("kinds", rows, columns, figures.list_records()), Table("suite", tested, None, [record])]


def _describe_contrast(contrast: "ContrastScores | None") -> list[tuple[str, str]]:
    if contrast is None:
        return []
    interval = "{:.1%} to {:.1%}".format(*contrast.passed_interval)
    return [
        ("labelled pairs", f"{contrast.pairs}, {contrast.passed:.1%} with all texts right  (95 % interval {interval})"),
        ("texts right", f"{contrast.first_accuracy:.1%} of the first, {contrast.other_accuracy:.1%} of the others"),
    ]


def print_failures(figures: "SuiteEvaluation") -> None:
    """Print the failures that the user asked to see."""
    for kind in figures.kinds:
        for failure in kind.failed:
            click.echo(f"\n{kind.kind}, {kind.test}:")
            for text, probability in zip(failure.texts, failure.probabilities, strict=True):
                print_line(f"{probability:.4f}  {text}")
