"""Compare imdb-gru with its alternatives: run whole processes in turn, and print the median times.

python scripts/benchmarks/benchmark.py train
"""

import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from measurements import Measurements, draw, save

Record = dict[str, Any]

PEERS = Path(__file__).parent / "peers"
REVIEW = "I expected it to be dull, but it was wonderful."
OURS = [sys.executable, "-m", "imdb_gru"]
STOCK, BUCKETED, TORCH, MINE = "Keras, padded", "Keras, bucketed", "PyTorch, padded", "imdb-gru"
TUTORIAL = {"text.tokenizer": "keras", "text.vocabulary": "keras", "text.max_words": 5000, "model.embedding": 32,
            "model.pooling": "[last]", "model.dropout": "{word: 0, embedding: 0, recurrent: 0, output: 0}",
            "train.learning_rate": 0.001, "train.schedule": "constant", "train.warmup": 0, "train.clip_norm": "null",
            "train.averaging": "null", "train.objective": "last", "train.validation_split": 0}  # fmt: skip
"""Settings that turn the config `scratch` into the tutorial's model and optimizer."""

FLOAT32 = "imdb-gru, float32"

QUICK = ("model.units=64", "train.epochs=2", "train.learning_rate=0.004", "train.objective=last")
"""Settings with which the config `scratch` reaches a good validation accuracy quickly."""

rounds_option = click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1))


def find_npz() -> str:
    """Return the path of imdb.npz in $IMDB_GRU_DATA, or "keras" to let Keras download it."""
    path = Path(os.environ.get("IMDB_GRU_DATA", "")) / "imdb.npz"
    return str(path) if path.is_file() else "keras"


npz_option = click.option(
    "--npz",
    default=find_npz,
    metavar="FILE",
    help="The path of imdb.npz, beside imdb_word_index.json [default: in $IMDB_GRU_DATA, or downloaded by Keras].",
)
json_option = click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to a file.")
run_argument = click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.group()
def benchmark() -> None:
    """Compare the speed and memory of imdb-gru with those of Keras and PyTorch."""


@benchmark.command()
@npz_option
@rounds_option
@json_option
@click.option("--reviews", default=6400, show_default=True, help="Number of reviews per epoch; IMDB has 25000.")
@click.option("--units", default="128", show_default=True, help="Numbers of units of the GRU, for 500 words.")
@click.option("--words", default="500", show_default=True, help="Numbers of words per review, for 128 units.")
@click.option("--plot", type=click.Path(path_type=Path), help="Save a chart of the speeds in this file.")
def train(
    npz: str, rounds: int, json_path: Path | None, reviews: int, units: str, words: str, plot: Path | None
) -> None:
    """Measure the time of an epoch of the tutorial's model, after a warm-up on the same reviews."""
    sizes = [(int(u), 500) for u in units.split(",")] + [(128, int(w)) for w in words.split(",") if w != "500"]
    records = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            measurements = Measurements(list_trainers(npz, reviews, *size, Path(folder)))
            measurements.run(rounds)
            records += report_training(measurements, reviews, *size)
    save(json_path, records)
    if plot:
        charts = {
            "units, for 500 words": list_lines(records, "units", {"words": 500}),
            "words, for 128 units": list_lines(records, "words", {"units": 128}),
        }
        draw(plot, charts, "training speed, reviews per second")


def list_lines(records: list[Record], axis: str, fixed: Record) -> dict[str, list[tuple[float, float]]]:
    """Return each trainer's points along an axis, using only the records with the fixed values."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for record in records:
        if fixed.items() <= record.items():
            lines.setdefault(record["name"], []).append((record[axis], record["reviews_per_second"]))
    return lines


def list_trainers(npz: str, reviews: int, units: int, words: int, folder: Path) -> dict[str, list[str]]:
    """Return the commands that train an epoch: imdb-gru, Keras (padded and bucketed), and PyTorch if installed."""
    size = [npz, "--reviews", str(reviews), "--units", str(units), "--words", str(words)]
    ours = [*OURS, "train", "--config", "scratch", "--data", name_data(npz)]
    ours += ["--run", str(folder / "run"), "--overwrite", "--json"]
    settings = {**TUTORIAL, "data.limit": reviews, "model.units": units, "text.length": words, "train.epochs": 2}
    keras_peer = [sys.executable, str(PEERS / "keras_tutorial.py"), *size]
    trainers = {STOCK: keras_peer, BUCKETED: [*keras_peer, "--bucketed"]}
    if find_spec("torch"):
        trainers[TORCH] = [sys.executable, str(PEERS / "torch_tutorial.py"), *size]
    return {**trainers, MINE: [*ours, *(f"--set={key}={value}" for key, value in settings.items())]}


def name_data(npz: str) -> str:
    """Return the value of --data for the peers' imdb.npz, which Keras stores in its own folder."""
    return str(Path.home() / ".keras/datasets/imdb.npz") if npz == "keras" else npz


