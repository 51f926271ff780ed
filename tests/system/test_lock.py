import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from imdb_gru.errors import RunError
from imdb_gru.system.lock import claim, lock, remove_leftovers
from imdb_gru.system.writing import UNFINISHED, write_atomically, write_folder_atomically

pytestmark = pytest.mark.processes

HOLD = """
import sys
from pathlib import Path
from imdb_gru.system.lock import claim
with claim(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that has claimed the folder `run`."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "run")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_claimed_folder_is_refused_until_its_holder_is_killed(holder, tmp_path):
    for _ in range(2):
        with pytest.raises(RunError, match=r"run is in use by .*process.*: wait") as refusal:
            claim(tmp_path / "run").__enter__()
    if sys.platform == "linux":
        assert f"process {holder.pid}:" in str(refusal.value)
    (tmp_path / "run" / "config.yaml").touch()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with claim(tmp_path / "run"):
        pass
    assert (tmp_path / "run" / "config.yaml").exists()


def test_a_folder_made_for_nothing_goes_again(tmp_path):
    (tmp_path / "mine").mkdir()
    with claim(tmp_path / "mine" / "runs" / "new"):
        assert (tmp_path / "mine" / "runs" / "new").is_dir()
    assert list(tmp_path.iterdir()) == [tmp_path / "mine"]
    assert not list((tmp_path / "mine").iterdir())
    with claim(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine").is_dir()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(RunError, match="choose a"), claim(path):
            pass


def test_where_there_are_no_locks_it_goes_without(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with claim(tmp_path / "run"), claim(tmp_path / "run"), write_atomically(tmp_path / "a.txt") as temporary:
        temporary.write_text("a")
    (tmp_path / f"{UNFINISHED}dead").touch()
    remove_leftovers(tmp_path, "*")  # cannot tell the dead from the living
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", f"{UNFINISHED}dead"}


def test_what_a_killed_process_left_is_swept_and_what_is_being_written_is_not(tmp_path):
    dead, foreign = tmp_path / f"{UNFINISHED}dead.npz", tmp_path / ".mine-12345678.txt"
    for path in (dead, foreign):
        path.write_text("half")
    with write_atomically(tmp_path / "first.txt") as first:
        assert not dead.exists()
        first.write_text("1")
        with write_atomically(tmp_path / "second.txt") as second:
            assert first.exists()
            second.write_text("2")
    assert {path.name for path in tmp_path.iterdir()} == {foreign.name, "first.txt", "second.txt"}


def test_folders_of_killed_processes_are_swept_and_those_being_written_are_not(tmp_path):
    dead = tmp_path / f"{UNFINISHED}dead"
    dead.mkdir()
    (dead / "half.txt").write_text("half")
    with write_folder_atomically(tmp_path / "first") as first:
        assert not dead.exists()
        (first / "a.txt").write_text("1")
        with write_folder_atomically(tmp_path / "second") as second:
            assert (first / "a.txt").exists()
            (second / "a.txt").write_text("2")
    assert {path.name for path in tmp_path.iterdir()} == {"first", "second"}
    assert (tmp_path / "first" / "a.txt").read_text() == "1"


def test_the_old_folder_comes_back_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old.txt").touch()
    replace = Path.replace

    def fail_once(self, target):
        if self.name == "new":
            raise OSError("the new folder cannot be moved")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_once)
    with pytest.raises(OSError, match="cannot be moved"), write_folder_atomically(path):
        pass
    assert [file.name for file in tmp_path.rglob("*")] == ["folder", "old.txt"]


def test_a_lock_is_of_one_opening(tmp_path):
    (tmp_path / "file").touch()
    with (tmp_path / "file").open() as first, (tmp_path / "file").open() as second:
        lock(first.fileno())
        with pytest.raises(BlockingIOError):
            lock(second.fileno())
