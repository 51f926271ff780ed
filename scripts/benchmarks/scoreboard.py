"""Compare imdb-gru with other sentiment analysers: accuracy, size, start-up, speed, training time and memory.

python scripts/benchmarks/scoreboard.py --folder runs/scoreboard --row vader --row package

Every row has a virtual environment of its own, in which it is set up as its documentation says. Rows that need
training are trained on the train split; all are evaluated on the test split, as finished models. The figures of
finished rows are kept in scoreboard.json in the folder, so that the command can be repeated until all rows are there.
"""

import csv
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from measurements import measure

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "scripts" / "benchmarks" / "peers"
STARTS = 5
"""Number of cold starts, of which the median counts."""
REVIEW = "I expected it to be dull, but it was wonderful."


@dataclass(frozen=True)
class Row:
    """An entrant: what to install, and how it is trained and asked."""

    title: str
    packages: Sequence[str]
    """What pip installs; {root} is this project."""
    script: str | None = None
    """The script in `peers/`; without one, the entrant is imdb-gru itself."""
    trains: bool = True
    config: str | None = None
    """The config with which imdb-gru trains."""
    model: str | None = None
    """The files of the model in the installed packages, as a glob, if no model is trained."""


ROWS = {
    "vader": Row("VADER", ["vaderSentiment"], "vader_lexicon", trains=False, model="vaderSentiment/*.txt"),
    "textblob": Row("TextBlob", ["textblob"], "textblob_polarity", trains=False, model="textblob/en/*.*"),
    "fasttext": Row("fastText, bigrams", ["fasttext-numpy2-wheel"], "fasttext_supervised"),
    "nbsvm": Row("NB-SVM, trigrams", ["{root}[sklearn]"], "nbsvm"),
    "spacy": Row("spaCy textcat", ["spacy"], "spacy_textcat"),
    "torch": Row("PyTorch, LSTM", ["torch", "numpy"], "torch_lstm"),
    "keras": Row("Keras, stock LSTM", ["keras", "tensorflow"], "keras_stock"),
    "onnx": Row("ONNX Runtime, our graph", ["onnxruntime", "numpy"], "onnx_runtime", trains=False),
    "package": Row("imdb-gru, in the package", ["{root}"], trains=False, model="imdb_gru/bundled/**/*.*"),
    "fast": Row("imdb-gru, fast", ["{root}"], config="fast"),
    "default": Row("imdb-gru, default", ["{root}"], config="default"),
}
COLUMNS = {
    "accuracy": "accuracy", "log_loss": "log loss", "model_mb": "model MB", "installed_mb": "installed MB",
    "start": "cold start s", "rate": "reviews/s", "training": "training s", "memory": "peak MB",
}  # fmt: skip


