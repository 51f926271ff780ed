"""Measure the training speed of one and two workers, and estimate that of more from the size of their gradients.

python scripts/benchmarks/scaling.py --data sample --config configs/sample.yaml
python scripts/benchmarks/scaling.py --peers --set data.limit=960 --set model.embedding=128 --set model.units=512
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
from measurements import Measurements

WORKERS = (2, 8, 64, 512)
RUNS = {"1 worker of 1 core": {"IMDB_GRU_THREADS": "1"}, "2 workers of 1 core": {}, "plain, all cores": {}}
SUMS = 30
FLOAT = 4
PLAIN = (
    "model.pretrained=null", "model.pooling=[last]", "model.dropout.word=0", "model.dropout.embedding=0",
    "model.dropout.output=0", "train.objective=last", "train.adversarial=null", "train.averaging=null",
    "train.clip_norm=null",
)  # fmt: skip
"""Settings that make the model and its training steps the same as those of the peers."""
PEERS = {
    "tensorflow": "MultiWorkerMirroredStrategy",
    "jax": "JAX, custom step",
    "jax-fit": "JAX, DataParallel and fit",
}


@click.command()
@click.option("--config", "config_path", metavar="FILE|NAME", help="Config of the model.")
@click.option("--data", help="As in imdb-gru train.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="As in imdb-gru train.")
@click.option(
    "--gigabits", default=10.0, show_default=True, help="Speed of the network between machines, in gigabits per second."
)
@click.option("--rounds", default=1, show_default=True, type=click.IntRange(min=1))
@click.option("--step", type=float, metavar="SECONDS", help="Time of a worker's step, if it is not to be measured.")
@click.option("--peers", is_flag=True, help="Compare Keras's workers with ours instead, on the same plain model.")
@click.option("--python", default=sys.executable, help="Python interpreter for the peers [default: this one].")
def scaling(
    config_path: str | None, data: str | None, overrides: tuple[str, ...], gigabits: float, rounds: int,
    step: float | None, peers: bool, python: str,
) -> None:  # fmt: skip
    """Measure the speed of workers on this machine; estimate that of 8, 64 and 512 workers on a network."""
    from imdb_gru import load_config, load_corpus
    from imdb_gru.config import parse_override

    config_path = config_path or ("scratch" if peers else "default")
    overrides = (*(PLAIN if peers else ()), *overrides, "train.validation_split=0", "train.epochs=2")
    config = load_config(config_path, dict(map(parse_override, overrides)) | ({"data.path": data} if data else {}))
    corpus = load_corpus(config)
    options = [f"--set={pair}" for pair in overrides]
    options += [f"--config={config_path}"] + [f"--data={data}"] * bool(data)
    if peers:
        race(config, corpus, options, python, rounds)
        return
    batch, reviews, sizes = measure_bytes(config, corpus)
    if step is None:
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
        print(f"gradient of a step of 2 workers, {name}: {size / 1e6:.2f} MB; summed here in {time_sum(size):.0f} ms")
    print(f"\nat {gigabits:g} gigabits per second, if a ring moves 2 (N - 1) / N of the bytes after each step:")
    print("workers  batch  dense MB  rows MB  dense ms  rows ms   share spent computing: dense  rows")
    for count, (dense, rows) in sizes.items():
        moved = [2 * (count - 1) / count * size * 8 / (gigabits * 1e9) for size in (dense, rows)]
        paid = [step / (step + wait) for wait in moved]
        print(
            f"{count:7}{count * batch:7}{dense / 1e6:10.2f}{rows / 1e6:9.2f}{moved[0] * 1e3:10.1f}"
            f"{moved[1] * 1e3:9.1f}{paid[0]:31.0%}{paid[1]:6.0%}"
        )


def race(config: Any, corpus: Any, options: list[str], python: str, rounds: int) -> None:
    """Run ours and the peers in turn, with one and with two single-core workers; print speeds and ratios."""
    import numpy as np

    from imdb_gru.engine.bfloat16.unit import find_bfloat16_obstacle

    ours = ["float32"] if find_bfloat16_obstacle() else ["float32", "bfloat16"]
    peers = dict(PEERS)
    if subprocess.run([python, "-c", "import jax"], capture_output=True).returncode:
        click.echo(f"{python} has no JAX: run pip install jax, or choose a Python that has it with --python", err=True)
        del peers["jax"], peers["jax-fit"]
    with tempfile.TemporaryDirectory() as name:
        folder, reviews = Path(name), corpus.train
        arrays = {"ids": reviews.ids, "offsets": reviews.offsets, "labels": reviews.labels}
        np.savez(folder / "reviews.npz", **arrays, words=len(corpus.vocabulary))
        sizes = [config.model.embedding, config.model.units, config.train.batch_size]
        sized = [f"--{name}={size}" for name, size in zip(("embedding", "units", "batch-size"), sizes, strict=True)]
        train = [sys.executable, "-m", "imdb_gru", "train", "--json", "--overwrite", f"--run={folder}/run", *options]
        script = [python, str(Path(__file__).parent / "peers" / "keras_workers.py")]
        commands = {}
        for count in (1, 2):
            cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[:count]))
            # Ray's workers have a lower priority than the peers' by default
            bound = ["env", "RAY_worker_niceness=0", "taskset", "-c", cores]
            for precision in ours:
                own = [*bound, *train, f"--set=train.precision={precision}"]
                commands[f"{precision} {count}"] = own + ["--workers=2"] * (count == 2)
            for peer in peers:
                commands[f"{peer} {count}"] = [*script, peer, str(folder / "reviews.npz"), f"--workers={count}", *sized]
        measurements = Measurements(commands)
        measurements.run(rounds)
    for peer in peers:
        if measurements.median(f"{peer} 2", "weights_apart"):
            raise click.ClickException(f"the workers of {peer} ended with different weights")
    described = "embedding {}, {} units, {} reviews per worker".format(*sizes)
    print(f"{len(reviews)} reviews, {described}; load {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
    print(f"{'':28}reviews/s of 1    of 2" + "".join(f"  ours, {precision}, 1: times    2:" for precision in ours))
    titles = {precision: f"imdb-gru, {precision}" for precision in ours} | peers
    for entrant, title in titles.items():
        line = f"{title:28}"
        for count, width in ((1, 14), (2, 8)):
            line += f"{len(reviews) / measurements.median(f'{entrant} {count}', 'seconds'):{width},.0f}"
        for precision in ours:
            for count, width in ((1, 24), (2, 6)):
                line += f"{measurements.compare(f'{entrant} {count}', f'{precision} {count}', 'seconds'):{width}.2f}"
        print(line)


def measure_bytes(config: Any, corpus: Any) -> tuple[int, int, dict[int, tuple[int, int]]]:
    """Return a worker's batch size, the number of reviews, and the size of a gradient, dense and as rows of words."""
    import numpy as np

    from imdb_gru.corpus.encoded import iter_batches
    from imdb_gru.runs.weights import iter_shapes

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
    """Train, and return the time in seconds of the second epoch, in which nothing is compiled."""
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
    """Return the milliseconds that two processes on this machine need to sum this number of bytes."""
    with socket.socket() as first, socket.socket() as second:
        for place in (first, second):
            place.bind(("127.0.0.1", 0))
        places = [f"127.0.0.1:{place.getsockname()[1]}" for place in (first, second)]
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        return statistics.mean(pool.starmap(add_up, [(places, rank, size // FLOAT) for rank in range(2)], chunksize=1))


def add_up(places: list[str], rank: int, numbers: int) -> float:
    """Repeat a sum with the other process; return the milliseconds per sum."""
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
