import subprocess
import sys

import pytest

from imdb_gru.system.memory import measure_peak_memory

pytestmark = pytest.mark.processes

CODE = """
from imdb_gru.system.memory import measure_peak_memory
before = measure_peak_memory()
held = bytes([1]) * 200_000_000
del held
print(before, measure_peak_memory())
"""


def test_the_peak_is_what_was_held_at_once():
    pytest.importorskip("resource")
    # Linux counts what a process was forked from; a shell in between is small.
    command = f"{sys.executable} -c '{CODE}'; true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    before, after = map(float, done.stdout.split())
    assert after - before == pytest.approx(191, abs=10)


def test_a_system_that_does_not_tell(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    assert measure_peak_memory() is None


@pytest.mark.keras
def test_a_run_holds_its_peak(sample_run):
    assert sample_run.load_metrics().peak_memory_mb > 100
