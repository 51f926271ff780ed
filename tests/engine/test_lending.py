import numpy as np

from imdb_gru.engine.memory import ALIGNMENT, Memory


def test_memory_is_lent_again_when_no_view_is_left():
    memory = Memory()
    first = memory.lend("states", (3, 5))
    first[:] = 1
    place, view = first.ctypes.data, first[1:, 2:]
    del first
    assert memory.lend("states", (3, 5)).ctypes.data != place
    del view
    again = [memory.lend("states", (2, 7)) for _ in range(2)]
    assert place in [array.ctypes.data for array in again]


def test_purposes_share_nothing():
    memory = Memory()
    place = memory.lend("states", (8,)).ctypes.data
    other = memory.lend("dx", (8,))
    assert other.ctypes.data != place
    assert memory.lend("states", (8,)).ctypes.data == place


def test_too_small_a_block_is_given_up():
    memory = Memory()
    memory.lend("states", (8,))
    large = memory.lend("states", (800,), np.uint16)
    assert large.shape == (800,)
    assert large.dtype == np.uint16
    del large
    assert [len(block) for block in memory.free["states"]] == [1600]


def test_arrays_are_aligned_and_may_be_empty():
    memory = Memory()
    assert all(memory.lend(str(size), (size,)).ctypes.data % ALIGNMENT == 0 for size in (1, 3, 1000, 100_000))
    assert memory.lend("nothing", (0, 0, 0)).shape == (0, 0, 0)
