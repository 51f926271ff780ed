"""Load imdb-gru far beyond a day's use, and print what it takes: seconds, and memory of all its processes together.

python scripts/load.py predict
"""

import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import psutil

Record = dict[str, Any]

OURS = [sys.executable, "-m", "imdb_gru"]
POINTS = 10
"""How often a bulk prediction is looked at on its way."""
SECONDS_BETWEEN = 0.05
"""Between two looks at the memory."""

json_option = click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to a file.")
run_option = click.option("--run", default="bundled", show_default=True, metavar="DIR", help="The run to predict with.")


class Watched:
    """A command under way, and the most memory that it and its children were seen to hold at once, in MB."""

    def __init__(self, command: list[str], **streams: Any) -> None:
        self.command = command
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - read when the command has ended
        self.process = psutil.Popen(command, stderr=self.errors, **streams)
        self.started = time.perf_counter()
        self.peak = 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def measure(self) -> float:
        """Return the memory held now."""
        megabytes = 0.0
        for process in [self.process, *self.process.children(recursive=True)]:
            try:
                megabytes += process.memory_info().rss / 2**20
            except psutil.Error:  # it ended meanwhile
                continue
        self.peak = max(self.peak, megabytes)
        return megabytes

    def _watch(self) -> None:
        while self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE:
            self.measure()
            time.sleep(SECONDS_BETWEEN)

    def finish(self) -> float:
        """Wait for the end and return the seconds it took; raises where the command failed."""
        code = self.process.wait()
        seconds = time.perf_counter() - self.started
        self._thread.join()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace")
        if code:
            raise click.ClickException(f"{' '.join(self.command)} ended with {code}: {said[-2000:]}")
        return seconds


@click.group()
def load() -> None:
    """Load imdb-gru, and print what it takes."""


@load.command()
@click.option("--reviews", default=1_000_000, show_default=True, type=click.IntRange(min=POINTS), help="To predict.")
@run_option
@json_option
def predict(reviews: int, run: str, json_path: Path | None) -> None:
    """Predict a file of reviews: memory and speed are to stay what they are from beginning to end.

    The reviews are the sample's and, where $IMDB_GRU_DATA is set, IMDB's, each time with its words turned round.
    """
    points: list[Record] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "reviews.txt"
        write_reviews(file, reviews)
        click.echo(f"{reviews:,} reviews, {file.stat().st_size / 2**20:,.0f} MB of text", err=True)
        watched = Watched([*OURS, "predict", "--run", run, "--input", str(file)], stdout=subprocess.PIPE)
        marks = {reviews * point // POINTS for point in range(1, POINTS + 1)}
        for number, _ in enumerate(watched.process.stdout, 1):
            if number in marks:
                points.append(look(watched, number, points))
        seconds = watched.finish()
    columns = ("reviews", "seconds", "reviews_per_second", "megabytes")
    print_table(columns, points)
    click.echo(f"in all {seconds:,.0f} s, {reviews / seconds:,.0f} reviews/s, peak {watched.peak:,.0f} MB")
    save(json_path, {"seconds": seconds, "peak_megabytes": watched.peak, "points": points})


def look(watched: Watched, number: int, points: list[Record]) -> Record:
    """Return how far a prediction is, its speed since the last point, and the memory it holds."""
    before = points[-1] if points else {"reviews": 0, "seconds": 0.0}
    seconds = time.perf_counter() - watched.started
    speed = (number - before["reviews"]) / (seconds - before["seconds"])
    return {"reviews": number, "seconds": seconds, "reviews_per_second": speed, "megabytes": watched.measure()}


def write_reviews(path: Path, count: int) -> None:
    """Write so many reviews, one a line; no two of them alike."""
    texts, rng = list(iter_texts()), random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(itertools.islice(itertools.cycle(texts), count)):
            words = text.split()
            turn = rng.randrange(len(words))
            file.write(" ".join([*words[turn:], *words[:turn], f"({number})\n"]))


def iter_texts() -> Iterator[str]:
    """Yield the texts of the sample and, where it is at hand, of IMDB."""
    from imdb_gru.sources import open_source

    for data in ("sample", *(["IMDB"] if os.environ.get("IMDB_GRU_DATA") else [])):
        source = open_source(None if data == "IMDB" else data)
        for split in ("train", "test"):
            yield from (review.text for review in source.iter_reviews(split))


@load.command()
@click.option("--times", default=10, show_default=True, type=click.IntRange(min=2), help="How often to take the ids.")
@click.option("--epochs", default=2, show_default=True, type=click.IntRange(min=1))
@click.option("--data", metavar="PATH", help="What to train on [default: $IMDB_GRU_DATA, or else the sample].")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="As for imdb-gru train.")
@json_option
def train(times: int, epochs: int, data: str | None, overrides: tuple[str, ...], json_path: Path | None) -> None:
    """Train on the reviews once and so many times over: memory is to grow no faster than the ids."""
    data = data or os.environ.get("IMDB_GRU_DATA") or "sample"
    settings = [*overrides, f"data.path={json.dumps(data)}", f"train.epochs={epochs}"]
    records = []
    with tempfile.TemporaryDirectory() as folder:
        encode(Path(folder), settings)
        for factor in (1, times):
            command = [sys.executable, __file__, "train-once", folder, str(factor)]
            watched = Watched([*command, *settings], stdout=subprocess.PIPE)
            printed = watched.process.stdout.read()
            watched.finish()
            records.append({"times": factor, **json.loads(printed), "peak_megabytes": watched.peak})
    print_table(tuple(records[0]), records)
    first, last = records
    grown, ids = (last[figure] - first[figure] for figure in ("peak_megabytes", "ids_megabytes"))
    click.echo(f"the peak grew by {grown:,.0f} MB, the ids by {ids:,.0f} MB: {grown / ids:.2f} times as much")
    save(json_path, {"records": records, "growth": grown / ids})


