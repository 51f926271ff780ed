"""The steps of a chunk, the folder of partitions, and the whole on a cluster that loses a node."""

import json
import os
import subprocess
import sys
import threading
import time
from itertools import chain

import pytest
from conftest import make_classifier

from imdb_gru import classifier as bulk
from imdb_gru.classifier import encode_json
from imdb_gru.errors import DataError, ImdbGruError, RunError
from imdb_gru.memory import measure_own_memory

pyarrow = pytest.importorskip("pyarrow")
fsspec = pytest.importorskip("fsspec")

from pyarrow import parquet  # noqa: E402

import imdb_gru  # noqa: E402
from imdb_gru.cluster import chunks as steps  # noqa: E402
from imdb_gru.cluster import partitions as folders  # noqa: E402
from imdb_gru.cluster.storage import RemotePath, is_local, list_tables, locate, stamp, write_bytes  # noqa: E402

TEXTS = [" ".join(f"w{(number * 7 + k) % 40}" for k in range(number % 23)) for number in range(100)]
SETTINGS = {"version of imdb-gru": "1", "run": ["b"], "set of options": {}}
STAMPS = [["a.jsonl", 5, 1], ["b.jsonl", 7, 2]]


def write_lines(path, texts):
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), "utf-8")
    return path


def list_files(*paths, done=()):
    rows = [{"file": number, "address": str(path), "done": list(done)} for number, path in enumerate(paths)]
    return pyarrow.Table.from_pylist(rows, steps.FILE)


def read_all(*paths, text_column=None, done=()):
    return list(steps.read_chunks(list_files(*paths, done=done), text_column=text_column))


def predict_locally(classifier, texts, *, timesteps=False):
    return [encode_json(one, timesteps=timesteps) for one in classifier.predict(texts, timesteps=timesteps)]


def read_answers(folder, *, timesteps=False):
    """The partitions' rows, as the local path writes them, and where each says that it is from."""
    names = ["text", "label", "probability", *(["timesteps"] if timesteps else [])]
    rows = [row for path in sorted(folder.glob("part-*")) for row in parquet.read_table(path).to_pylist()]
    return [bulk.dump_json({name: row[name] for name in names}) for row in rows], [(r["file"], r["row"]) for r in rows]


def make_worker(classifier, *, timesteps=False, version=imdb_gru.__version__):
    return steps.Worker(classifier, version=version, timesteps=timesteps)


def run_steps(classifier, folder, tables, *, timesteps=False):
    """Take tables of chunks through a worker into partitions; return what was noted."""
    worker = make_worker(classifier, timesteps=timesteps)
    folder.mkdir(exist_ok=True)
    noted = [steps.write_partitions(worker(table), folder=str(folder)) for table in tables]
    return [row for table in noted for row in table.to_pylist()]


@pytest.fixture
def _small_chunks(monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 8)
    monkeypatch.setattr(bulk, "ENGINE_TOKENS", 90)  # some chunks are for the engine, and some for NumPy


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


@pytest.mark.usefixtures("_small_chunks")
def test_other_chunks_would_give_other_bits():
    classifier = make_classifier(units=16)
    whole = predict_locally(classifier, TEXTS)
    assert list(chain(*(predict_locally(classifier, [text]) for text in TEXTS))) != whole


