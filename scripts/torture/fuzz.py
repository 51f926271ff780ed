"""Run every reader on mutated files; a reader fails if it ends in anything but a result or one clear error message.

    python scripts/torture/fuzz.py                        # 1,000 files for each reader
    python scripts/torture/fuzz.py --seconds 120 tar npz  # two minutes each for these

Needs `pip install '.[fuzz]'`. Files that crash a reader are stored in the folder given with --kept.
"""

import gzip
import io
import json
import lzma
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from imdb_gru.errors import ImdbGruError

LONGEST_MESSAGE = 20_000
"""Maximum number of characters in an error message; the longest lists fifty errors in a config."""


class Target(NamedTuple):
    """A reader and its initial files."""

    file: str
    """Name of the file that is written; other files may be in the same folder."""
    seed: bytes
    """Contents of valid files, to be mutated."""
    wrap: Callable[[bytes], bytes]
    """Function that turns mutated bytes into a file; for compressed files, it compresses them."""
    read: Callable[[Path], Any]


def plain(content: bytes) -> bytes:
    """Return the bytes unchanged."""
    return content


def put_in(*names: str) -> Callable[[bytes], bytes]:
    """Return a zip archive whose members are parts of the bytes."""

    def wrap(content: bytes) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name in names:
                archive.writestr(name, content)
        return stream.getvalue()

    return wrap


def read_source(path: Path) -> None:
    """Read all reviews of a source."""
    from imdb_gru.sources import open_source

    (path.parent / "imdb_word_index.json").write_text('{"a": 1, "b": 2}')
    source = open_source(str(path))
    for split in source.splits:
        for _ in source.iter_reviews(split):
            pass


def read_word_index(path: Path) -> None:
    """Read Keras's word index."""
    from imdb_gru.sources import load_word_index

    load_word_index(path.parent)


def read_lines(path: Path) -> None:
    """Read a file as predict does with --input."""
    from imdb_gru.config import DataConfig
    from imdb_gru.models.texts import TextReader

    list(TextReader(file=DataConfig(path=str(path))))


def read_run(path: Path) -> None:
    """Read all files of a run except its weights."""
    from imdb_gru.runs.run import Run

    run = Run(path.parent)
    for read in (run.load_metrics, run.load_history, run.load_vocabulary, run.load_any_config):
        if any(part.exists() for part in (run.metrics_path, run.history_path, run.vocabulary_path, run.config_path)):
            try:
                read()
            except ImdbGruError as error:
                check_message(error)


def read_weights(path: Path) -> None:
    """Read a classifier's weights from a run's weights.npz or model.keras."""
    from imdb_gru.config import load_config
    from imdb_gru.runs.run import Run
    from imdb_gru.runs.weights import load_network, read_keras

    model = load_config("scratch", {"model.embedding": 2, "model.units": 2}).model
    if path.suffix == ".keras":
        read_keras(path, model)
    else:
        load_network(Run(path.parent), model)


def make_tar() -> bytes:
    """Return an uncompressed archive of four reviews."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in ("train/pos/0_9", "train/neg/0_1", "train/unsup/0_0", "test/pos/0_9", "train/urls_pos"):
            member = tarfile.TarInfo(f"aclImdb/{name}.txt")
            member.size = 6
            archive.addfile(member, io.BytesIO(b"a film"))
    return stream.getvalue()


def make_npy(values: Any) -> bytes:
    """Return an .npy file."""
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=True)
    return stream.getvalue()


def make_sequences() -> bytes:
    """Return Keras's sequences of ids."""
    rows = np.empty(2, dtype=object)
    rows[:] = [[1, 2], [2]]
    return make_npy(rows)


def make_parquet() -> bytes:
    """Return a table of two rows."""
    import pyarrow
    from pyarrow import parquet

    stream = io.BytesIO()
    parquet.write_table(pyarrow.table({"text": ["a", "b"], "label": [1, 0], "split": ["train", "test"]}), stream)
    return stream.getvalue()


def put_in_workbook(content: bytes) -> bytes:
    """Return a workbook whose only sheet has these bytes."""
    import openpyxl

    book, stream = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(book)
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name == "xl/worksheets/sheet1.xml" else old.read(name))
    return stream.getvalue()


def make_hdf5() -> bytes:
    """Return the weights file inside a model.keras."""
    import h5py

    stream = io.BytesIO()
    shapes = {"embedding": [(3, 2)], "gru_1/cell": [(2, 6), (2, 6), (2, 6)], "probability": [(4, 1), (1,)]}
    with h5py.File(stream, "w", track_order=False) as file:
        for name, weights in shapes.items():
            file.create_group(f"layers/{name.partition('/')[0]}").require_group("vars").attrs["name"] = name.split("/")[
                0
            ]
            for number, shape in enumerate(weights):
                file.require_group(f"layers/{name}/vars")[str(number)] = np.ones(shape, "f4")
    return stream.getvalue()


