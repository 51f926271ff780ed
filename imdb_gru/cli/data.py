"""imdb-gru data: look at reviews before anything is trained on them."""

from typing import Any

import click

from imdb_gru.cli._options import (
    LOCATION,
    Group,
    json_option,
    label_column_option,
    print_table,
    say,
    text_column_option,
)


@click.group(cls=Group)
def data() -> None:
    """Look at reviews before anything is trained on them.

    \b
    imdb-gru data check reviews.csv
    """


@data.command()
@click.argument("path", required=False, type=LOCATION, metavar="[PATH]")
@text_column_option
@label_column_option
@click.option("--no-labels", is_flag=True, help="Check texts alone, as pretrain reads them: a table needs no labels.")
@click.option("--strict", is_flag=True, help="Exit with 1 where anything is found.")
@json_option
def check(
    path: str | None, text_column: str | None, label_column: str | None, no_labels: bool, strict: bool, as_json: bool
) -> None:
    """Count the reviews at PATH, and find what is repeated, leaks from one split into another, or is spoilt.

    PATH is what --data takes: without it, $IMDB_GRU_DATA, or else IMDB, downloaded once.

    \b
    imdb-gru data check sample
    """
    from imdb_gru.checking import check_source
    from imdb_gru.sources import open_source
    from imdb_gru.system.escaping import dump_json

    source = open_source(path, text_column=text_column, label_column=label_column, require_labels=not no_labels)
    say(f"reading {source.name}")
    figures = check_source(source)
    if as_json:
        click.echo(dump_json(figures))
    else:
        _print_figures(figures)
    if strict and figures["findings"]:
        raise click.exceptions.Exit(1)


def _print_figures(figures: dict[str, Any]) -> None:
    columns = ("split", "reviews", "positive", "words: least", "median", "mean", "95 %", "most", "cut")
    print_table([(split, *_describe(row)) for split, row in figures["splits"].items()], columns)
    if figures["overlaps"]:
        click.echo()
        rows = [
            (row["split"], row["training_split"], f"{row['same']:,}", f"{row['near']:,}") for row in figures["overlaps"]
        ]
        print_table(rows, ("reviews of", "that stand in", "word for word", "nearly"))
    if figures["unknown_share"]:
        shares = ", ".join(f"{share:.1%} of {part}" for part, share in figures["unknown_share"].items())
        click.echo(f"\nwords unknown to a vocabulary of train: {shares}")
    click.echo("" if figures["findings"] else "\nnothing found amiss")
    for finding in figures["findings"]:
        click.echo(f"{finding['finding']}: {finding['reviews']:,}")
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


def _print_example(review: str, text: str, twin: str | None = None) -> None:
    from imdb_gru.system.escaping import neutralise

    click.echo(f"  {review}{f' as {twin}' if twin else ''}: {neutralise(text)}")