@pytest.mark.usefixtures("_small_chunks")
def test_chunks_that_are_done_are_passed_over_and_the_last_says_so(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", TEXTS[:20])
    rows = [table.to_pylist()[0] for table in read_all(path, done=[1])]
    assert [(row["chunk"], row["begin"], len(row["texts"]), row["last"]) for row in rows] == [
        (0, 0, 8, False),
        (2, 16, 4, True),
    ]


def test_bytes_that_are_not_utf8_are_counted_where_they_stand(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 2)
    (tmp_path / "a.csv").write_bytes(b"text\nfine\ncaf\xe9\nfine\n\xff\xfe\n")
    tables = read_all(tmp_path / "a.csv")
    assert [row["undecodable"] for table in tables for row in table.to_pylist()] == [1, 1]
    assert tables[0]["texts"].to_pylist()[0][1] == "caf\ufffd"


def test_a_broken_line_comes_after_the_chunks_before_it_and_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 2)
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n' * 4 + "{broken\n")
    first, last = read_all(tmp_path / "a.jsonl")
    assert first["texts"].to_pylist() == [["a", "a"]]
    (row,) = run_steps(make_classifier(), tmp_path / "out", [last])
    assert "a.jsonl, line 5: not JSON" in row["error"]
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
from imdb_gru.classifier import Classifier
from imdb_gru.cluster import chunks
from imdb_gru.runs import BundledRun
files = pyarrow.Table.from_pylist([{{"file": 0, "address": {str(tmp_path / "a.jsonl")!r}, "done": []}}], chunks.FILE)
worker = chunks.Worker(Classifier.load(BundledRun("sentiment")), version="", timesteps=False)
worker.version = chunks.imdb_gru.__version__
(chunk,) = chunks.read_chunks(files, text_column=None)
(row,) = chunks.write_partitions(worker(chunk), folder={str(tmp_path)!r}).to_pylist()
assert row["error"] is None, row
print(sorted({{"tensorflow", "keras", "h5py"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert parquet.read_table(tmp_path / "part-00000-00000.parquet").column_names == [
        "text", "label", "probability", "file", "row",
    ]  # fmt: skip


def test_a_folder_a_glob_and_a_file_are_tables(tmp_path):
    for name in ("b.csv", "a.parquet", "deep/c.jsonl", "notes.md", "_old/d.csv", ".e.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(tmp_path / name) for name in ("a.parquet", "b.csv", "deep/c.jsonl")]
    assert list_tables(str(tmp_path), but="out") == found
    assert list_tables(f"file://{tmp_path}", but="out") == found
    assert list_tables(str(tmp_path / "*.csv"), but="out") == found[1:2]
    assert list_tables(str(tmp_path / "**/*.jsonl"), but="out") == found[2:]
    (tmp_path / "deep" / "part-00000-00000.parquet").touch()
    assert list_tables(str(tmp_path), but=str(tmp_path / "deep")) == found
    assert list_tables("b.csv", but="out") == found[1:2]  # a worker's working folder is another one


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("empty", "there are no tables at empty: name a folder, a glob or a file, of .csv"),
        ("nowhere/*.csv", "there are no tables at nowhere"),
        ("notes.md", "notes.md is no table"),
        ("nonsense://a/b.csv", "nonsense://a/b.csv cannot be opened"),
        ("memory://a.csv", "in the memory of one process"),
    ],
)
def test_an_input_that_cannot_be_meant_is_refused(tmp_path, address, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.md").touch()
    with pytest.raises(DataError, match=message):
        list_tables(address, but="out")


def test_an_address_whose_package_is_missing_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(DataError, match=r"s3://b/a.csv needs a package .*s3fs.*on every node"):
        locate("s3://b/a.csv")


@pytest.fixture
def remote():
    """A folder at an address, with the local folder's interface."""
    filesystem = fsspec.filesystem("memory")
    filesystem.mkdirs("/bucket")
    yield RemotePath(filesystem, "/bucket")
    filesystem.rm("/bucket", recursive=True)


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_tables_at_an_address_are_read_as_those_of_a_disk(write_corpus, remote, monkeypatch, kind):
    path = write_corpus(kind)
    assert not is_local(str(remote))
    write_bytes(remote / path.name, path.read_bytes())
    from imdb_gru.cluster import storage

    monkeypatch.setattr(storage, "locate", lambda _: remote)
    assert list_tables(str(remote), but="out") == [f"memory:///bucket/reviews.{kind}"]
    monkeypatch.setattr(storage, "locate", lambda _: remote / path.name)
    monkeypatch.setattr(steps, "locate", lambda address: path if "://" not in address else remote / path.name)
    here, there = read_all(path, f"memory:///bucket/{path.name}")
    assert here["texts"] == there["texts"]
    before = stamp(str(remote / path.name))
    write_bytes(remote / path.name, b"other")
    assert stamp(str(remote / path.name)) != before


@pytest.fixture(params=["disk", "address"])
def folder(request, tmp_path, monkeypatch):
    """Partitions of two files, of which one is done."""
    place = tmp_path / "out" if request.param == "disk" else request.getfixturevalue("remote") / "out"
    monkeypatch.setattr(steps, "locate", lambda address: place if "out" in address else tmp_path / address)
    if request.param == "disk":
        place.mkdir()
    assert folders.Partitions(place).begin(SETTINGS, STAMPS, resume=False) == []
    monkeypatch.setattr(bulk, "CHUNK", 2)
    for name in ("a.jsonl", "b.jsonl"):
        write_lines(tmp_path / name, ["fine", "dull", ""])
    worker = make_worker(make_classifier())
    for number, table in enumerate(read_all("a.jsonl", "b.jsonl")):
        if number != 2:
            steps.write_partitions(worker(table), folder="out")
    return place


def test_what_is_done_is_not_done_again_and_still_counted(folder):
    partitions = folders.Partitions(folder)
    assert partitions.begin(SETTINGS, STAMPS, resume=True) == []
    assert partitions.list_left(["a.jsonl", "b.jsonl"]) == [{"file": 1, "address": "b.jsonl", "done": [1]}]
    assert [notes.counts.all for _, notes in sorted(partitions.done.items())] == [2, 1, 1]
    assert sum(notes.counts.empty for notes in partitions.done.values()) == 2


def test_a_partition_that_was_cut_short_is_done_again(folder):
    write_bytes(folder / "part-00000-00001.parquet", (folder / "part-00000-00001.parquet").read_bytes()[:-9])
    partitions = folders.Partitions(folder)
    partitions.begin(SETTINGS, STAMPS, resume=True)
    assert [file["done"] for file in partitions.list_left(["a.jsonl", "b.jsonl"])] == [[0], [1]]


def test_a_file_that_changed_is_done_again_whole(folder):
    for _ in range(2):
        partitions = folders.Partitions(folder)
        assert partitions.begin(SETTINGS, [["a.jsonl", 6, 1], STAMPS[1]], resume=True) in (["a.jsonl"], [])
        assert [file["done"] for file in partitions.list_left(["a.jsonl", "b.jsonl"])] == [[], [1]]
    assert sorted(path.name for path in folder.iterdir()) == [folders.SETTINGS, "part-00001-00001.parquet"]


@pytest.mark.parametrize(
    ("changes", "stamps", "resume", "message"),
    [
        ({}, STAMPS, False, "holds partitions already: go on with --resume"),
        ({}, STAMPS[:1], True, "was begun with another input: put that back"),
        ({"run": ["other"]}, STAMPS, True, "was begun with another run"),
        ({"set of options": {"timesteps": True}}, STAMPS, True, "was begun with another set of options"),
    ],
)
def test_a_folder_that_was_begun_with_something_else_is_left_alone(folder, changes, stamps, resume, message):
    with pytest.raises(DataError, match=message):
        folders.Partitions(folder).begin(SETTINGS | changes, stamps, resume=resume)


def test_a_folder_of_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").touch()
    for resume in (False, True):
        with pytest.raises(DataError, match="holds other files than partitions"):
            folders.open_partitions(str(tmp_path)).begin(SETTINGS, STAMPS, resume=resume)
    (tmp_path / folders.SETTINGS).write_text("[]")
    with pytest.raises(DataError, match=r"_settings.json cannot be read"):
        folders.open_partitions(str(tmp_path)).begin(SETTINGS, STAMPS, resume=True)


def test_a_folder_is_one_processes(tmp_path):
    with folders.open_partitions("out").claim():
        with pytest.raises(RunError, match="is being written by"), folders.open_partitions("out").claim():
            pass
        assert (tmp_path / "out").is_dir()
    assert not (tmp_path / "out").exists()


def test_input_that_changed_is_noticed(tmp_path):
    paths = [str(write_lines(tmp_path / f"{number}.jsonl", ["fine"])) for number in range(2)]
    before = folders.stamp_tables(paths)
    assert folders.stamp_tables(paths) == before
    write_lines(tmp_path / "0.jsonl", ["other"])
    assert [one == other for one, other in zip(before, folders.stamp_tables(paths), strict=True)] == [False, True]
    with pytest.raises(DataError, match=r"cannot read nowhere.csv: No such file"):
        stamp("nowhere.csv")


@pytest.fixture(scope="module")
def cluster():
    """Three nodes of one core; a test may kill one that it adds."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    nodes = {"num_cpus": 1, "object_store_memory": 150 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args=nodes)
    for _ in range(2):
        cluster.add_node(**nodes)
    yield cluster
    cluster.shutdown()


def hinder(classifier, hindrance):
    """Make a classifier that does something before it answers; it goes to workers by value."""

    class HinderedClassifier(bulk.Classifier):
        def predict(self, texts, *, timesteps=False):
            hindrance()
            return super().predict(texts, timesteps=timesteps)

    return HinderedClassifier(classifier.config, classifier.vocabulary, classifier.network)


def make_job(folder, paths, *, workers):
    from imdb_gru.cluster.scoring import Job

    folder.mkdir(exist_ok=True)
    return Job(list_files(*paths).to_pylist(), None, False, str(folder), workers)


@pytest.mark.cluster
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_node_that_dies_costs_no_answer(cluster, tmp_path):
    from imdb_gru.cluster.connection import connect
    from imdb_gru.cluster.scoring import score

    classifier = make_classifier(units=16)
    slow = hinder(classifier, lambda: time.sleep(0.5))
    paths = [write_lines(tmp_path / f"{number:02}.jsonl", TEXTS[number:]) for number in range(24)]
    victim = cluster.list_all_nodes()[-1]
    killer = threading.Thread(target=cluster.remove_node, args=(victim,), kwargs={"allow_graceful": False})
    with connect(cluster.address):
        workers = set()
        for number, scored in enumerate(score(slow, make_job(tmp_path / "out", paths, workers=3))):
            workers.add(scored.worker)
            if number == 6:
                killer.start()
    killer.join()
    assert len(workers) >= 3
    answers, _ = read_answers(tmp_path / "out")
    assert answers == list(chain(*(predict_locally(classifier, TEXTS[number:]) for number in range(24))))


@pytest.mark.cluster
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_chunk_that_kills_every_worker_ends_the_job(cluster, tmp_path, monkeypatch):
    from imdb_gru.cluster import scoring
    from imdb_gru.cluster.connection import connect

    monkeypatch.setattr(scoring, "RESTARTS", 1)
    deadly = hinder(make_classifier(), lambda: os._exit(9))
    job = make_job(tmp_path / "out", [write_lines(tmp_path / "a.jsonl", TEXTS)], workers=1)
    with connect(cluster.address), pytest.raises(ImdbGruError, match="the cluster could not finish") as error:
        list(scoring.score(deadly, job))
    assert "\n" not in str(error.value)