CSV = b'text,label,split\n"a, ""b""\nc",1,train\nd,0,test\n'
JSON_LINES = b'{"text": "a", "label": 1, "split": "train"}\n{"text": "b", "label": 0, "split": "test"}\n'
SHEET = b"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c t="inlineStr"><is><t>text</t></is></c><c t="inlineStr"><is><t>label</t></is></c></row>
<row r="2"><c t="inlineStr"><is><t>a</t></is></c><c><v>1</v></c></row></sheetData></worksheet>"""
METRICS = {
    "format": 1,
    "interrupted": False,
    "best": {"epoch": 1},
    "data": {"hash": "0", "train": 1},
    "files": {"a": "b"},
}

TARGETS: dict[str, Callable[[], Target]] = {
    "csv": lambda: Target("a.csv", CSV, plain, read_source),
    "tsv": lambda: Target("a.tsv", CSV.replace(b",", b"\t"), plain, read_source),
    "jsonl": lambda: Target("a.jsonl", JSON_LINES, plain, read_source),
    "json": lambda: Target("a.json", b"[" + JSON_LINES.strip().replace(b"\n", b",") + b"]", plain, read_source),
    "excel": lambda: Target("a.xlsx", SHEET, put_in_workbook, read_source),
    "packed": lambda: Target("a.csv.gz", gzip.compress(CSV), plain, read_source),
    "xz": lambda: Target("a.csv.xz", lzma.compress(CSV), plain, read_source),
    "zipped": lambda: Target("a.zip", put_in("a.csv")(CSV), plain, read_source),
    "parquet": lambda: Target("a.parquet", make_parquet(), plain, read_source),
    "tar": lambda: Target("a.tar.gz", make_tar(), lambda content: gzip.compress(content, 1), read_source),
    "gzip": lambda: Target("a.tar.gz", gzip.compress(make_tar()), plain, read_source),
    "npz": lambda: Target(
        "imdb.npz", make_sequences(), put_in("x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"), read_source
    ),
    "zip": lambda: Target("imdb.npz", put_in("x_train.npy", "y_train.npy")(make_npy([1, 0])), plain, read_source),
    "word-index": lambda: Target("imdb_word_index.json", b'{"a": 1}', plain, read_word_index),
    "lines": lambda: Target("a.txt", "\ufeffa film\r\ncaf\xe9\n".encode("latin-1", "replace"), plain, read_lines),
    "vocabulary": lambda: Target("vocabulary.json", b'{"tokenizer": "words", "words": ["a"]}', plain, read_run),
    "metrics": lambda: Target("metrics.json", json.dumps(METRICS).encode(), plain, read_run),
    "history": lambda: Target("history.jsonl", b'{"epoch": 1, "loss": 0.5}\n', plain, read_run),
    "config": lambda: Target("config.yaml", b"task: sentiment\ntrain: {epochs: 3}\n", plain, read_run),
    "weights": lambda: Target(
        "weights.npz", make_npy(np.ones((2, 6), "f4")), put_in(*(f"{n}.npy" for n in range(6))), read_weights
    ),
    "keras": lambda: Target("model.keras", make_hdf5(), put_in("model.weights.h5"), read_weights),
}


def check_message(error: ImdbGruError) -> None:
    """Fail if an error message is too long."""
    if len(str(error)) > LONGEST_MESSAGE:
        raise AssertionError(f"an error message of {len(str(error)):,} characters")


def feed(target: Target, content: bytes, folder: Path) -> None:
    """Run a reader on a file of mutated bytes; unexpected errors propagate."""
    path = folder / target.file
    path.write_bytes(target.wrap(content))
    try:
        target.read(path)
    except ImdbGruError as error:
        check_message(error)


def fuzz(name: str, runs: int | None, seconds: int | None, kept: Path) -> None:
    """Fuzz one reader, then end the process."""
    import atheris

    with atheris.instrument_imports(include=["imdb_gru"]):
        import imdb_gru.cli._texts
        import imdb_gru.models.classifier
        import imdb_gru.runs.run
        import imdb_gru.sources.aclimdb
        import imdb_gru.sources.columnar
        import imdb_gru.sources.delimited
        import imdb_gru.sources.json_rows
        import imdb_gru.sources.keras_npz
        import imdb_gru.sources.lines
        import imdb_gru.sources.table  # noqa: F401
    target = TARGETS[name]()
    with tempfile.TemporaryDirectory() as folder:
        seeds, workplace = Path(folder, "seeds"), Path(folder, "work")
        seeds.mkdir()
        workplace.mkdir()
        (seeds / "seed").write_bytes(target.seed)
        limits = [f"-runs={runs}"] if seconds is None else [f"-max_total_time={seconds}"]
        options = [
            *limits,
            "-seed=1",
            "-timeout=30",
            "-rss_limit_mb=4096",
            "-max_len=8192",
            f"-artifact_prefix={kept}/",
        ]
        atheris.Setup([sys.argv[0], *options, str(seeds)], lambda content: feed(target, content, workplace))
        atheris.Fuzz()


@click.command()
@click.argument("readers", nargs=-1, type=click.Choice(list(TARGETS)))
@click.option(
    "--runs", type=click.IntRange(min=1), default=1000, show_default=True, help="Number of files for each reader."
)
@click.option("--seconds", type=click.IntRange(min=1), help="Time for each reader, instead of a number of files.")
@click.option("--kept", type=click.Path(path_type=Path), default=Path("crashes"), show_default=True, metavar="DIR")
@click.option("--here", is_flag=True, hidden=True)
def main(readers: tuple[str, ...], runs: int, seconds: int | None, kept: Path, here: bool) -> None:
    """Run READERS, or all readers, on mutated files; exit with 1 if one crashes, hangs, or takes 4 GB of memory."""
    if here:
        fuzz(readers[0], runs, seconds, kept)
    kept.mkdir(parents=True, exist_ok=True)
    failed = []
    click.echo(f"{'reader':11}{'files':>9}  outcome")
    for name in readers or TARGETS:
        limit = ["--runs", str(runs)] if seconds is None else ["--seconds", str(seconds)]
        command = [sys.executable, __file__, "--here", "--kept", str(kept), *limit, name]
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, env=os.environ)
        done = re.findall(r"^#(\d+)", result.stderr, re.MULTILINE) or ["0"]
        click.echo(f"{name:11}{int(done[-1]):9,}  {'passed' if result.returncode == 0 else 'FAILED'}")
        if result.returncode:
            failed.append(name)
            click.echo(result.stderr[-3000:], err=True)
    kept.rmdir() if not any(kept.iterdir()) else None
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