@click.command()
@click.option("--folder", default="runs/scoreboard", show_default=True, type=click.Path(path_type=Path))
@click.option("--row", "names", multiple=True, type=click.Choice(list(ROWS)), help="Measure only this row.")
@click.option("--again", is_flag=True, help="Measure rows again that are finished.")
@click.option("--reviews", type=click.IntRange(min=2), help="Number of reviews per split [default: all].")
@click.option(
    "--data",
    default=lambda: os.environ.get("IMDB_GRU_DATA", "sample"),
    metavar="PATH",
    help="As in imdb-gru train [default: $IMDB_GRU_DATA, or the sample].",
)
@click.option("--python", default=sys.executable, help="Python interpreter for the environments [default: this one].")
def main(folder: Path, names: tuple[str, ...], again: bool, reviews: int | None, data: str, python: str) -> None:
    """Measure the rows that are not finished, and print the table."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / "scoreboard.json"
    described = {"data": Path(data).name, "reviews": reviews}
    kept: dict[str, Any] = json.loads(results.read_text()) if results.exists() else {"of": described, "rows": {}}
    if kept["of"] != described:
        raise click.UsageError(f"{results} has figures of {kept['of']}: choose another folder with --folder")
    write_reviews(folder, data, reviews)
    for name in names or ROWS:
        if again or "failed" in kept["rows"].get(name, {"failed": ""}):
            try:
                kept["rows"][name] = measure_row(ROWS[name], folder, folder / name, python)
            except (click.ClickException, subprocess.CalledProcessError) as error:
                reason = error.message if isinstance(error, click.ClickException) else error.stderr
                kept["rows"][name] = {"failed": reason.strip()[-2000:]}
            results.write_text(json.dumps(kept, indent=2) + "\n")
    show(kept["rows"])


def write_reviews(folder: Path, data: str, reviews: int | None) -> None:
    """Write train.csv and test.csv, and one.csv with a single review for cold starts."""
    from imdb_gru.config import DataConfig
    from imdb_gru.corpus.corpus import load_reviews
    from imdb_gru.sources import open_source

    for split in ("train", "test", "one"):
        path = folder / f"{split}.csv"
        if not path.exists():
            rows = [(REVIEW, 1)]
            if split != "one":
                loaded = load_reviews(open_source(DataConfig(path=data)), split, reviews)
                rows = [(review.text, int(review.label or 0)) for review in loaded]
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([("text", "label"), *rows])


def measure_row(row: Row, folder: Path, own: Path, python: str) -> dict[str, Any]:
    """Install, train and evaluate an entrant; raise `ClickException` or `CalledProcessError` if that fails."""
    own.mkdir(exist_ok=True)
    environment = install(row, folder, python)
    interpreter, site = environment / "bin" / "python", next((environment / "lib").glob("*/site-packages"))
    prefix, model, training = [str(interpreter)], own / "model", None
    prefix += [str(PEERS / f"{row.script}.py")] if row.script else ["-m", "imdb_gru"]
    if row.script == "onnx_runtime":
        call(sys.executable, "-m", "imdb_gru", "export", "bundled", "--output", str(model), "--overwrite")
    elif row.trains:
        training = measure([*prefix, "train", *choose_training(row, folder / "train.csv", model)])
    test, one = (
        [*prefix, "predict", *choose_prediction(row, folder / f"{name}.csv", model)] for name in ("test", "one")
    )
    bulk, starts = measure(test), [measure(one)["wall"] for _ in range(STARTS)]
    labels, probabilities = read_column(folder / "test.csv", "label"), read_column(Path(test[-1]), "probability")
    return {
        **score(labels, probabilities),
        "model_mb": sum(map(measure_size, site.glob(row.model))) if row.model else measure_size(model),
        "installed_mb": measure_size(site),
        "start": statistics.median(starts),
        "rate": len(labels) / bulk["wall"],
        "training": training and training["wall"],
        "memory": max(bulk["megabytes"], training["megabytes"] if training else 0),
        "load": os.getloadavg()[0],
        "measured_at": time.strftime("%Y-%m-%d"),
    }


def install(row: Row, folder: Path, python: str) -> Path:
    """Return the virtual environment for an entrant; it is made unless it is there, and shared by the same packages."""
    environment = (
        folder / "environments" / "-".join(Path(name).name.replace("{root}", "imdb-gru") for name in row.packages)
    )
    if not (environment / "installed").exists():
        call(python, "-m", "venv", "--clear", str(environment))
        pip = str(environment / "bin" / "pip")
        call(pip, "install", "--quiet", *(name.format(root=ROOT) for name in row.packages))
        (environment / "installed").touch()
    return environment


def choose_training(row: Row, reviews: Path, model: Path) -> list[str]:
    """Return the arguments of `train`."""
    if row.script:
        return [str(reviews), str(model)]
    return ["--config", str(row.config), "--data", str(reviews), "--run", str(model), "--overwrite", "--json"]


def choose_prediction(row: Row, reviews: Path, model: Path) -> list[str]:
    """Return the arguments of `predict`, the last of which is the output."""
    output = str(model.parent / f"{reviews.stem}-predictions.csv")
    if row.script:
        return [str(reviews), str(model), output]
    return ["--run", str(model) if row.trains else "bundled", "--input", str(reviews), "--output", output]


def call(*command: str) -> None:
    """Run a command, or raise `CalledProcessError`."""
    subprocess.run(command, check=True, capture_output=True, text=True)


def read_column(path: Path, name: str) -> list[float]:
    """Read the numbers in a column of a table."""
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8", newline="") as file:
        return [float(row[name]) for row in csv.DictReader(file)]


def score(labels: Sequence[float], probabilities: Sequence[float]) -> dict[str, float]:
    """Return the accuracy and the log loss; a lexicon's probabilities can be 0 or 1, so they are kept from both."""
    pairs = list(zip(labels, probabilities, strict=True))
    right = [min(max(p if label else 1 - p, 1e-6), 1.0) for label, p in pairs]
    correct = sum((p >= 0.5) == bool(label) for label, p in pairs)
    return {"accuracy": correct / len(pairs), "log_loss": -sum(map(math.log, right)) / len(pairs)}


def measure_size(path: Path) -> float:
    """Return the size in MB of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


def show(rows: dict[str, Any]) -> None:
    """Print the table; rows that failed have their reason, and rows that are missing are named."""
    click.echo(f"{'':26}" + "".join(f"{title:>14}" for title in COLUMNS.values()))
    for name, row in ROWS.items():
        figures = rows.get(name)
        if figures is None:
            click.echo(f"{row.title:26} not measured")
        elif "failed" in figures:
            reason = figures["failed"].splitlines() or ["no reason was given"]
            click.echo(f"{row.title:26} failed: {reason[-1]}")
        else:
            cells = ["-" if figures[key] is None else f"{figures[key]:,.4g}" for key in COLUMNS]
            click.echo(f"{row.title:26}" + "".join(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    main()
