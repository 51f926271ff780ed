"""Tables for the results of checking reviews."""

from typing import Any

import click

from imdb_gru.cli._tables.table import print_line, print_table


def print_check(figures: dict[str, Any]) -> None:
    """Print statistics for each split, the overlaps between splits, and the findings."""
    columns = ("split", "reviews", "positive", "words: min", "median", "mean", "95 %", "max", "truncated")
    print_table([(split, *_describe(row)) for split, row in figures["splits"].items()], columns)
    if figures["labels"]:
        click.echo()
        print_line(_describe_labels(**figures["labels"]))
    if figures["overlaps"]:
        click.echo()
        rows = [
            (row["split"], row["training_split"], f"{row['same']:,}", f"{row['near']:,}") for row in figures["overlaps"]
        ]
        print_table(rows, ("reviews of", "also in", "identical", "nearly identical"))
    if figures["unknown_share"]:
        shares = ", ".join(f"{share:.1%} of {part}" for part, share in figures["unknown_share"].items())
        click.echo()
        print_line(f"words that are not in the vocabulary of the train split: {shares}")
    click.echo("" if figures["findings"] else "\nno problems found")
    for finding in figures["findings"]:
        print_line(f"{finding['finding']}: {finding['reviews']:,}")
        for example in finding["examples"]:
            _print_example(**example)


def _describe(row: dict[str, Any]) -> tuple[str, ...]:
    share = row["positive_share"]
    return (
        f"{row['reviews']:,}",
        "-" if share is None else f"{share:.1%}",
        f"{row['shortest_words']:,}",
        f"{row['median_words']:,.0f}",
        f"{row['mean_words']:,.0f}",
        f"{row['words_of_95_percent']:,.0f}",
        f"{row['longest_words']:,}",
        f"{row['truncated_share']:.1%}",
    )


def _describe_labels(
    column: str,
    positive: dict[str, int],
    negative: dict[str, int],
    left_out: dict[str, int],
    other: int,
    unlabelled: int,
) -> str:
    """Return a line that says how each value in the label column is interpreted and how many rows contain it."""
    left = {**left_out, "other labels": other, "no label": unlabelled}
    parts = {"positive": positive, "negative": negative, "left out": left}
    listed = {
        name: ", ".join(f"{value} ({rows:,})" for value, rows in part.items() if rows) for name, part in parts.items()
    }
    return f"rows of each label in the column {column}: " + "; ".join(
        f"{name} {values}" for name, values in listed.items() if values
    )


def _print_example(review: str, text: str, twin: str | None = None) -> None:
    print_line(f"  {review}{f' is like {twin}' if twin else ''}: {text}")
