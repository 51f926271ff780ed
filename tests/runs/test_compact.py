import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from imdb_gru.errors import RunError
from imdb_gru.runs.compact import (
    LARGEST,
    LARGEST_OF_EMBEDDING,
    WIDER,
    WIDER_OF_EMBEDDING,
    choose_steps,
    is_compact,
    quantise,
    restore,
    restore_arrays,
    save_compact,
)
from imdb_gru.runs.run import Run
from imdb_gru.runs.weights import read_arrays

VALUES = st.floats(-1e3, 1e3, width=32)
SHAPES = stn.array_shapes(min_dims=1, max_dims=2, max_side=7)
ARRAYS = stn.arrays(np.float32, SHAPES, elements=VALUES)
PAIRS = SHAPES.flatmap(lambda shape: st.tuples(*[stn.arrays(np.float32, shape, elements=VALUES)] * 2))


def save_and_restore(path, arrays, base=(), kept=()):
    save_compact(path, arrays, base, kept)
    with np.load(path) as stored:
        assert is_compact(stored)
        return restore_arrays(stored, base)


@given(ARRAYS)
def test_a_restored_value_is_within_half_a_step(array):
    steps = choose_steps(array)
    numbers = quantise(array, steps)
    restored = restore(numbers, steps)
    assert numbers.dtype == np.int8
    assert restored.dtype == np.float32
    assert restored.shape == array.shape
    error = np.abs(np.atleast_2d(restored - array)).max(axis=1)
    assert (error <= steps * 0.5001 + 1e-30).all()
    largest = np.abs(np.atleast_2d(array)).max(axis=1)
    assert np.abs(np.atleast_2d(restored)).max(axis=1) == pytest.approx(largest, rel=1e-5, abs=1e-30)
    np.testing.assert_array_equal(quantise(restored, steps), numbers)


def test_rows_have_their_own_steps_and_a_row_of_zeros_stays_one():
    array = np.array([[1e-4, -5e-5], [0, 0], [62, 20.4]], np.float32)
    numbers = quantise(array, choose_steps(array, 31))
    assert numbers.tolist() == [[31, -16], [0, 0], [31, 10]]
    np.testing.assert_allclose(restore(numbers, choose_steps(array, 31))[1:], [[0, 0], [62, 20]])


def test_a_vector_is_one_row():
    assert choose_steps(np.array([1, -LARGEST], np.float32)).tolist() == [1]


def test_differences_are_in_the_bases_steps(tmp_path):
    rng = np.random.default_rng(0)
    base = [rng.normal(0, 1, (5, 40)).astype("f"), rng.normal(0, 1, 30).astype("f")]
    arrays = [array + rng.normal(0, 0.05, array.shape).astype("f") for array in base]
    own = rng.normal(0, 1, (3, 4)).astype("f")
    restored = save_and_restore(tmp_path / "w.npz", [*arrays, own], base)
    with np.load(tmp_path / "w.npz") as stored:
        for number, array in enumerate(base):
            largest, wider = (LARGEST, WIDER) if number else (LARGEST_OF_EMBEDDING, WIDER_OF_EMBEDDING)
            np.testing.assert_array_equal(stored[f"steps{number}"], wider * choose_steps(array, largest))
            assert np.abs(stored[f"numbers{number}"]).max() < 15
        assert np.abs(stored["numbers2"]).max() == LARGEST
    steps_of_all = [
        WIDER_OF_EMBEDDING * choose_steps(base[0], LARGEST_OF_EMBEDDING),
        WIDER * choose_steps(base[1]),
        choose_steps(own),
    ]
    for ours, array, steps in zip(restored, [*arrays, own], steps_of_all, strict=True):
        assert (np.abs(np.atleast_2d(ours - array)) <= steps[:, None] * 0.5001).all()


@given(PAIRS)
def test_a_difference_that_is_larger_than_the_base_is_restored_too(tmp_path_factory, pair):
    base, array = pair
    (restored,) = save_and_restore(tmp_path_factory.getbasetemp() / "pair.npz", [array], [base])
    steps = np.maximum(
        WIDER_OF_EMBEDDING * choose_steps(base, LARGEST_OF_EMBEDDING), choose_steps(array - base, LARGEST_OF_EMBEDDING)
    )
    assert (np.abs(np.atleast_2d(restored - array)) <= steps[:, None] * 0.51 + 1e-30).all()


def test_what_is_kept_comes_from_the_base_exactly(tmp_path):
    rng = np.random.default_rng(0)
    base = [rng.normal(0, 1, (5, 4)).astype("f") for _ in range(2)]
    arrays = [base[0].copy(), base[1] + 1, base[1]]
    restored = save_and_restore(tmp_path / "w.npz", arrays, base, [True, False])
    np.testing.assert_array_equal(restored[0], base[0])
    with np.load(tmp_path / "w.npz") as stored:
        assert sorted(stored.files) == ["count", "inherited", "numbers1", "numbers2", "steps1", "steps2"]
        with pytest.raises(KeyError):
            restore_arrays(stored)
    again = save_and_restore(tmp_path / "v.npz", arrays, base)
    with np.load(tmp_path / "v.npz") as stored:
        more = restore_arrays(stored, [*base, np.ones((5, 4), "f")])  # a base has layers of its own
    for ours, theirs in zip(again, more, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_plain_weights_are_not_taken_for_compact_ones(tmp_path):
    np.savez(tmp_path / "w.npz", **{"0": np.ones(3)})
    with np.load(tmp_path / "w.npz") as stored:
        assert not is_compact(stored)


def test_a_run_of_either_kind_is_read(tmp_path):
    arrays = [np.eye(3, dtype="f"), np.arange(4, dtype="f")]
    plain, compact = Run(tmp_path / "plain"), Run(tmp_path / "compact")
    for run in (plain, compact):
        run.path.mkdir()
    np.savez(plain.weights_path, **{str(number): array for number, array in enumerate(arrays)})
    save_compact(compact.weights_path, arrays)
    for run in (plain, compact):
        with read_arrays(run) as read:
            for ours, array in zip(read, arrays, strict=True):
                np.testing.assert_allclose(ours, array, atol=3 / LARGEST)


def test_a_changed_byte_anywhere_is_harmless_or_told(tmp_path):
    run = Run(tmp_path)
    save_compact(run.weights_path, [np.random.default_rng(0).normal(0, 1, (3, 20)).astype("f")])
    whole, told = run.weights_path.read_bytes(), 0
    shutil.copy(run.weights_path, tmp_path / "whole.npz")
    for place in range(len(whole)):
        run.weights_path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            with read_arrays(run) as arrays:
                list(arrays)
        except RunError:
            told += 1
    assert told > len(whole) / 3
