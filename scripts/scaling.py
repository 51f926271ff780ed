"""Time a training on one worker and on two, and say from the bytes of a step where more would stop paying.

python scripts/scaling.py --data sample --config configs/sample.yaml
"""

import json
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

WORKERS = (2, 8, 64, 512)
RUNS = {"1 worker of 1 core": {"IMDB_GRU_THREADS": "1"}, "2 workers of 1 core": {}, "plain, all cores": {}}
SUMS = 30
FLOAT = 4


@click.command()
@click.option("--config", "config_path", type=click.Path(exists=True, path_type=Path), help="The model's config.")
@click.option("--data", help="As for imdb-gru train.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="As for imdb-gru train.")
@click.option("--gigabits", default=10.0, show_default=True, help="Of the network between machines, a second.")
@click.option("--rounds", default=1, show_default=True, type=click.IntRange(min=1))
@click.option("--step", type=float, metavar="SECONDS", help="Take this for a worker's step, and time no training.")
def scaling(
    config_path: Path | None, data: str | None, overrides: tuple[str, ...], gigabits: float, rounds: int,
    step: float | None,
) -> None:  # fmt: skip
    """Time workers on this machine; work out 8, 64 and 512 on a network."""
    from imdb_gru.config import load_config

    overrides = (*overrides, "train.validation_split=0")
    config = load_config(config_path, [*overrides, *([f"data.path={json.dumps(data)}"] if data else [])])
    batch, reviews, sizes = measure_bytes(config)
    if step is None:
        options = ["--set=train.epochs=2", *(f"--set={pair}" for pair in overrides)]
        options += [f"--config={config_path}"] * bool(config_path) + [f"--data={data}"] * bool(data)
        seconds: dict[str, list[float]] = {name: [] for name in RUNS}
        for _ in range(rounds):
            for name in RUNS:
                seconds[name].append(time_epoch(name, options))
        for name, times in seconds.items():
            print(f"{name}: {reviews / statistics.median(times):,.0f} reviews/s")
        step = statistics.median(seconds["1 worker of 1 core"]) * batch / reviews
    print(f"a worker's step of {batch} reviews: {step * 1e3:.0f} ms")
    dense, rows = sizes[2]
    for name, size in (("dense", dense), ("rows of the batch's words", rows)):
        print(f"gradient of a step of 2 workers, {name}: {size / 1e6:.2f} MB; added up here in {time_sum(size):.0f} ms")
    print(f"\non {gigabits:g} gigabits a second, a ring moving 2 (N - 1) / N of the bytes, none of it hidden:")
    print("workers  batch  dense MB  rows MB  dense ms  rows ms  of the time, computing: dense  rows")
    for count, (dense, rows) in sizes.items():
        moved = [2 * (count - 1) / count * size * 8 / (gigabits * 1e9) for size in (dense, rows)]
        paid = [step / (step + wait) for wait in moved]
        print(
            f"{count:7}{count * batch:7}{dense / 1e6:10.2f}{rows / 1e6:9.2f}{moved[0] * 1e3:10.1f}"
            f"{moved[1] * 1e3:9.1f}{paid[0]:31.0%}{paid[1]:6.0%}"
        )


def measure_bytes(config: Any) -> tuple[int, int, dict[int, tuple[int, int]]]:
    """Return a worker's batch, the reviews, and for workers the bytes of a gradient: whole, and of its words' rows."""
    import numpy as np

    from imdb_gru.cli.train import Sentiment
    from imdb_gru.text.encoded import iter_batches
    from imdb_gru.weights import iter_shapes

    corpus = Sentiment()._load_corpus(config, None)
    size = len(corpus.vocabulary)
    whole = sum(int(np.prod(shape)) for shape in iter_shapes(config.model, size))
    reviews, batch = corpus.train, config.train.batch_size
    sizes = {}
    for count in WORKERS:
        batches = list(iter_batches(reviews.lengths, count * batch, np.random.default_rng(0)))[:20]
        words = [len(np.unique(np.concatenate([reviews[row] for row in rows]))) for rows in batches]
        spared = (size - statistics.median(words)) * config.model.embedding
        sizes[count] = (whole * FLOAT, int(whole - spared) * FLOAT)
    return batch, len(reviews), sizes


def time_epoch(name: str, options: list[str]) -> float:
    """Return the seconds of a training's second epoch, in which nothing is compiled any more."""
    folder = tempfile.mkdtemp()
    command = [sys.executable, "-m", "imdb_gru", "train", "--run", f"{folder}/run", *options]
    if name.startswith("2"):
        command += ["--workers", "2"]
    try:
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **RUNS[name]})
        return float(json.loads(Path(folder, "run", "history.jsonl").read_text().splitlines()[1])["seconds"])
    finally:
        shutil.rmtree(folder)


def time_sum(size: int) -> float:
    """Return the milliseconds in which two processes of this machine add up so many bytes."""
    with socket.socket() as first, socket.socket() as second:
        for place in (first, second):
            place.bind(("127.0.0.1", 0))
        places = [f"127.0.0.1:{place.getsockname()[1]}" for place in (first, second)]
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        return statistics.mean(pool.starmap(add_up, [(places, rank, size // FLOAT) for rank in range(2)], chunksize=1))


def add_up(places: list[str], rank: int, numbers: int) -> float:
    """Add up with the other process, again and again; return the milliseconds of a sum."""
    task = {"type": "worker", "index": rank}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": places}, "task": task})
    from imdb_gru.training import tf
    from imdb_gru.training.shares import Shares

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.distribute.MultiWorkerMirroredStrategy()
    shares = Shares(rank, 2)

    @tf.function
    def repeat(times: Any) -> Any:
        total = tf.ones(numbers)
        for _ in tf.range(times):
            total = shares._add_up(total / 2, 1)
        return total[0]

    repeat(tf.constant(2)).numpy()
    started = time.monotonic()
    repeat(tf.constant(SUMS)).numpy()
    return (time.monotonic() - started) / SUMS * 1e3


if __name__ == "__main__":
    scaling()
