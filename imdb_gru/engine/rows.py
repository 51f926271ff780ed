"""Parts of flat arrays, for functions that are compiled: loops over them become a part of the caller.

A part is named by where it starts: a slice would count its references, which costs more than the arithmetic.
"""

import numpy as np

from imdb_gru.engine.compiling import inlined

LINE = 64
"""Bytes of a line of the cache."""


@inlined
def at(place):
    """Name a place that is not negative, so that nothing need be checked of it."""
    return np.uintp(place)


@inlined
def allocate(size, number):
    """Return an array of any contents that starts with a cache line, as AMX's tiles want their rows to."""
    room = np.empty(size + LINE, number)
    start = -room.ctypes.data % LINE // room.itemsize
    return room[start : start + size]


@inlined
def copy_row(values, start, into, into_start, count):
    """Copy numbers."""
    for i in range(count):
        into[at(into_start + i)] = values[at(start + i)]


@inlined
def add_row(values, start, into, into_start, count):
    """Add numbers to others."""
    for i in range(count):
        into[at(into_start + i)] += values[at(start + i)]


@inlined
def fill_row(into, start, count):
    """Write zeros."""
    for i in range(count):
        into[at(start + i)] = 0
