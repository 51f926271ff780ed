"""Measure the accuracy of models that are trained on a few of IMDB's labelled reviews.

Each training gets a random draw of reviews, half of them positive. Settings are to be compared with
`--split validation`: reviews of the train split, of films that no draw contains. `--split test` is for the finished
settings only. Finished trainings are kept in the output file, so the same command resumes an interrupted measurement.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

import imdb_gru
from imdb_gru.cli._options import Setting
from imdb_gru.corpus.corpus import choose_held_out
from imdb_gru.models.metrics import compute_scores
from imdb_gru.sources import open_source
from imdb_gru.sources.in_memory import MemorySource
from imdb_gru.sources.review import Review

HELD_OUT_SHARE, HELD_OUT_SEED = 0.1, 777


@click.command()
@click.option("--labels", type=int, multiple=True, default=(100, 300, 1000, 3000, 10_000, 25_000), show_default=True)
@click.option("--draws", default=3, show_default=True, help="The number of random draws for each number of labels.")
@click.option("--split", type=click.Choice(["validation", "test"]), default="validation", show_default=True)
@click.option("--config", default="default", show_default=True)
@click.option("--set", "settings", type=Setting(), multiple=True, metavar="KEY=VALUE", help="A key of the config.")
@click.option("--data", help="IMDB, if it is not in $IMDB_GRU_DATA.")
@click.option("--output", type=click.Path(path_type=Path), default="few-labels.jsonl", show_default=True)
def main(
    labels: tuple[int, ...],
    draws: int,
    split: str,
    config: str,
    settings: tuple[tuple[str, object], ...],
    data: str | None,
    output: Path,
) -> None:
    """Train on every draw, and print the accuracy for each number of labels."""
    source = open_source(data)
    train = list(source.iter_reviews("train"))
    held_out = choose_held_out(train, HELD_OUT_SHARE, HELD_OUT_SEED)
    if split == "validation":
        judged = [review for review, held in zip(train, held_out, strict=True) if held]
        train = [review for review, held in zip(train, held_out, strict=True) if not held]
    else:
        judged = list(source.iter_reviews("test"))
    done = [json.loads(line) for line in output.read_text().splitlines()] if output.exists() else []
    for count in labels:
        rows = []
        for draw in range(draws):
            key = {"labels": count, "draw": draw, "split": split, "config": config, "set": dict(settings)}
            row = next((row for row in done if row.items() >= key.items()), None)
            if row is None:
                row = key | measure(list(_draw(train, count, draw)), judged, draw, config, dict(settings))
                with output.open("a") as file:
                    file.write(json.dumps(row) + "\n")
            rows.append(row)
        accuracies = [row["accuracy"] for row in rows]
        click.echo(
            f"{count} labels: {statistics.mean(accuracies):.2%} ({', '.join(f'{one:.2%}' for one in accuracies)}), "
            f"log loss {statistics.mean(row['log_loss'] for row in rows):.3f}, calibration error "
            f"{statistics.mean(row['ece'] for row in rows):.3f}, {statistics.median(row['seconds'] for row in rows)} s"
        )


def _draw(reviews: list[Review], count: int, draw: int) -> Iterator[Review]:
    """Yield a random draw of reviews, half of each label, in random order; all of them if there are no more."""
    rng = np.random.default_rng([count, draw])
    labels = np.array([review.label for review in reviews])
    rows = np.concatenate([rng.permutation(np.flatnonzero(labels == label))[: count // 2] for label in (0, 1)])
    yield from (reviews[row] for row in rng.permutation(rows))


def measure(
    drawn: list[Review], judged: list[Review], seed: int, config: str, settings: dict[str, object]
) -> dict[str, float]:
    """Train on the drawn reviews; return the metrics on the judged ones and the seconds that training took."""
    source = MemorySource([review.text for review in drawn], [review.label for review in drawn])
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run = imdb_gru.train(
            config,
            data=source,
            run=Path(folder) / "run",
            overrides={**settings, "train.seed": seed},
            observer=lambda event: click.echo(str(event), err=True),
        )
        seconds = round(time.perf_counter() - started)
        predictions = imdb_gru.load(run).predict_many(review.text for review in judged)
        probabilities = np.array([prediction.probability for prediction in predictions], np.float32)
    scores = compute_scores(np.array([review.label for review in judged], np.int8), probabilities)
    return {
        "accuracy": scores.accuracy,
        "log_loss": round(scores.log_loss, 4),
        "ece": round(scores.ece, 4),
        "seconds": seconds,
    }


if __name__ == "__main__":
    main()
