import subprocess
import sys

import numba

from imdb_gru.engine import compiling

CALL = """
import numpy as np
from imdb_gru.engine import embedding
embedding.add_rows(np.zeros(3, np.int32), np.ones((3, 2), np.float32), 4)
hits = embedding._add_rows.stats.cache_hits
print(sum(hits.values()), sum(embedding._add_rows.stats.cache_misses.values()))
"""


def call(monkeypatch, folder):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    output = subprocess.run([sys.executable, "-c", CALL], check=True, capture_output=True, text=True).stdout
    return tuple(map(int, output.split()))


def test_the_second_process_compiles_nothing(monkeypatch, tmp_path):
    assert call(monkeypatch, tmp_path) == (0, 1)
    assert call(monkeypatch, tmp_path) == (1, 0)


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


def test_the_cache_knows_the_sources():
    assert numba.config.CACHE_DIR == ""
    assert len(compiling.DIGEST) == 16
