"""Compare imdb-gru's bulk prediction on Ray with imdb-gru in one process and with Keras on Ray, run in turn.

python scripts/benchmarks/ray_prediction.py RUN
"""

import sys
import tempfile
from pathlib import Path

import click
import pyarrow
from benchmark import OURS, PEERS, describe, json_option, rounds_option, run_argument, save
from measurements import Measurements
from pyarrow import parquet

LOCAL = "imdb-gru, local"


@click.command()
@run_argument
@click.option("--data", help="Reviews to predict, as for imdb-gru train --data [default: IMDB].")
@click.option("--reviews", default=8192, show_default=True, help="Number of reviews to use from the test split.")
@click.option("--files", default=8, show_default=True, help="Number of tables into which the reviews are divided.")
@click.option("--workers", default="1,2", show_default=True, help="Numbers of workers.")
@rounds_option
@json_option
def scoring(
    run: Path, data: str | None, reviews: int, files: int, workers: str, rounds: int, json_path: Path | None
) -> None:
    """Predict the same reviews in every way, with a run that has a model.keras."""
    from imdb_gru.corpus.corpus import load_reviews
    from imdb_gru.sources import open_source

    texts = [review.text for review in load_reviews(open_source(data), "test", reviews)]
    counts = [int(count) for count in workers.split(",")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        write_table(folder / "all.parquet", texts)
        for number in range(files):
            write_table(folder / f"in/{number:03}.parquet", texts[number::files])
        measurements = Measurements(list_entrants(run, folder, counts))
        measurements.run(rounds)
    click.echo(f"\n{len(texts)} reviews in {files} files; {describe(measurements)}")
    click.echo(f"{'':24} {'reviews/s':>9} {'without start':>13} {'worker MB':>9} {'times local':>11}")
    for name in measurements.commands:
        wall, alone = (
            measurements.median(name, "wall"),
            measurements.median(name, "wall" if name == LOCAL else "seconds"),
        )
        memory = measurements.median(name, "megabytes" if name == LOCAL else "worker_memory_mb")
        times = 1 / measurements.compare(name, LOCAL, "wall")
        click.echo(f"{name:24} {len(texts) / wall:9.0f} {len(texts) / alone:13.0f} {memory:9.0f} {times:11.2f}")
    save(json_path, [measurements.figures])


def write_table(path: Path, texts: list[str]) -> None:
    """Write a table of reviews."""
    parquet.write_table(pyarrow.table({"text": texts}), path)


def list_entrants(run: Path, folder: Path, counts: list[int]) -> dict[str, list[str]]:
    """Return the commands: imdb-gru in one process, and imdb-gru and Keras on Ray workers."""
    predict = [*OURS, "predict", "--run", str(run)]
    entrants = {LOCAL: [*predict, "--input", str(folder / "all.parquet"), "--output", str(folder / "out.csv")]}
    for count in counts:
        name = f"{count} worker{'s' if count > 1 else ''}"
        ours = [*predict, "--engine", "ray", "--input", str(folder / "in"), "--workers", str(count), "--json"]
        entrants[f"imdb-gru on Ray, {name}"] = empty_first(folder / f"ours{count}", [*ours, "--output"])
        keras = [sys.executable, str(PEERS / "keras_ray.py"), str(run), str(folder / "in")]
        entrants[f"Keras on Ray, {name}"] = empty_first(folder / f"keras{count}", keras, str(count))
    return entrants


def empty_first(output: Path, command: list[str], *more: str) -> list[str]:
    """Return a command that first removes its output folder."""
    code = "import os, shutil, sys; shutil.rmtree(sys.argv[1], True); os.execv(sys.argv[2], sys.argv[2:])"
    return [sys.executable, "-c", code, str(output), *command, str(output), *more]


if __name__ == "__main__":
    scoring()
