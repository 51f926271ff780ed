"""The number of threads: cores, CPU quotas of control groups, and $IMDB_GRU_THREADS."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import call

from imdb_gru.errors import ImdbGruError
from imdb_gru.system import threads
from imdb_gru.system.threads import count_threads, find_quota, set_threads

pytestmark = pytest.mark.processes

CORES = len(os.sched_getaffinity(0))


@pytest.fixture(autouse=True)
def _uncounted(monkeypatch):
    for name in ("IMDB_GRU_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.setenv(name, "")  # which monkeypatch puts back, whatever a test sets
        monkeypatch.delenv(name)
    count_threads.cache_clear()
    yield
    count_threads.cache_clear()


def write_groups(root, groups, files):
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "cgroup").write_text(groups)
    for name, text in files.items():
        path = root / "sys" / "fs" / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("groups", "files", "quota"),
    [
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 2),  # rounded up
        ("0::/\n", {"cpu.max": "5000 100000\n"}, 1),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "300000 100000\n"}, 3),
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "300000 100000\n"}, 3),
        ("0::/a/b\n", {"a/b/cpu.max": "100000 100000\n", "a/cpu.max": "300000 100000\n"}, 1),
        ("0::/../other\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/docker/1\n", {"cpu.max": "200000 100000\n"}, 2),  # the group is mounted as the root
        ("4:cpu,cpuacct:/\n", {"cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000"}, None),
        ("4:cpu,cpuacct:/\n", {"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
        ("4:cpu:/a\n3:cpuset:/\n0::/\n", {"cpu/a/cpu.cfs_quota_us": "250000", "cpu/a/cpu.cfs_period_us": "100000"}, 3),
        ("3:cpuset:/\n", {"cpuset/cpu.cfs_quota_us": "250000", "cpuset/cpu.cfs_period_us": "100000"}, None),
        ("0::/\n", {"cpu.max": "spoilt\n"}, None),
        ("0::/\n", {"cpu.max": "1 0\n"}, None),
        ("", {}, None),
        ("no group\n", {}, None),
    ],
)
def test_the_quota_of_the_own_control_group_and_its_parents(tmp_path, groups, files, quota):
    write_groups(tmp_path, groups, files)
    assert find_quota(tmp_path) == quota


def test_without_control_groups_there_is_no_quota(tmp_path):
    assert find_quota(tmp_path) is None


@pytest.mark.parametrize(("value", "expected"), [(None, CORES), ("", CORES), (" ", CORES), ("1", 1), ("4096", CORES)])
def test_the_setting_lowers_the_number_of_threads(monkeypatch, value, expected):
    monkeypatch.setattr(threads, "find_quota", lambda: None)
    if value is not None:
        monkeypatch.setenv("IMDB_GRU_THREADS", value)
    assert count_threads() == expected


def test_a_quota_lowers_the_number_of_threads(monkeypatch):
    monkeypatch.setattr(threads, "count_cores", lambda: 8)
    monkeypatch.setattr(threads, "find_quota", lambda: 3)
    assert count_threads() == 3
    threads.limit_tensorflow()
    assert os.environ["TF_NUM_INTRAOP_THREADS"] == os.environ["TF_NUM_INTEROP_THREADS"] == "3"


def test_tensorflow_keeps_its_default_if_nothing_limits_the_threads(monkeypatch):
    monkeypatch.setattr(threads, "find_quota", lambda: None)
    threads.limit_tensorflow()
    assert "TF_NUM_INTRAOP_THREADS" not in os.environ


def test_threads_can_be_set(monkeypatch):
    monkeypatch.setattr(threads, "count_cores", lambda: 8)
    monkeypatch.setattr(threads, "find_quota", lambda: None)
    assert count_threads() == 8
    set_threads(2)
    assert count_threads() == 2
    assert os.environ["TF_NUM_INTRAOP_THREADS"] == os.environ["TF_NUM_INTEROP_THREADS"] == "2"


@pytest.mark.parametrize("value", ["abc", "0", "-1", "+2", "1.5", "1_0", "２", "9" * 5000])
def test_what_is_not_a_whole_number_from_1_is_refused(monkeypatch, value):
    monkeypatch.setenv("IMDB_GRU_THREADS", value)
    with pytest.raises(ImdbGruError, match=r"^\$IMDB_GRU_THREADS is '.{1,40}': set it to an integer of at least 1"):
        count_threads()


@pytest.mark.parametrize("arguments", [["predict", "--run", "bundled", "fine"], ["evaluate", "--data", "sample"]])
def test_a_command_with_a_wrong_setting_ends_in_one_line(arguments):
    done = call(*arguments, env={**os.environ, "IMDB_GRU_THREADS": "abc"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: $IMDB_GRU_THREADS is 'abc': set it to an integer of at least 1, or unset it\n"


def test_help_and_import_work_with_a_wrong_setting():
    environment = {**os.environ, "IMDB_GRU_THREADS": "abc"}
    for arguments in (["--help"], ["predict", "--help"], ["--version"]):
        assert call(*arguments, env=environment).returncode == 0
    program = "import imdb_gru, imdb_gru.engine.workers, imdb_gru.system.environment"
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


@pytest.mark.keras
@pytest.mark.skipif(CORES < 2 or not Path("/proc/self/task").exists(), reason="needs two cores, and Linux")
def test_tensorflow_computes_with_no_more_threads_than_allowed():
    """Count the threads that a large product keeps busy."""
    program = """
from pathlib import Path
from imdb_gru.training import tf

def read_ticks():
    stats = {path.parent.name: path.read_text() for path in Path("/proc/self/task").glob("*/stat")}
    return {thread: int(stat.rpartition(")")[2].split()[11]) for thread, stat in stats.items()}

x = tf.random.normal((1500, 1500))
before = read_ticks()
for _ in range(8):
    y = tf.matmul(x, x)
float(y[0, 0])
spent = [ticks - before.get(thread, 0) for thread, ticks in read_ticks().items()]
print(sum(ticks > max(spent) / 5 for ticks in spent))
"""
    environment = {**os.environ, "IMDB_GRU_THREADS": "1"}
    told = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout == "1\n"