IDS, VOCABULARY = "ids.npz", "vocabulary.json"


def encode(folder: Path, settings: list[str]) -> None:
    """Write the ids of the reviews to train on, and the vocabulary."""
    from imdb_gru.config import load_config
    from imdb_gru.sources import open_source
    from imdb_gru.text.corpus import encode_corpus, load_training_reviews

    config = load_config(None, settings)
    source = open_source(config.data.path)
    corpus = encode_corpus(source, config, load_training_reviews(source, config), None)
    corpus.vocabulary.save(folder / VOCABULARY)
    np.savez(folder / IDS, ids=corpus.train.ids, offsets=corpus.train.offsets, labels=corpus.train.labels)


@load.command(hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("times", type=int)
@click.argument("settings", nargs=-1)
def train_once(folder: Path, times: int, settings: tuple[str, ...]) -> None:
    """Train in this process on the ids in a folder, so many times over; print the figures as JSON."""
    from imdb_gru.config import load_config
    from imdb_gru.runs import create_run
    from imdb_gru.text.corpus import Corpus
    from imdb_gru.text.encoded import EncodedReviews
    from imdb_gru.text.vocabulary import Vocabulary
    from imdb_gru.training.trainer import Trainer

    with np.load(folder / IDS) as stored:
        ids, offsets, labels = stored["ids"], stored["offsets"], stored["labels"]
    starts = (offsets[:-1] + len(ids) * np.arange(times)[:, None]).ravel()
    many = EncodedReviews(np.tile(ids, times), np.append(starts, times * len(ids)), np.tile(labels, times))
    none = EncodedReviews(ids[:0], offsets[:1], labels[:0])
    config = load_config(None, settings)
    corpus = Corpus(many, none, Vocabulary.load(folder / VOCABULARY), {"hash": "none"})
    run = create_run(folder / f"run{times}", config)
    corpus.vocabulary.save(run.vocabulary_path)
    metrics = Trainer(run, config, corpus).train(lambda _: None)
    speed = len(many) * config.train.epochs / metrics["seconds"]
    click.echo(
        json.dumps({"reviews": len(many), "ids_megabytes": many.ids.nbytes / 2**20, "reviews_per_second": speed})
    )


@load.command()
@click.option("--words", default=1_000_000, show_default=True, type=click.IntRange(min=10), help="Of the longer text.")
@run_option
@json_option
def long(words: int, run: str, json_path: Path | None) -> None:
    """Put a text of a tenth of the words, and one of all of them, through every command that reads texts."""
    records: list[Record] = []
    with tempfile.TemporaryDirectory() as folder:
        for length in (words // 10, words):
            text, table = Path(folder) / "text.txt", Path(folder) / "table.csv"
            written = " ".join(itertools.islice(itertools.cycle(" ".join(iter_texts()).split()), length))
            text.write_text(written + "\n", "utf-8")
            quoted = written.replace('"', '""')
            table.write_text(f'text,label\n"{quoted}",1\n"Not {quoted}",0\n', "utf-8")
            for name, arguments in {
                "predict": ["predict", "--run", run, "--input", text],
                "predict --timesteps": ["predict", "--run", run, "--timesteps", "--input", text],
                "inspect": ["inspect", "--run", run, "--input", text],
                "next": ["next", "--run", "bundled", "--input", text],
                "next --timesteps": ["next", "--run", "bundled", "--timesteps", "--input", text],
                "next --generate 40": ["next", "--run", "bundled", "--generate", "40", "--input", text],
                "evaluate": ["evaluate", "--run", run, "--data", table],
                "data check": ["data", "check", table],
            }.items():
                watched = Watched([*OURS, *map(str, arguments)], stdout=subprocess.DEVNULL)
                seconds = watched.finish()
                records.append({"command": name, "words": length, "seconds": seconds, "peak_megabytes": watched.peak})
                click.echo(f"{name}, {length:,} words: {seconds:.1f} s", err=True)
    print_table(tuple(records[0]), sorted(records, key=lambda record: str(record["command"])))
    save(json_path, records)


def print_table(columns: tuple[str, ...], records: list[Record]) -> None:
    """Print records under their names, numbers on the right."""
    rows = [[write(record[column]) for column in columns] for record in records]
    heads = [column.replace("_per_", "/").replace("_", " ") for column in columns]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    left = isinstance(records[0][columns[0]], str)
    for row in (heads, *rows):
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]) if left else first[0].rjust(first[1]), *(c.rjust(w) for c, w in others)]
        click.echo("  ".join(cells))


def write(value: float | str) -> str:
    """Write a figure as a person reads it."""
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def save(path: Path | None, figures: object) -> None:
    """Write figures as JSON where asked to."""
    if path:
        path.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    load()
