import subprocess
import sys

import numpy as np
import pytest

from imdb_gru.engine.compiling import compiled
from imdb_gru.engine.float32.gates import sigmoid, tanh
from imdb_gru.engine.float32.tile import COLUMNS, ROWS, choose_tile, multiply_tile, round_up

pytestmark = pytest.mark.processes

CHECK = """
import numpy as np
from imdb_gru.engine import gru, gru_weights
from imdb_gru.engine.float32 import tile
rng = np.random.default_rng(0)
x = rng.normal(0, 1, (9, 6, 5)).astype("f")
weights = gru_weights.GRUWeights(*(rng.normal(0, 0.5, shape).astype("f") for shape in ((5, 39), (13, 39), (2, 39))))
hidden, _ = gru.GRUEngine().run(x, np.ones((9, 6), bool), None, weights, keep=False)
print(tile.LANES, tile.ROWS, float(np.abs(hidden.last).sum()))
"""


@compiled
def _multiply(a, a_row, a_step, b, c, steps, accumulate):
    multiply_tile(a, 2, a_row, a_step, b, 3, COLUMNS, c, 1, COLUMNS + 5, steps, accumulate)


@compiled
def _squash(x, by_tanh, by_sigmoid):
    for i in range(len(x)):
        by_tanh[i] = tanh(x[i])
        by_sigmoid[i] = sigmoid(x[i])


@pytest.mark.parametrize("steps", [1, 2, 37])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("accumulate", [False, True])
def test_a_tile_is_a_matrix_product(steps, transposed, accumulate):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(ROWS, steps)).astype("f"), rng.normal(size=(steps, COLUMNS)).astype("f")
    before = rng.normal(size=(ROWS, COLUMNS + 5)).astype("f")
    c = np.concatenate([[7], before.reshape(-1)]).astype("f")
    flat_a = np.concatenate([[0, 0], (a.T if transposed else a).reshape(-1)]).astype("f")
    row, step = (1, ROWS) if transposed else (steps, 1)
    _multiply(flat_a, row, step, np.concatenate([[0, 0, 0], b.reshape(-1)]).astype("f"), c, steps, accumulate)
    after = c[1:].reshape(before.shape)
    expected = a.astype("d") @ b + (before[:, :COLUMNS] if accumulate else 0)
    np.testing.assert_allclose(after[:, :COLUMNS], expected, atol=1e-5)
    assert c[0] == 7
    assert (after[:, COLUMNS:] == before[:, COLUMNS:]).all()


def test_the_squashing_functions_are_close_and_keep_nan():
    x = np.concatenate([np.linspace(-20, 20, 100_001), [0, -0.0, 1e-30, np.inf, -np.inf]]).astype("f")
    by_tanh, by_sigmoid = np.empty_like(x), np.empty_like(x)
    _squash(x, by_tanh, by_sigmoid)
    exact = np.tanh(x.astype("d"))
    assert np.abs(by_tanh - exact).max() < 4e-7
    assert np.abs(by_sigmoid - (1 + np.tanh(x.astype("d") / 2)) / 2).max() < 4e-7
    assert np.abs(by_tanh).max() <= 1
    assert by_sigmoid.min() >= 0
    assert by_sigmoid.max() <= 1
    nan = np.full(20, np.nan, "f")
    _squash(nan, by_tanh, by_sigmoid)
    assert np.isnan(by_tanh[:20]).all()
    assert np.isnan(by_sigmoid[:20]).all()


@pytest.mark.parametrize(
    ("features", "tile"), [({"avx2", "avx512f"}, (16, 2, 8)), ({"avx2"}, (8, 2, 4)), ({"neon"}, (4, 4, 4))]
)
def test_the_tile_fits_the_cpu(features, tile):
    lanes, vectors, rows = choose_tile(features)
    assert (lanes, vectors, rows) == tile
    assert (lanes * vectors) % rows == 0


def test_sizes_are_rounded_up():
    assert [round_up(size, 8) for size in (1, 8, 9)] == [8, 8, 16]


def run_on(monkeypatch, tmp_path, features):
    if features is not None:
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
        monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
        monkeypatch.setenv("NUMBA_CPU_FEATURES", features)
    output = subprocess.run([sys.executable, "-c", CHECK], check=True, capture_output=True, text=True).stdout
    lanes, rows, total = output.split()
    return int(lanes), int(rows), float(total)


def test_other_cpus_compute_the_same(monkeypatch, tmp_path):
    *_, here = run_on(monkeypatch, tmp_path, None)
    lanes, rows, plain = run_on(monkeypatch, tmp_path, "")
    assert (lanes, rows) == (4, 4)
    assert plain == pytest.approx(here, rel=1e-5)
