"""The `imdb-gru inspect score` command, which scores explanation methods."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._options import open_run, run_option
from imdb_gru.cli._output import Output, output_options
from imdb_gru.cli._reviews import ReviewChoice, review_options

if TYPE_CHECKING:
    from imdb_gru.inspection.scores import Removal

SCORED_REVIEWS = 100
"""Default number of reviews to take from a split."""


@click.command(cls=Command, short_help="Score explanation methods: which one finds the words that matter?")
@review_options
@run_option
@click.option(
    "--removal",
    type=click.Choice(["delete", "unknown"]),
    default="delete",
    show_default=True,
    help="How to remove words from a text: delete them, or replace them with the unknown word.",
)
@output_options("scores")
def score(chosen: ReviewChoice, run_path: Path | None, removal: "Removal", output: Output) -> None:
    """Score integrated gradients, occlusion and a random order of the words, as in DeYoung et al. 2020.

    Comprehensiveness says how far the probability of the predicted label falls when the words that a method ranks
    highest are removed. Sufficiency says how far the probability falls when only these words are left. If neither
    TEXT nor --input is given, the reviews come from a split of --data or, by default, of the run's own data.

    \b
    imdb-gru inspect score "A slow start, but the ending is superb."
    imdb-gru inspect score --data sample --split test --reviews 20
    """
    output.check()
    from imdb_gru.cli._tables.scores import build_score_tables
    from imdb_gru.inspection.scores import score_explanations
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.system.escaping import dump_json

    run = open_run(run_path)
    classifier = Classifier.load(run)
    scores = score_explanations(classifier, chosen.load(run, SCORED_REVIEWS), removal=removal)
    tables = build_score_tables(scores)

    def print_tables() -> None:
        main, differences, shares, scored = tables
        for number, table in enumerate((scored, shares, main, differences)):
            if number:
                click.echo()
            table.print()

    output.show(tables, as_json=lambda: dump_json(scores.to_dict()), as_text=print_tables)