def report_training(measurements: Measurements, reviews: int, units: int, words: int) -> list[Record]:
    """Print and return the records for one size."""
    click.echo(f"\n{units} units, {words} words, {reviews} reviews, batches of 64; {describe(measurements)}")
    click.echo(f"{'':16} {'reviews/s':>9} {'peak MB':>8} {'imdb-gru is':>12}")
    records = []
    for name in measurements.commands:
        record = {
            "name": name,
            "units": units,
            "words": words,
            "reviews_per_second": reviews / measurements.median(name, "seconds"),
            "megabytes": measurements.median(name, "megabytes"),
            "times_as_fast": measurements.compare(name, MINE, "seconds"),
        }
        records.append(record)
        times = "" if name == MINE else f"{record['times_as_fast']:.1f} times"
        click.echo(f"{name:16} {record['reviews_per_second']:9.0f} {record['megabytes']:8.0f} {times:>12}")
    return records


@benchmark.command()
@npz_option
@rounds_option
@json_option
@click.option("--reviews", default=640, show_default=True, help="Number of reviews per epoch.")
@click.option("--units", default=256, show_default=True, help="Number of units of the GRU.")
@click.option("--embedding", default=128, show_default=True, help="Size of the embedding.")
def pretrain(npz: str, rounds: int, json_path: Path | None, reviews: int, units: int, embedding: int) -> None:
    """Measure the time of an epoch of a next-word model with 20,000 words, after a warm-up on the same reviews."""
    sizes = {"--reviews": reviews, "--units": units, "--embedding": embedding}
    peer = [
        sys.executable,
        str(PEERS / "keras_next_word.py"),
        npz,
        *(str(part) for pair in sizes.items() for part in pair),
    ]
    settings = {"text.tokenizer": "keras", "text.vocabulary": "keras", "data.limit": reviews, "model.units": units,
                "model.embedding": embedding, "train.epochs": 2, "train.validation_split": 0}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        run = str(Path(folder) / "run")
        ours = [*OURS, "pretrain", "--data", name_data(npz), "--run", run, "--overwrite", "--json"]
        ours += [f"--set={key}={value}" for key, value in settings.items()]
        measurements = Measurements({"Keras": peer, FLOAT32: [*ours, "--set=train.precision=float32"], MINE: ours})
        measurements.run(rounds)
    click.echo(f"\n{units} units, embedding {embedding}, 20,000 words, {reviews} reviews; {describe(measurements)}")
    click.echo(f"{'':18} {'words/s':>9} {'peak MB':>8} {'times Keras':>12}")
    records = []
    for name in measurements.commands:
        speed, megabytes = (measurements.median(name, figure) for figure in ("words_per_second", "megabytes"))
        times = 1 / measurements.compare("Keras", name, "words_per_second")
        records.append({"name": name, "words_per_second": speed, "megabytes": megabytes, "times_keras": times})
        click.echo(f"{name:18} {speed:9,.0f} {megabytes:8.0f} {times:12.1f}")
    save(json_path, records)


@benchmark.command()
@npz_option
@rounds_option
@json_option
@click.option("--accuracy", default=0.88, show_default=True, help="Accuracy to reach on the test split.")
@click.option(
    "--set", "settings", multiple=True, default=QUICK, show_default=True, help="Set a key of the config scratch."
)
@click.option("--most", default=6, show_default=True, help="Number of epochs after which the Keras script stops.")
def reach(npz: str, rounds: int, json_path: Path | None, accuracy: float, settings: tuple[str, ...], most: int) -> None:
    """Measure the time from a cold start to a test accuracy, for imdb-gru (train and evaluate) and a Keras script.

    The Keras script evaluates the test split after each epoch; only the last evaluation is counted.
    """
    data = name_data(npz)
    with tempfile.TemporaryDirectory() as folder:
        run = str(Path(folder) / "run")
        train_it = [*OURS, "train", "--config", "scratch", "--data", data, "--run", run, "--overwrite"]
        train_it += [f"--set={setting}" for setting in settings]
        stock = [sys.executable, str(PEERS / "keras_tutorial.py"), npz, "--until", str(accuracy), "--epochs", str(most)]
        measurements = Measurements(
            {
                STOCK: stock,
                "imdb-gru train": train_it,
                "imdb-gru evaluate": [*OURS, "evaluate", "--data", data, "--run", run, "--json"],
            }
        )
        measurements.run(rounds)
    seconds = measurements.median("imdb-gru train", "wall") + measurements.median("imdb-gru evaluate", "wall")
    theirs = measurements.median(STOCK, "wall") - measurements.median(STOCK, "scoring") * (
        1 - 1 / measurements.median(STOCK, "epoch")
    )
    click.echo(f"\ntime to {accuracy:.0%} accuracy on the test split; {describe(measurements)}")
    click.echo(f"imdb-gru: {seconds:.0f} s, {measurements.median('imdb-gru evaluate', 'accuracy'):.2%}")
    click.echo(
        f"{STOCK}: {theirs:.0f} s, {measurements.median(STOCK, 'accuracy'):.2%} "
        f"after {measurements.median(STOCK, 'epoch'):.0f} epochs; imdb-gru is {theirs / seconds:.1f} times as fast"
    )
    save(json_path, [{"imdb-gru": seconds, STOCK: theirs, "figures": measurements.figures}])


