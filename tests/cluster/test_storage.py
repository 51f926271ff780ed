"""Where tables come from: this machine's disk, and addresses."""

import sys

import pytest
from support.prediction_steps import read_all, steps, write_lines

from imdb_gru.cluster import storage
from imdb_gru.cluster.partitions import stamp_tables
from imdb_gru.cluster.storage import is_local, list_tables, locate, stamp, write_bytes
from imdb_gru.errors import DataError


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


def test_a_glob_passes_over_folders_and_over_what_is_hidden_unless_it_is_named(tmp_path):
    for name in ("a.csv", "spark.csv/part-0.csv", "_old/d.csv", "deep/.e.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for pattern, expected in (
        ("*", ["a.csv"]),
        ("**/*.csv", ["a.csv", "spark.csv/part-0.csv"]),
        ("_old/*", ["_old/d.csv"]),
        ("_*/d*", ["_old/d.csv"]),
    ):
        assert list_tables(pattern, but="out") == [str(tmp_path / name) for name in expected]


def test_partitions_are_no_input_by_whichever_link_they_are_reached(tmp_path):
    (tmp_path / "in" / "out").mkdir(parents=True)
    for name in ("a.csv", "out/part-00000-00000.parquet"):
        (tmp_path / "in" / name).touch()
    (tmp_path / "link").symlink_to("in")
    for address, but in (("in", "link/out"), ("link", "in/out"), ("link/*", "in/out"), ("in/**", "link/out/")):
        assert [name.rpartition("/")[2] for name in list_tables(address, but=but)] == ["a.csv"]


def test_odd_names_are_read_and_one_that_is_not_utf8_is_told(tmp_path):
    for name in ("~a.csv", "é #%20?.jsonl", "g[1]/two\nlines.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_lines(tmp_path / name, ["fine"])
        (found,) = list_tables(str(name), but="out")
        assert found == str(tmp_path / name)
    (tmp_path / "caf\udce9.csv").touch()
    with pytest.raises(DataError, match=r"caf\\udce9.csv': its name is not UTF-8; rename it"):
        list_tables(".", but="out")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("empty", "no tables at empty: choose a file, a folder or a glob of .csv"),
        ("nowhere/*.csv", "no tables at nowhere"),
        ("notes.md", "notes.md is not a table"),
        ("nonsense://a/b.csv", "nonsense://a/b.csv cannot be opened"),
        ("memory://a.csv", "in one process's memory"),
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


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_tables_at_an_address_are_read_as_those_of_a_disk(write_corpus, remote, monkeypatch, kind):
    path = write_corpus(kind)
    assert not is_local(str(remote))
    write_bytes(remote / path.name, path.read_bytes())
    monkeypatch.setattr(storage, "locate", lambda _: remote)
    assert list_tables(str(remote), but="out") == [f"memory:///bucket/reviews.{kind}"]
    monkeypatch.setattr(storage, "locate", lambda _: remote / path.name)
    monkeypatch.setattr(steps, "locate", lambda address: path if "://" not in address else remote / path.name)
    here, there = read_all(path, f"memory:///bucket/{path.name}")
    assert here["texts"] == there["texts"]
    before = stamp(str(remote / path.name))
    write_bytes(remote / path.name, b"other")
    assert stamp(str(remote / path.name)) != before


def test_input_that_changed_is_noticed(tmp_path):
    paths = [str(write_lines(tmp_path / f"{number}.jsonl", ["fine"])) for number in range(2)]
    before = stamp_tables(paths)
    assert stamp_tables(paths) == before
    write_lines(tmp_path / "0.jsonl", ["other"])
    assert [one == other for one, other in zip(before, stamp_tables(paths), strict=True)] == [False, True]
    with pytest.raises(DataError, match=r"cannot read nowhere.csv: No such file"):
        stamp("nowhere.csv")
