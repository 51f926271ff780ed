import shutil
import subprocess
import sys

import numba
import pytest

from imdb_gru.engine import compiling

pytestmark = pytest.mark.processes

CALL = """
import numpy as np
from imdb_gru.engine import embedding
embedding.add_rows(np.zeros(3, np.int32), np.ones((3, 2), np.float32), 4)
hits = embedding._add_rows.stats.cache_hits
print(sum(hits.values()), sum(embedding._add_rows.stats.cache_misses.values()))
"""

HEAD = """
import hashlib
import numpy as np
from imdb_gru.engine.softmax.head import Head, HeadWeights
rng = np.random.default_rng(0)
N, U, E, S = 640, 100, 40, 100
draw = lambda *shape: rng.normal(0, 0.5, shape).astype("f")
weights = HeadWeights(draw(U, E), draw(S, E), draw(E), draw(S))
found = Head().run(draw(N, U), np.ones(N, bool), draw(N, E), draw(N), np.full(N, -1, np.int32), weights)
print(hashlib.sha256(b"".join(array.tobytes() for array in (*found[:4], *found.weights))).hexdigest())
"""


def call(monkeypatch, folder, code):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_the_process_that_compiles_computes_what_those_after_it_do(monkeypatch, tmp_path):
    first = call(monkeypatch, tmp_path, HEAD)
    assert len(list(tmp_path.rglob("kernel.run-*.nbc"))) == 1
    assert call(monkeypatch, tmp_path, HEAD) == first


def test_the_next_process_compiles_nothing_and_a_cache_cut_short_or_left_by_a_kill_heals(monkeypatch, tmp_path):
    assert call(monkeypatch, tmp_path, CALL) == "0 1\n"
    for suffix in ("nbi", "1.nbc"):
        (path,) = tmp_path.rglob(f"*.{suffix}")
        path.write_bytes(path.read_bytes()[:100])
        left = path.with_name(f"{path.name}.tmp.0123456789abcdef")
        left.touch()
        assert call(monkeypatch, tmp_path, CALL) == "0 1\n"
        assert call(monkeypatch, tmp_path, CALL) == "1 0\n"
        assert not left.exists()


def test_a_full_disk_under_the_cache_is_done_without(monkeypatch, tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
    assert call(monkeypatch, tmp_path, limit + CALL) == "0 1\n"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_where_no_cache_can_be_written_functions_compile_all_the_same(monkeypatch):
    compile_function = numba.njit

    def refuse(*, cache=False, **options):
        if cache:
            raise RuntimeError("no locator available")
        return compile_function(**options)

    monkeypatch.setattr(compiling, "njit", refuse)

    @compiling.compiled
    def double(x):
        x *= 2

    values = [1.0, 2.0]
    array = __import__("numpy").array(values)
    double(array)
    assert array.tolist() == [2.0, 4.0]


def test_a_change_in_any_source_needs_another_cache(tmp_path):
    assert numba.config.CACHE_DIR == ""
    copy = shutil.copytree(compiling.FOLDER, tmp_path / "engine", ignore=shutil.ignore_patterns("__pycache__"))
    assert compiling.hash_sources(copy) == compiling.DIGEST
    digests = {compiling.DIGEST}
    for name in ("workers.py", "float32/gates.py", "bfloat16/gates.py", "softmax/kernel.py"):
        (copy / name).write_text("# changed")
        digests.add(compiling.hash_sources(copy))
    assert len(digests) == 5


def test_compiling_is_announced_once_and_measured():
    import numpy as np

    told = []
    before = compiling.measure()
    with compiling.announce(lambda: told.append("compiling")):
        for number in (2, 3):  # two functions, of which each is compiled when it is called
            numba.njit(lambda x, number=number: x * number)(np.ones(number))
    assert told == ["compiling"]
    measured = compiling.measure()
    assert measured > before
    numba.njit(lambda x: x + 1)(1)
    assert told == ["compiling"]
    assert compiling.measure() > measured


def test_a_compilation_inside_another_is_counted_once(monkeypatch):
    clock = iter([10.0, 13.0])  # read at the start and at the end of the outer one
    monkeypatch.setattr(compiling.time, "monotonic", lambda: next(clock))
    before = compiling.measure()
    with compiling.count_as_compilation(), compiling.count_as_compilation():
        pass
    assert compiling.measure() - before == 3.0
