"""imdb-gru evaluate: judge a run on reviews."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli.options import Command, json_option, open_run, other_data_options, print_table, run_option, say
from imdb_gru.cli.splits import load_split, load_texts, split_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imdb_gru.run import Run
    from imdb_gru.sources.review import Review

SNIPPET = 300
"""Characters of a mistaken review that a person is shown."""


@click.command(cls=Command)
@run_option
@other_data_options
@split_option
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

    A next-word run is judged on any reviews: perplexity.

    \b
    imdb-gru evaluate --errors 3
    """
    run = open_run(run_path)
    next_word = run.task == "next_word"
    if next_word and errors:
        raise click.UsageError(f"--errors goes with a classifier, and {run} is a next-word model: leave it out")
    load, judge, show = (load_texts, _judge_words, _print_words) if next_word else (load_split, _judge, _print_figures)
    split, reviews = load(run, data, text_column, label_column, split)
    say(f"judging on {len(reviews)} reviews of split {split}")
    figures = {"run": str(run), "split": split, **judge(run, reviews, errors)}
    if as_json:
        from imdb_gru.text.neutral import dump_json

        click.echo(dump_json(figures))
    else:
        show(figures)


def _judge(run: "Run", reviews: "Sequence[Review]", errors: int) -> dict[str, Any]:
    from imdb_gru.classifier import Classifier
    from imdb_gru.evaluation import evaluate_reviews

    return evaluate_reviews(Classifier.load(run), reviews, errors)


def _judge_words(run: "Run", reviews: "Sequence[Review]", _: int) -> dict[str, Any]:
    from imdb_gru.evaluation import evaluate_next_words
    from imdb_gru.language import LanguageModel

    return evaluate_next_words(LanguageModel.load(run), reviews)


def _print_words(figures: dict[str, Any]) -> None:
    print_table(
        [
            ("run", figures["run"]),
            ("split", f"{figures['split']}, {figures['n']} reviews, {figures['words']:,} words with their ends"),
            ("perplexity", f"{figures['perplexity']:.2f}"),
            ("loss", f"{figures['loss']:.4f}"),
        ]
    )


def _print_figures(figures: dict[str, Any]) -> None:
    from imdb_gru.text.neutral import neutralise

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