@benchmark.command()
@run_argument
@click.option("--data", help="Reviews to predict, as for imdb-gru train --data [default: IMDB].")
@click.option("--reviews", default=25000, show_default=True, help="Number of reviews to use from the test split.")
@rounds_option
@json_option
def predict(run: Path, data: str | None, reviews: int, rounds: int, json_path: Path | None) -> None:
    """Measure how fast imdb-gru and a Keras script (padding to 501) predict a file, with and without start-up."""
    from imdb_gru.corpus.corpus import load_reviews
    from imdb_gru.sources import open_source

    texts = [" ".join(review.text.split()) for review in load_reviews(open_source(data), "test", reviews)]
    script, alone = "Keras script", "imdb-gru, alone"
    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder) / "reviews.txt", Path(folder) / "out.csv"
        file.write_text("\n".join(texts) + "\n", "utf-8")
        measurements = Measurements(
            {
                script: [sys.executable, str(PEERS / "keras_bulk.py"), str(run), str(file)],
                MINE: [*OURS, "predict", "--run", str(run), "--input", str(file), "--output", str(output)],
                alone: [sys.executable, str(Path(__file__).parent / "predict_in_process.py"), str(run), str(file)],
            }
        )
        measurements.run(rounds)
    click.echo(f"\n{len(texts)} reviews; {describe(measurements)}")
    for name, entrant, figure in (
        ("model.predict alone", script, "seconds"),
        ("imdb-gru alone", alone, "seconds"),
        ("Keras script in all", script, "wall"),
        ("imdb-gru in all", MINE, "wall"),
    ):
        click.echo(f"{name:20} {len(texts) / measurements.median(entrant, figure):7.0f} reviews/s")
    apart = measurements.median(script, "seconds") / measurements.median(alone, "seconds")
    in_all, memory = measurements.compare(script, MINE, "wall"), measurements.compare(script, MINE, "megabytes")
    click.echo(
        f"imdb-gru is {apart:.1f} times as fast alone and {in_all:.1f} times in all, in 1/{memory:.1f} of the memory"
    )
    save(json_path, [measurements.figures])


@benchmark.command()
@run_argument
@rounds_option
@json_option
def startup(run: Path, rounds: int, json_path: Path | None) -> None:
    """Measure the time of one prediction from a cold start, with imdb-gru and with a Keras script."""
    script = "Keras script"
    measurements = Measurements(
        {
            "imdb-gru --help": [*OURS, "--help"],
            MINE: [*OURS, "predict", "--run", str(run), REVIEW],
            script: [sys.executable, str(PEERS / "keras_predict.py"), str(run), REVIEW],
        }
    )
    measurements.run(rounds)
    click.echo(f"\none prediction; {describe(measurements)}")
    for name in measurements.commands:
        click.echo(
            f"{name:16} {measurements.median(name, 'wall'):6.2f} s {measurements.median(name, 'megabytes'):7.0f} MB"
        )
    faster, lighter = measurements.compare(script, MINE, "wall"), measurements.compare(script, MINE, "megabytes")
    click.echo(f"imdb-gru predict is {faster:.1f} times as fast, in 1/{lighter:.1f} of the memory")
    save(json_path, [measurements.figures])


def describe(measurements: Measurements) -> str:
    """Describe how the figures were measured."""
    rounds = len(next(iter(measurements.figures.values())))
    return f"medians of {rounds} alternating rounds, {os.cpu_count()} cores"


if __name__ == "__main__":
    benchmark()
