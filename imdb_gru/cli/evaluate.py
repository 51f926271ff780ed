"""imdb-gru evaluate: judge a run on labelled reviews."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli.options import data_options, json_option, open_run, print_table, run_option, say

if TYPE_CHECKING:
    from imdb_gru.run import Run
    from imdb_gru.sources.review import Review

SNIPPET = 300
"""Characters of a mistaken review that a person is shown."""


@click.command()
@run_option
@data_options
@click.option(
    "--split", type=click.Choice(["train", "validation", "test"]), help="The split to judge on [default: test]."
)
@click.option(
    "--errors", type=click.IntRange(min=0), default=0, metavar="N", help="Show the N most confident mistakes."
)
@json_option
def evaluate(
    run_path: Path | None,
    data: str | None,
    text_column: str | None,
    label_column: str | None,
    split: str | None,
    errors: int,
    as_json: bool,
) -> None:
    """Judge a run on labelled reviews: accuracy, calibration, and accuracy by words read.

    \b
    imdb-gru evaluate --errors 3
    """
    run = open_run(run_path)
    from imdb_gru.classifier import Classifier
    from imdb_gru.evaluation import evaluate_reviews

    classifier = Classifier.load(run)
    split, reviews = _load_split(run, data, text_column, label_column, split)
    say(f"judging on {len(reviews)} reviews of split {split}")
    figures = {"run": str(run.path), "split": split, **evaluate_reviews(classifier, reviews, errors)}
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False))
    else:
        _print_figures(figures)


def _load_split(
    run: "Run", data: str | None, text_column: str | None, label_column: str | None, split: str | None
) -> "tuple[str, list[Review]]":
    """Read the reviews to judge on; the run's own held-out reviews where its data has no test split."""
    from imdb_gru.errors import DataError, RunError
    from imdb_gru.sources import open_source
    from imdb_gru.text.corpus import UNDIVIDED, load_reviews, load_training_reviews

    config = run.load_config()
    own = config.data
    source = open_source(
        data or own.path, text_column=text_column or own.text_column, label_column=label_column or own.label_column
    )
    if split is None:
        if "test" in source.splits:
            split = "test"
        elif data is None:
            split = "validation"
            say(f"{source.name} has no test split: judging on the reviews held out in training")
        else:
            split = UNDIVIDED if UNDIVIDED in source.splits else source.splits[-1]
    if split in (UNDIVIDED, "test"):
        return split, load_reviews(source, split, own.limit)
    reviews = load_training_reviews(source, config)
    if reviews.hash != run.load_metrics()["data"]["hash"]:
        raise RunError(
            f"{source.name} does not hold the reviews that {run.path} was trained on, so its {split} split is not "
            "known: name that data with --data, or judge on other reviews without --split"
        )
    chosen = reviews.train if split == "train" else reviews.validation
    if not chosen:
        raise DataError(
            f"{run.path} held no reviews out (train.validation_split is 0): judge on other reviews with --data"
        )
    return split, chosen


def _print_figures(figures: dict[str, Any]) -> None:
    from imdb_gru.report.timesteps import neutralise

    low, high = figures["accuracy_interval"]
    (tn, fp), (fn, tp) = figures["confusion_matrix"]
    shares = [(name, figures[name]) for name in ("precision", "recall", "f1", "roc_auc", "log_loss", "ece")]
    print_table(
        [
            ("run", figures["run"]),
            ("split", f"{figures['split']}, {figures['n']} reviews"),
            ("accuracy", f"{figures['accuracy']:.2%}  (95 % interval {low:.2%} to {high:.2%})"),
            *((name.replace("_", " "), "-" if value is None else f"{value:.4f}") for name, value in shares),
            ("called negative", f"{tn} rightly, {fn} wrongly"),
            ("called positive", f"{tp} rightly, {fp} wrongly"),
        ]
    )
    if figures["accuracy_by_timestep"]:
        click.echo()
        print_table(
            [
                (str(row["timestep"]), f"{row['accuracy']:.2%}", f"{row['ece']:.4f}")
                for row in figures["accuracy_by_timestep"]
            ],
            ("words read", "accuracy", "ece"),
        )
    click.echo()
    print_table(
        [(_name_range(row), str(row["n"]), f"{row['accuracy']:.2%}") for row in figures["accuracy_by_length"]],
        ("words in review", "reviews", "accuracy"),
    )
    for mistake in figures.get("errors", []):
        text = neutralise(mistake["text"])
        snippet = text if len(text) <= SNIPPET else f"{text[: SNIPPET // 2]} … {text[-SNIPPET // 2 :]}"
        click.echo(f"\n{mistake['label']}, called {mistake['probability']:.4f} positive:\n{snippet}")


def _name_range(row: dict[str, Any]) -> str:
    return f"over {row['from'] - 1}" if row["to"] is None else f"{row['from']} to {row['to']}"
