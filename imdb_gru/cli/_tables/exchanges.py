"""Tables for an evaluation in which words are exchanged for similar words."""

from typing import TYPE_CHECKING

import click

from imdb_gru.cli._tables.table import Column, Table, print_line

if TYPE_CHECKING:
    from imdb_gru.models.exchange_evaluation import ExchangeEvaluation

SNIPPET = 300
"""Maximum length (in characters) of an excerpt from a changed review."""


def build_exchange_tables(figures: "ExchangeEvaluation") -> list[Table]:
    """Build two tables: a classifier's accuracy by number of exchanged words, and a description of the test."""
    chosen = [] if figures.threshold == 0.5 else [("threshold", f"{figures.threshold:g}")]
    tested = [
        ("run", figures.run),
        ("split", f"{figures.split}, {figures.n} reviews"),
        *chosen,
        ("neighbours", f"{figures.neighbours}  (a word is exchanged for one of its nearest neighbours)"),
    ]
    rows = [
        (
            str(scores.exchanges),
            f"{scores.accuracy:.2%}",
            "{:.2%} to {:.2%}".format(*scores.accuracy_interval),
            f"{scores.random_accuracy:.2%}",
        )
        for scores in figures.accuracy_by_exchanges
    ]
    columns = ("words exchanged", "accuracy", Column("95 % interval", drop=1), "accuracy, random exchanges")
    record = {
        "run": figures.run,
        "split": figures.split,
        "n": figures.n,
        "neighbours": figures.neighbours,
        "threshold": figures.threshold,
    }
    return [
        Table("accuracy_by_exchanges", rows, columns, figures.list_records()),
        Table("exchanges", tested, None, [record]),
    ]


def print_changed(figures: "ExchangeEvaluation") -> None:
    """Print the changed reviews that the user asked to see."""
    from imdb_gru.models.timesteps import shorten

    for review in figures.errors or ():
        exchanged = ", ".join(f"{one.word} → {one.neighbour} (word {one.timestep})" for one in review.exchanges)
        click.echo()
        print_line(f"{review.label}, from {review.probability:.4f} to {review.changed_probability:.4f}: {exchanged}")
        print_line(shorten(" ".join(review.text.split()), SNIPPET))
