"""Test bfloat16 arithmetic by float32 arithmetic, within what rounding to 8 bits of mantissa does."""

import numpy as np
import pytest
from numba import njit
from support.engine import list_hidden, make_mask

from imdb_gru.engine.bfloat16 import amx, arithmetic, avx512, unit
from imdb_gru.engine.bfloat16.gates import round_pairs, round_row, widen_row
from imdb_gru.engine.bfloat16.tile import COLUMNS, STEP
from imdb_gru.engine.bfloat16.unit import find_bfloat16_obstacle
from imdb_gru.engine.compiling import compiled
from imdb_gru.engine.gru import GRUEngine, Hidden
from imdb_gru.engine.gru_weights import GRUWeights

needs_bfloat16 = pytest.mark.skipif(find_bfloat16_obstacle() is not None, reason=f"{find_bfloat16_obstacle()}")


@compiled
def _round(bits, into, pairs, back):
    round_row(bits, 0, into, 0, len(bits))
    round_pairs(bits, 0, len(pairs), pairs, 0, len(pairs))
    widen_row(into, 0, back, 0, len(into))


def build_product(open_tiles, multiply, close_tiles):
    @njit
    def run(a, b, c, steps):
        open_tiles()
        multiply(a, 0, STEP * steps, STEP, b, 0, steps, c, 0, COLUMNS, c, 0, COLUMNS)
        close_tiles()

    return run


