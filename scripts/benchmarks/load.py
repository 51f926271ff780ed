"""Run imdb-gru on very large inputs, and print the time and the memory of all its processes together.

python scripts/benchmarks/load.py predict
"""

import contextlib
import csv
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
from typing import TYPE_CHECKING, Any

import click
import psutil

if TYPE_CHECKING:
    from imdb_gru.sources.review import Review

Record = dict[str, Any]

OURS = [sys.executable, "-m", "imdb_gru"]
POINTS = 10
"""Number of measurements during a bulk prediction."""
SECONDS_BETWEEN = 0.05
"""Seconds between two measurements of the memory."""
BYTES_OF_AN_ID = 4

json_option = click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to a file.")
run_option = click.option("--run", default="bundled", show_default=True, metavar="DIR", help="The run to predict with.")


class Watched:
    """A running command, with the peak memory in MB that it and its children use together."""

    def __init__(self, command: list[str], **streams: Any) -> None:
        self.command = command
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - read after the command has ended
        self.process = psutil.Popen(command, stderr=self.errors, **streams)
        self.started = time.perf_counter()
        self.peak = 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def measure(self) -> float:
        """Return the current memory in MB."""
        megabytes = 0.0
        with contextlib.suppress(psutil.Error):  # it has ended in the meantime
            for process in [self.process, *self.process.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    megabytes += process.memory_info().rss / 2**20
        self.peak = max(self.peak, megabytes)
        return megabytes

    def _watch(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            while self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE:
                self.measure()
                time.sleep(SECONDS_BETWEEN)

    def finish(self) -> float:
        """Wait for the command, and return its running time in seconds; raise an error if it failed."""
        code = self.process.wait()
        seconds = time.perf_counter() - self.started
        self._thread.join()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace")
        if code:
            raise click.ClickException(f"{' '.join(self.command)} exited with {code}: {said[-2000:]}")
        return seconds


@click.group()
def load() -> None:
    """Run imdb-gru on very large inputs."""


@load.command()
@click.option(
    "--reviews",
    default=1_000_000,
    show_default=True,
    type=click.IntRange(min=POINTS),
    help="Number of reviews to predict.",
)
@run_option
@json_option
def predict(reviews: int, run: str, json_path: Path | None) -> None:
    """Predict a large file of reviews: memory and speed should stay constant.

    The reviews are those of the sample and, if $IMDB_GRU_DATA is set, of IMDB; the words of each review are rotated.
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
    """Return the number of predicted reviews, the speed since the last measurement, and the memory."""
    before = points[-1] if points else {"reviews": 0, "seconds": 0.0}
    seconds = time.perf_counter() - watched.started
    speed = (number - before["reviews"]) / (seconds - before["seconds"])
    return {"reviews": number, "seconds": seconds, "reviews_per_second": speed, "megabytes": watched.measure()}


def write_reviews(path: Path, count: int) -> None:
    """Write a number of different reviews, one per line."""
    texts, rng = list(iter_texts()), random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(itertools.islice(itertools.cycle(texts), count)):
            words = text.split()
            turn = rng.randrange(len(words))
            file.write(" ".join([*words[turn:], *words[:turn], f"({number})\n"]))


def iter_texts() -> Iterator[str]:
    """Yield the texts of the sample and, if available, of IMDB."""
    for split in ("train", "test"):
        yield from (review.text for review in iter_reviews(split))


def iter_reviews(split: str) -> Iterator["Review"]:
    """Yield the labelled reviews of a split of the sample and, if available, of IMDB."""
    from imdb_gru.sources import open_source

    for data in ("sample", *([None] if os.environ.get("IMDB_GRU_DATA") else [])):
        yield from open_source(data).iter_reviews(split)


@load.command()
@click.option(
    "--times",
    default=10,
    show_default=True,
    type=click.IntRange(min=2),
    help="Number of times that the reviews are repeated.",
)
@click.option(
    "--config", default="default", show_default=True, metavar="FILE|NAME", help="The same as for imdb-gru train."
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="The same as for imdb-gru train.")
@json_option
def train(times: int, config: str, overrides: tuple[str, ...], json_path: Path | None) -> None:
    """Train on a table of reviews, then on repeated reviews: memory should grow no faster than the ids.

    The reviews are those of the sample and, if $IMDB_GRU_DATA is set, of IMDB's train split.
    """
    records: list[Record] = []
    with tempfile.TemporaryDirectory() as folder:
        table, run = Path(folder) / "reviews.csv", Path(folder) / "run"
        for factor in (1, times):
            ids = write_table(table, factor)
            settings = [f"--config={config}"] + [f"--set={setting}" for setting in ("train.epochs=1", *overrides)]
            command = [*OURS, "train", "--json", "--data", str(table), "--run", str(run), "--overwrite", *settings]
            watched = Watched(command, stdout=subprocess.PIPE)
            metrics = json.loads(watched.process.stdout.read())
            watched.finish()
            data = metrics["data"]
            records.append(
                {
                    "times": factor,
                    "reviews": data["train"] + data["validation"],
                    "ids_megabytes": ids * BYTES_OF_AN_ID / 2**20,
                    "reviews_per_second": data["train"] / metrics["seconds"],
                    "peak_megabytes": watched.peak,
                }
            )
    print_table(tuple(records[0]), records)
    first, last = records
    grown, ids = (last[figure] - first[figure] for figure in ("peak_megabytes", "ids_megabytes"))
    click.echo(f"the peak grew by {grown:,.0f} MB and the ids by {ids:,.0f} MB, a ratio of {grown / ids:.2f}")
    save(json_path, {"records": records, "growth": grown / ids})


def write_table(path: Path, times: int) -> int:
    """Write a table that repeats the labelled reviews; return the total number of their ids."""
    from imdb_gru.config import Config
    from imdb_gru.text.tokenizer import TOKENIZERS

    text = Config().text
    ids = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        for review in iter_reviews("train"):
            writer.writerows([(review.text, review.label)] * times)
            ids += times * (1 + min(text.length, len(TOKENIZERS[text.tokenizer](review.text))))
    return ids


@load.command()
@click.option(
    "--words",
    default=1_000_000,
    show_default=True,
    type=click.IntRange(min=10),
    help="Number of words in the longer text.",
)
@run_option
@json_option
def long(words: int, run: str, json_path: Path | None) -> None:
    """Run every command that reads texts on a text of this length, and on a text a tenth as long."""
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
    """Print records as a table, with numbers right-aligned."""
    rows = [[write(record[column]) for column in columns] for record in records]
    heads = [column.replace("_per_", "/").replace("_", " ") for column in columns]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    left = isinstance(records[0][columns[0]], str)
    for row in (heads, *rows):
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]) if left else first[0].rjust(first[1]), *(c.rjust(w) for c, w in others)]
        click.echo("  ".join(cells))


def write(value: float | str) -> str:
    """Format a figure for the table."""
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def save(path: Path | None, figures: object) -> None:
    """Write figures to a JSON file, if one was requested."""
    if path:
        path.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    load()
