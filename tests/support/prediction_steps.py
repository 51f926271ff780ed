"""The steps of bulk prediction on a cluster, taken in this process."""

import json

import pytest

from imdb_gru import __version__
from imdb_gru.config import DataConfig
from imdb_gru.system.escaping import dump_json

pyarrow = pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

from pyarrow import parquet  # noqa: E402

from imdb_gru.cluster import chunks as steps  # noqa: E402

TEXTS = [" ".join(f"w{(number * 7 + k) % 40}" for k in range(number % 23)) for number in range(100)]


def write_lines(path, texts):
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    return path


def list_files(*paths, done=()):
    rows = [{"file": number, "address": str(path), "done": list(done)} for number, path in enumerate(paths)]
    return pyarrow.Table.from_pylist(rows, steps.FILE)


def read_all(*paths, text_column=None, done=()):
    data = DataConfig(text_column=text_column)
    return list(steps.read_chunks(list_files(*paths, done=done), data=data))


def predict_locally(classifier, texts, **options):
    return [dump_json(one.to_dict()) for one in classifier.predict_many(texts, **options)]


def read_answers(folder, *, timesteps=False):
    """The partitions' rows, as the local path writes them, and where each says that it is from."""
    names = ["text", "label", "probability", "note", *(["timesteps"] if timesteps else [])]
    rows = [row for path in sorted(folder.glob("part-*")) for row in parquet.read_table(path).to_pylist()]
    answers = [{name: row[name] for name in names if row[name] is not None} for row in rows]
    return list(map(dump_json, answers)), [(row["file"], row["row"]) for row in rows]


def make_worker(classifier, *, timesteps=False, version=__version__, max_error=None):
    return steps.Worker(classifier, version=version, timesteps=timesteps, max_error=max_error)


def run_steps(classifier, folder, tables, **options):
    """Take tables of chunks through a worker into partitions; return what was noted."""
    worker = make_worker(classifier, **options)
    folder.mkdir(exist_ok=True)
    noted = [steps.write_partitions(worker(table), folder=str(folder)) for table in tables]
    return [row for table in noted for row in table.to_pylist()]
