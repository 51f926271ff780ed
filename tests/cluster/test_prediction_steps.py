"""The steps of a chunk: read, scored, written."""

import json
import subprocess
import sys
from itertools import chain

import pytest
from support.models import make_calibrated_classifier, make_classifier
from support.prediction_steps import (
    TEXTS,
    make_worker,
    predict_locally,
    pyarrow,
    read_all,
    read_answers,
    run_steps,
    write_lines,
)

from imdb_gru.cluster import chunks as steps
from imdb_gru.models import batches, precision
from imdb_gru.system.memory import measure_own_memory

pytestmark = pytest.mark.processes


@pytest.fixture
def _small_chunks(monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 8)
    monkeypatch.setattr(precision, "ENGINE_TOKENS", 90)  # some chunks are for the engine, and some for NumPy


@pytest.mark.usefixtures("_small_chunks")
@pytest.mark.parametrize("timesteps", [False, True])
@pytest.mark.parametrize("together", [1, 3, 100])
def test_answers_are_the_local_paths_to_the_last_bit_however_chunks_are_dealt_out(tmp_path, together, timesteps):
    classifier = make_classifier(units=16)
    paths = [write_lines(tmp_path / f"{number}.jsonl", TEXTS[number : 60 - number]) for number in range(2)]
    tables = read_all(*paths)
    dealt = [pyarrow.concat_tables(tables[at : at + together]) for at in range(0, len(tables), together)]
    noted = run_steps(classifier, tmp_path / "out", reversed(dealt), timesteps=timesteps)
    answers, places = read_answers(tmp_path / "out", timesteps=timesteps)
    local = [predict_locally(classifier, TEXTS[number : 60 - number], timesteps=timesteps) for number in range(2)]
    assert answers == list(chain(*local))
    assert places == [
        (str(path), row) for path, part in zip(paths, local, strict=True) for row in range(1, len(part) + 1)
    ]
    assert sum(json.loads(row["notes"])["counts"]["all"] for row in noted) == len(answers)


def test_labels_are_unsure_where_the_local_path_is_unsure(tmp_path):
    classifier = make_calibrated_classifier()
    noted = run_steps(classifier, tmp_path / "out", read_all(write_lines(tmp_path / "a.jsonl", TEXTS)), max_error=0.1)
    answers, _ = read_answers(tmp_path / "out")
    assert answers == predict_locally(classifier, TEXTS, max_error=0.1) != predict_locally(classifier, TEXTS)
    unsure = sum(json.loads(answer)["label"] == "unsure" for answer in answers)
    assert sum(json.loads(row["notes"])["counts"]["unsure"] for row in noted) == unsure > 5


@pytest.mark.usefixtures("_small_chunks")
def test_other_chunks_would_give_other_bits():
    classifier = make_classifier(units=16)
    whole = predict_locally(classifier, TEXTS)
    assert list(chain(*(predict_locally(classifier, [text]) for text in TEXTS))) != whole


@pytest.mark.usefixtures("_small_chunks")
def test_chunks_that_are_done_are_passed_over_and_the_last_says_so(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", TEXTS[:20])
    rows = [table.to_pylist()[0] for table in read_all(path, done=[1])]
    assert [(row["chunk"], row["rows"][0], len(row["texts"]), row["last"]) for row in rows] == [
        (0, 1, 8, False),
        (2, 17, 4, True),
    ]


def test_bytes_that_are_not_utf8_are_counted_where_they_stand(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 2)
    (tmp_path / "a.csv").write_bytes(b"text\nfine\ncaf\x81\nfine\n\x8f\n")
    tables = read_all(tmp_path / "a.csv")
    assert [row["undecodable"] for table in tables for row in table.to_pylist()] == [1, 1]
    assert tables[0]["texts"].to_pylist()[0][1] == "caf\ufffd"


def test_a_broken_line_is_named_before_its_file_is_predicted(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n' * 4 + "{broken\n")
    (row,) = run_steps(make_classifier(), tmp_path / "out", read_all(tmp_path / "a.jsonl"))
    assert "a.jsonl, row 5: not JSON" in row["error"]
    assert list((tmp_path / "out").iterdir()) == []


def test_a_storage_that_fails_is_told_in_a_line(tmp_path, monkeypatch):
    class CredentialsError(Exception):
        pass

    def fail(*_, **__):
        raise CredentialsError("no credentials\nare here")

    monkeypatch.setattr(steps, "open_table", fail)
    (table,) = read_all(tmp_path / "a.csv")
    assert table["error"].to_pylist() == [f"cannot read {tmp_path / 'a.csv'}: no credentials are here"]


def test_a_folder_that_cannot_be_written_is_told_in_a_line(tmp_path):
    (table,) = read_all(write_lines(tmp_path / "a.jsonl", ["fine"]))
    partition = make_worker(make_classifier())(table)
    (row,) = steps.write_partitions(partition, folder=str(tmp_path / "nowhere")).to_pylist()
    assert row["error"].startswith(f"cannot write {tmp_path / 'nowhere'}: No such file")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone tells")
def test_a_worker_tells_its_own_memory_without_what_it_shares(tmp_path):
    from multiprocessing import shared_memory

    before = measure_own_memory()
    own = bytearray(b"x" * 100 * 2**20)
    shared = shared_memory.SharedMemory(create=True, size=len(own))
    try:
        shared.buf[:] = own
        assert 90 < measure_own_memory() - before < 110
    finally:
        shared.close()
        shared.unlink()


def test_a_worker_of_another_version_refuses(tmp_path):
    (table,) = read_all(write_lines(tmp_path / "a.jsonl", ["fine"]))
    (error,) = make_worker(make_classifier(), version="0.0")(table)["error"].to_pylist()
    assert error.endswith("install the same version on every node")


def test_a_worker_loads_neither_tensorflow_nor_keras(tmp_path):
    write_lines(tmp_path / "a.jsonl", ["fine"])
    code = f"""
import sys
import pyarrow
from imdb_gru.models.classifier import Classifier
from imdb_gru.cluster import chunks
from imdb_gru.config import DataConfig
from imdb_gru.runs.catalogue import BundledRun
files = pyarrow.Table.from_pylist([{{"file": 0, "address": {str(tmp_path / "a.jsonl")!r}, "done": []}}], chunks.FILE)
worker = chunks.Worker(Classifier.load(BundledRun("sentiment")), version="", timesteps=False)
worker.version = chunks.imdb_gru.__version__
(chunk,) = chunks.read_chunks(files, data=DataConfig())
(row,) = chunks.write_partitions(worker(chunk), folder={str(tmp_path)!r}).to_pylist()
assert row["error"] is None, row
print(sorted({{"tensorflow", "keras", "h5py"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    from pyarrow import parquet

    assert parquet.read_table(tmp_path / "part-00000-00000.parquet").column_names == [
        "text", "label", "probability", "note", "file", "row",
    ]  # fmt: skip
