import numpy as np

from imdb_gru.engine.pool import ALIGNMENT, ArrayPool


def test_memory_is_used_again_when_no_view_is_left():
    pool = ArrayPool()
    first = pool.allocate("states", (3, 5))
    first[:] = 1
    place, view = first.ctypes.data, first[1:, 2:]
    del first
    assert pool.allocate("states", (3, 5)).ctypes.data != place
    del view
    again = [pool.allocate("states", (2, 7)) for _ in range(2)]
    assert place in [array.ctypes.data for array in again]


def test_purposes_share_nothing():
    pool = ArrayPool()
    place = pool.allocate("states", (8,)).ctypes.data
    other = pool.allocate("dx", (8,))
    assert other.ctypes.data != place
    assert pool.allocate("states", (8,)).ctypes.data == place


def test_a_block_that_is_too_small_is_replaced():
    pool = ArrayPool()
    pool.allocate("states", (8,))
    large = pool.allocate("states", (800,), np.uint16)
    assert large.shape == (800,)
    assert large.dtype == np.uint16
    del large
    assert [len(block) for block in pool.free["states"]] == [1600]


def test_arrays_are_aligned_and_may_be_empty():
    pool = ArrayPool()
    assert all(pool.allocate(str(size), (size,)).ctypes.data % ALIGNMENT == 0 for size in (1, 3, 1000, 100_000))
    assert pool.allocate("nothing", (0, 0, 0)).shape == (0, 0, 0)
