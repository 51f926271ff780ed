"""Loops over parts of flat arrays; the loops are inlined into the compiled functions that call them.

A part is given by its start index rather than as a slice, because counting references to a slice would take longer
than the arithmetic.
"""

import numpy as np

from imdb_gru.engine.compiling import inlined

LINE = 64
"""Size of a cache line in bytes."""


@inlined
def at(place):
    """Return an index as an unsigned integer, so that no check for negative indices is compiled."""
    return np.uintp(place)


@inlined
def allocate(size, number):
    """Return an uninitialised array that starts on a cache line boundary, which is best for the rows of AMX tiles."""
    room = np.empty(size + LINE, number)
    start = -room.ctypes.data % LINE // room.itemsize
    return room[start : start + size]


@inlined
def copy_row(values, start, into, into_start, count):
    """Copy `count` numbers."""
    for i in range(count):
        into[at(into_start + i)] = values[at(start + i)]


@inlined
def add_row(values, start, into, into_start, count):
    """Add `count` numbers to the numbers in another array."""
    for i in range(count):
        into[at(into_start + i)] += values[at(start + i)]


@inlined
def fill_row(into, start, count):
    """Set `count` numbers to zero."""
    for i in range(count):
        into[at(start + i)] = 0
