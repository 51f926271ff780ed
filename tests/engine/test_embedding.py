import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.engine.embedding import gather_rows


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 60), st.integers(0, 5))
def test_values_are_added_up_by_id_and_no_other_row_is_returned(size, width, count, seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, size, count).astype(np.int32)
    values = rng.normal(0, 1, (count, width)).astype("f")
    expected = np.zeros((size, width), "f")
    np.add.at(expected, ids, values)
    half = count // 2
    rows, sums = gather_rows([(ids[:half], values[:half]), (ids[half:], values[half:])], size)
    assert rows.dtype == np.int32
    assert rows.tolist() == sorted(set(ids.tolist()))
    assert sums.shape == (len(rows), width)
    np.testing.assert_allclose(sums, expected[rows], atol=1e-5)


def test_it_does_not_matter_how_many_share_the_work():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 500, 20_000).astype(np.int32)
    values = rng.integers(-3, 4, (20_000, 33)).astype("f")  # whole numbers, so that sums are exact in any order
    expected = np.zeros((500, 33), "f")
    np.add.at(expected, ids, values)
    rows, sums = gather_rows([(ids, values)], 500)
    np.testing.assert_array_equal(rows, np.arange(500))
    np.testing.assert_array_equal(sums, expected)