def round_array(values):
    """Round to bfloat16; return it as float32, as uint16, and in pairs of the two halves."""
    into, back = np.empty(values.size, np.uint16), np.empty(values.size, np.float32)
    pairs = np.empty(values.size // 2, np.uint32)
    _round(np.ascontiguousarray(values).reshape(-1).view(np.uint32), into, pairs, back.view(np.uint32))
    return back.reshape(values.shape), into, pairs


def test_rounding_is_to_the_nearest_and_of_ties_to_the_even():
    rng = np.random.default_rng(0)
    values = (rng.normal(size=1000) * 10.0 ** rng.integers(-30, 30, 1000)).astype("f")
    rounded, halves, pairs = round_array(values)
    assert (np.abs(rounded - values) <= np.abs(values) / 2**8).all()
    assert (halves.reshape(2, -1) == pairs.view(np.uint16).reshape(-1, 2).T).all()
    ties = np.array([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8, 0, -0.0, np.inf, -np.inf, 2.0], "f")
    assert round_array(ties)[0].tolist() == [1, 1 + 2**-6, -1, 0, 0, np.inf, -np.inf, 2]
    assert np.isnan(round_array(np.array([np.nan, -np.nan], "f"))[0]).all()


@pytest.mark.parametrize("own", [amx, avx512], ids=["amx", "avx512"])
@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("tall", [False, True])
def test_a_tile_is_a_matrix_product_and_adds_to_what_was_there(own, steps, tall):
    if not {amx: amx.has_amx, avx512: avx512.has_avx512_bf16}[own]():
        pytest.skip("this CPU does not have it")
    rng = np.random.default_rng(0)
    rows, k = STEP if tall else own.ROWS, STEP * steps
    a, b = (rng.integers(-8, 9, shape).astype("f") for shape in ((rows, k), (k, COLUMNS)))
    before = rng.integers(-8, 9, (rows + 1, COLUMNS)).astype("f")
    c = before.copy()
    pairs = round_array(b)[1].reshape(k // 2, 2, COLUMNS).transpose(0, 2, 1)
    multiply = build_product(own.open_tiles, own.multiply_tall if tall else own.multiply_short, own.close_tiles)
    multiply(round_array(a)[1], np.ascontiguousarray(pairs).reshape(-1), c.reshape(-1), steps)
    assert (c[:rows] == before[:rows] + a @ b).all()  # small whole numbers: nothing is rounded
    assert (c[rows] == before[rows]).all()


def make_case(kind, batch, timesteps, features, units):
    rng = np.random.default_rng(batch + units)
    mask = make_mask(kind, batch, timesteps, rng)
    x, start = rng.normal(size=(batch, timesteps, features)), rng.normal(0, 0.5, (batch, units))
    kernels = [rng.normal(size=(size, 3 * units)) / np.sqrt(size) for size in (features, units)]
    weights = [*kernels, rng.normal(0, 0.3, (2, 3 * units))]
    return mask, [array.astype("f") for array in (x, start)], [array.astype("f") for array in weights]


def run_both(mask, x, start, weights, *, reverse=False, keep=True, **options):
    """Run forward and back in both precisions; return the hidden states and the gradients of each."""
    rng = np.random.default_rng(1)
    results = []
    for precision in ("float32", "bfloat16"):
        engine = GRUEngine(reverse=reverse, states=True, peaks=True, totals=True, precision=precision, **options)
        hidden, tape = engine.run(x, mask, start, GRUWeights(*weights), keep=True)
        if not results:
            weighed = [rng.normal(size=array.shape).astype("f") for array in list_hidden(hidden)]
            weighed[2] *= 0  # a maximum may come from another timestep, which changes its gradient as a whole
        results.append((list_hidden(hidden), engine.run_back(tape, Hidden(*(array.copy() for array in weighed)))))
    return results


def check_close(results):
    (exact, exact_gradients), (hidden, gradients) = results
    for own, other in zip(hidden[:3], exact[:3], strict=True):
        np.testing.assert_allclose(own, other, atol=2e-2)
    for own, other in zip((*hidden, *gradients), (*exact, *exact_gradients), strict=True):
        assert own.shape == other.shape
        size = np.linalg.norm(other)
        assert np.linalg.norm(own - other) <= 1e-2 * size
        assert (own * other).sum() >= 0.999 * size * np.linalg.norm(own)


@needs_bfloat16
@pytest.mark.parametrize("kind", ["none", "right", "left", "holes"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("batch", "features", "units"), [(5, 33, 7), (33, 3, 50), (70, 33, 130)])
def test_both_precisions_give_the_same(kind, reverse, batch, features, units):
    mask, (x, start), weights = make_case(kind, batch, 9, features, units)
    check_close(run_both(mask, x, start, weights, reverse=reverse))


@needs_bfloat16
@pytest.mark.parametrize(("batch", "features", "units"), [(1, 3, 1), (70, 64, 96)])
def test_any_size_will_do_with_or_without_a_start(batch, features, units):
    mask, (x, start), weights = make_case("none", batch, 30, features, units)
    for given in (None, start):
        check_close(run_both(mask, x, given, weights))


@needs_bfloat16
def test_reviews_without_a_word_leave_nothing_behind():
    mask, (x, start), weights = make_case("right", 40, 6, 5, 33)
    mask[10:] = False
    (_, (hidden, gradients)) = run_both(mask, x, start, weights)
    assert (hidden[0][10:] == start[10:]).all()
    assert (hidden[1][10:] == 0).all()
    assert (gradients[0][~mask] == 0).all()
    _, (_, (_, dstart, *dweights)) = run_both(np.zeros_like(mask), x, start, weights)
    assert (dstart != 0).any()
    assert not any(gradient.any() for gradient in dweights)


@needs_bfloat16
def test_what_is_kept_changes_no_hidden_state_nor_does_the_number_of_workers():
    mask, (x, start), weights = make_case("holes", 70, 9, 33, 50)
    results = []
    for workers, keep in ((1, False), (1, True), (2, True), (7, False)):
        engine = GRUEngine(states=True, peaks=True, totals=True, precision="bfloat16", workers=workers)
        results.append(list_hidden(engine.run(x, mask, start, GRUWeights(*weights), keep=keep)[0]))
    for other in results[1:]:
        assert all((one == two).all() for one, two in zip(results[0], other, strict=True))


@needs_bfloat16
def test_batch_after_batch_is_computed_afresh():
    engine = GRUEngine(states=True, precision="bfloat16")
    for batch, timesteps in ((40, 9), (5, 3), (70, 12), (40, 9)):
        mask, (x, start), weights = make_case("right", batch, timesteps, 33, 50)
        fresh = GRUEngine(states=True, precision="bfloat16")
        results = []
        for own in (engine, fresh):
            hidden, tape = own.run(x, mask, start, GRUWeights(*weights), keep=True)
            results.append([hidden.last, hidden.states, *own.run_back(tape, hidden)])
        for one, other in zip(*results, strict=True):
            np.testing.assert_array_equal(one, other)


@needs_bfloat16
def test_nan_is_not_hidden():
    mask, (x, start), weights = make_case("none", 5, 4, 3, 7)
    weights[0][0, 0] = np.nan
    hidden, _ = GRUEngine(precision="bfloat16").run(x, mask, start, GRUWeights(*weights), keep=False)
    assert np.isnan(hidden.last).any()


def test_amx_needs_the_cpu_the_system_and_its_permission(monkeypatch):
    find, refuses = amx.has_amx.__wrapped__, [0]
    monkeypatch.setattr(amx.ctypes, "CDLL", lambda name: type("Library", (), {"syscall": lambda *_: refuses[0]})())
    monkeypatch.setattr(amx.sys, "platform", "linux")
    monkeypatch.setattr(amx, "list_features", lambda: {"avx512f", "amx-tile", "amx-bf16"})
    assert find()
    refuses[0] = -1
    assert not find()
    refuses[0] = 0
    monkeypatch.setattr(amx.sys, "platform", "plan9")
    assert not find()
    monkeypatch.setattr(amx.sys, "platform", "linux")
    monkeypatch.setattr(amx, "list_features", lambda: {"avx2", "avx512f"})
    assert not find()


def test_vectors_take_the_place_of_amx_where_there_is_none(monkeypatch):
    monkeypatch.setattr(unit, "UNIT", avx512)
    monkeypatch.setattr(avx512, "list_features", lambda: {"avx512f", "avx512bf16"})
    assert find_bfloat16_obstacle() is None
    monkeypatch.setattr(avx512, "list_features", lambda: {"avx512f"})
    assert find_bfloat16_obstacle() == "this CPU has neither AMX nor AVX512_BF16"


def test_the_engine_refuses_what_the_machine_cannot(monkeypatch):
    monkeypatch.setattr(arithmetic, "find_obstacle", lambda: "this CPU has neither AMX nor AVX512_BF16")
    with pytest.raises(ValueError, match=r"cannot compute bfloat16 products: this CPU has .*; choose float32"):
        GRUEngine(precision="bfloat16")
    GRUEngine()
