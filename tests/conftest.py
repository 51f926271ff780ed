import csv
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from imdb_gru.runs.run import Run
from imdb_gru.sources.review import Review

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")

pytest_plugins = ["next_word_runs", "bundles", "clusters"]

CORPUS = os.environ.get("IMDB_GRU_DATA")

TEXTS = {
    ("train", 1): ["A wonderful film, truly.", 'She said "go", and I went.<br /><br />Loved it!', "très bon 😍"],
    ("train", 0): ["Dull, dull,\ndull.", "It isn't good; it's awful (really).", "No."],
    ("test", 1): ["Not bad at all, quite good."],
    ("test", 0): ["I expected better - it was a mess."],
}
KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


@pytest.fixture(autouse=True)
def _isolated(monkeypatch, tmp_path):
    monkeypatch.delenv("IMDB_GRU_DATA", raising=False)
    monkeypatch.setenv("IMDB_GRU_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def corpus_path():
    if not CORPUS:
        pytest.skip("the real corpus is not at hand: set IMDB_GRU_DATA to it")
    return Path(CORPUS)


def list_reviews(split):
    """The small corpus as reviews, in the order that every source keeps."""
    return [
        Review(text, label, f"tt000000{label}{number}" if split == "train" else f"tt000001{label}{number}")
        for label in (1, 0)
        for number, text in enumerate(TEXTS[split, label])
    ]


def iter_members():
    for split in ("train", "test"):
        for polarity, label in (("pos", 1), ("neg", 0)):
            films = [review.film for review in list_reviews(split) if review.label == label]
            urls = "".join(f"http://www.imdb.com/title/{film}/usercomments\n" for film in films)
            yield f"aclImdb/{split}/urls_{polarity}.txt", urls
            for number, text in enumerate(TEXTS[split, label]):
                yield f"aclImdb/{split}/{polarity}/{number}_{9 if label else 2}.txt", text
    yield "aclImdb/train/unsup/0_0.txt", "never read"


def write_tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for member, content in members:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
            data = content.encode()
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def keras_words(text):
    return text.lower().translate(str.maketrans(dict.fromkeys(KERAS_FILTERS, " "))).split()


def write_npz(folder):
    words = sorted({word for texts in TEXTS.values() for text in texts for word in keras_words(text)})
    index = {word: rank for rank, word in enumerate(words, 1)}
    (folder / "imdb_word_index.json").write_text(json.dumps(index))
    arrays = {}
    for split in ("train", "test"):
        reviews = list_reviews(split)
        sequences = np.empty(len(reviews), dtype=object)
        sequences[:] = [[index[word] for word in keras_words(review.text)] for review in reviews]
        arrays |= {f"x_{split}": sequences, f"y_{split}": np.array([review.label for review in reviews])}
    np.savez(folder / "imdb.npz", **arrays)
    return folder / "imdb.npz"


def write_table(path, *, labels=("negative", "positive"), split=True):
    rows = [
        {"Review": review.text, "Sentiment": labels[review.label], **({"split": part} if split else {})}
        for part in ("train", "test")
        for review in list_reviews(part)
    ]
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    elif path.suffix == ".parquet":
        pytest.importorskip("pyarrow")
        from pyarrow import Table, parquet

        parquet.write_table(Table.from_pylist(rows), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


FORMATS = ("folder", "parent", "tar", "npz", "csv", "tsv", "jsonl", "parquet")


@pytest.fixture
def write_corpus(tmp_path):
    """Write the small corpus in a format, and return the path to name with --data."""

    def write(kind):
        if kind in ("folder", "parent"):
            for name, text in iter_members():
                path = tmp_path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8", newline="")
            return tmp_path / "aclImdb" if kind == "folder" else tmp_path
        if kind == "tar":
            return write_tar(tmp_path / "aclImdb_v1.tar.gz", iter_members())
        if kind == "npz":
            return write_npz(tmp_path)
        return write_table(tmp_path / f"reviews.{kind}")

    return write


def rewrite_zip(path, changes):
    """Replace members of a zip."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | changes).items():
            archive.writestr(name, content)


@dataclass
class Result:
    code: int
    out: str
    err: str


@pytest.fixture
def invoke(monkeypatch, capsys):
    """Run the command line in this process."""
    from imdb_gru.cli import main

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["imdb-gru", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return Result(int(stop.value.code or 0), captured.out, captured.err)

    return run


def call(*arguments, text=True, **options):
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "imdb_gru", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=text, timeout=120, check=False, **options)


def start_from_scratch(values=None):
    """The keys of the config scratch, whose model starts from random weights, with those of `values` in their place."""
    from imdb_gru.config.loading import read_values

    def merge(base, changes):
        for key, value in changes.items():
            base[key] = merge(base[key], value) if isinstance(base.get(key), dict) else value
        return base

    return merge(read_values("scratch"), values or {})


TINY = {
    "model": {"embedding": 8, "units": 8},
    "train": {"epochs": 2, "batch_size": 16, "deterministic": True, "objective": "linear"},
}
"""Keys of a small model that is trained in seconds; the rest is that of the config scratch."""


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory) -> Run:
    """A run trained on a part of the sample."""
    from imdb_gru.config import build_config
    from imdb_gru.tasks.training import train

    config = build_config(start_from_scratch({"data": {"path": "sample", "limit": 200}, **TINY}), "test")
    return train(config, run=tmp_path_factory.mktemp("runs") / "sample")


TWIN_WORDS = 30


def make_sequences(rng, lengths=(1, 2, 5, 9, 9, 17)):
    """Ids for the vocabulary of `build_twins`."""
    from imdb_gru.text.vocabulary import START

    return [np.array([START, *rng.integers(2, TWIN_WORDS + 3, length - 1)], dtype=np.int32) for length in lengths]


@pytest.fixture
def build_twins(tmp_path):
    """Build a Keras model of random weights, and the classifier that reads its file."""
    from imdb_gru.config import build_config
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.runs.weights import read_keras
    from imdb_gru.text.vocabulary import Vocabulary
    from imdb_gru.training.model import build_model, keras

    def build(**model):
        keras.utils.set_random_seed(11)
        config = build_config(start_from_scratch({"model": {"embedding": 5, "units": 6, **model}}), "test")
        keras_model = build_model(config.model, TWIN_WORDS + 3)
        rng = np.random.default_rng(2)
        keras_model.set_weights([rng.normal(0, 0.6, weight.shape) for weight in keras_model.get_weights()])
        keras_model.save(tmp_path / "model.keras")
        vocabulary = Vocabulary("words", [f"w{number}" for number in range(TWIN_WORDS)])
        return keras_model, Classifier(config, vocabulary, read_keras(tmp_path / "model.keras", config.model))

    return build


def make_classifier(seed=0, **model):
    """A classifier of random weights over the words w0, w1 …, made without Keras."""
    from imdb_gru.cells import CELLS
    from imdb_gru.cells.network import Layer, Network
    from imdb_gru.config import build_config
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.text.vocabulary import Vocabulary

    config = build_config(start_from_scratch({"model": {"embedding": 5, "units": 6, **model}}), "test")
    model = config.model
    rng = np.random.default_rng(seed)
    gates = {"gru": 3, "lstm": 4, "simple_rnn": 1}[model.cell]
    directions = 1 + model.bidirectional

    def draw(*shape):
        return rng.normal(0, 0.7, shape).astype("f")

    def draw_cell(features):
        width = gates * model.units
        bias = (2, width) if model.cell == "gru" else (width,)
        return CELLS[model.cell](draw(features, width), draw(model.units, width), draw(*bias))

    features, layers = model.embedding, []
    for _ in range(model.layers):
        cells = [draw_cell(features) for _ in range(directions)]
        layers.append(Layer(*cells))
        features = directions * model.units
    sizes = [features * len(model.pooling), *model.dense, 1]
    dense = [(draw(rows, columns), draw(columns)) for rows, columns in pairwise(sizes)]
    network = Network(draw(TWIN_WORDS + 3, model.embedding), layers, tuple(model.pooling), dense)
    return Classifier(config, Vocabulary("words", [f"w{number}" for number in range(TWIN_WORDS)]), network)
