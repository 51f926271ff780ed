"""The folder of partitions: what is done in it, and that it is nobody else's."""

import json

import pytest
from support.models import make_classifier
from support.prediction_steps import make_worker, read_all, steps, write_lines

from imdb_gru.cluster import partitions as folders
from imdb_gru.cluster.storage import write_bytes
from imdb_gru.errors import DataError, RunError
from imdb_gru.models import batches

SETTINGS = {"version of imdb-gru": "1", "run": ["b"], "set of options": {}}
STAMPS = [["a.jsonl", 5, 1], ["b.jsonl", 7, 2]]


@pytest.fixture(params=["disk", "address"])
def folder(request, tmp_path, monkeypatch):
    """Partitions of two files, of which one is done."""
    place = tmp_path / "out" if request.param == "disk" else request.getfixturevalue("remote") / "out"
    monkeypatch.setattr(steps, "locate", lambda address: place if "out" in address else tmp_path / address)
    if request.param == "disk":
        place.mkdir()
    assert folders.Partitions(place).begin(SETTINGS, STAMPS, resume=False) == []
    monkeypatch.setattr(batches, "CHUNK", 2)
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
        ({}, STAMPS, False, "already holds partitions: resume with --resume"),
        ({}, STAMPS[:1], True, "was started with a different input: use the original one"),
        ({"run": ["other"]}, STAMPS, True, "was started with a different run"),
        ({"set of options": {"timesteps": True}}, STAMPS, True, "was started with a different set of options"),
    ],
)
def test_a_folder_that_was_begun_with_something_else_is_left_alone(folder, changes, stamps, resume, message):
    with pytest.raises(DataError, match=message):
        folders.Partitions(folder).begin(SETTINGS | changes, stamps, resume=resume)


def test_a_folder_of_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").touch()
    for resume in (False, True):
        with pytest.raises(DataError, match="holds files that are not partitions"):
            folders.open_partitions(str(tmp_path)).begin(SETTINGS, STAMPS, resume=resume)
    (tmp_path / folders.SETTINGS).write_text("[]")
    with pytest.raises(DataError, match=r"_settings.json cannot be read"):
        folders.open_partitions(str(tmp_path)).begin(SETTINGS, STAMPS, resume=True)


def test_what_a_kill_left_of_the_first_file_is_in_nobodys_way(tmp_path):
    (tmp_path / ".imdb-gru-abc.json").touch()
    assert folders.open_partitions(str(tmp_path)).begin(SETTINGS, STAMPS, resume=False) == []


def test_a_folder_is_one_processes(tmp_path):
    with folders.open_partitions("out").claim():
        with pytest.raises(RunError, match="is in use by"), folders.open_partitions("out").claim():
            pass
        assert (tmp_path / "out").is_dir()
    assert not (tmp_path / "out").exists()


def test_a_folder_in_which_nothing_came_of_what_was_begun_is_begun_anew(tmp_path):
    (tmp_path / "out").mkdir()
    partitions = folders.Partitions(tmp_path / "out")
    assert partitions.begin(SETTINGS, STAMPS, resume=False) == []
    assert partitions.begin(SETTINGS | {"run": ["other"]}, STAMPS[:1], resume=False) == []
    assert json.loads((tmp_path / "out" / folders.SETTINGS).read_text())["begun_with"]["run"] == ["other"]
