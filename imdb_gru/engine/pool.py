"""Large arrays whose memory is used again: pages fresh from the operating system are slow to come."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Block = NDArray[np.uint8]
ALIGNMENT = 64
"""Bytes that an array's address is a multiple of: TensorFlow takes such an array as it is, without a copy."""


class BlockInUse:
    """Stands behind an array and all its views; when the last of them is gone, their memory is free again."""

    def __init__(self, block: Block, free: list[Block]) -> None:
        self.__array_interface__ = block.__array_interface__
        self.block, self.free = block, free

    def __del__(self) -> None:
        """Give the memory back."""
        self.free.append(self.block)


class ArrayPool:
    """Allocates arrays, each purpose from memory of its own."""

    def __init__(self) -> None:
        self.free: dict[str, list[Block]] = {}

    def allocate(self, purpose: str, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Return an array of any contents. A free block that is too small is replaced by a larger one."""
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
