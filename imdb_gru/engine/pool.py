"""Large arrays whose memory is reused, because getting new pages from the operating system is slow."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Block = NDArray[np.uint8]
ALIGNMENT = 64
"""Alignment of arrays in bytes; TensorFlow can use arrays with this alignment without copying them."""


class BlockInUse:
    """Owns an array's memory, and returns it to the pool when the array and all its views are gone."""

    def __init__(self, block: Block, free: list[Block]) -> None:
        self.__array_interface__ = block.__array_interface__
        self.block, self.free = block, free

    def __del__(self) -> None:
        """Return the memory to the pool."""
        self.free.append(self.block)


class ArrayPool:
    """Allocates arrays, with separate memory for each purpose."""

    def __init__(self) -> None:
        self.free: dict[str, list[Block]] = {}

    def allocate(self, purpose: str, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Return an uninitialised array, and discard any unused blocks that turn out to be too small for it."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        free = self.free.setdefault(purpose, [])
        try:
            block = free.pop()
            while len(block) < size:
                block = free.pop()
        except IndexError:
            room = np.empty(size + ALIGNMENT, np.uint8)
            block = room[-room.ctypes.data % ALIGNMENT :][:size]
        return np.asarray(BlockInUse(block, free))[:size].view(dtype).reshape(shape)
