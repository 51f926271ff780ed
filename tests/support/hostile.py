"""What tests of hostile files share: a bound on memory and time, and files that are worse than they look."""

import contextlib
import gzip
import io
import resource
import signal
import tarfile
import zipfile
from pathlib import Path

import numpy as np

ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"
"""Clears a terminal, renames its window, colours it, and reverses the writing."""
HARMFUL = frozenset("\x07\x1b\x9b\u202e")


class TooSlowError(BaseException):
    """A reader hangs; no handler of a reader's own may take this for a failure that it expects."""


@contextlib.contextmanager
def bounded(mib=1024, seconds=20):
    """Let what happens inside take so much more memory, and so long, at most."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)

    def stop(*_):
        raise TooSlowError

    handler = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + mib * 2**20, before[1]))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        resource.setrlimit(resource.RLIMIT_AS, before)


def write_content(file, content):
    """Write bytes, or a number of zeros."""
    if isinstance(content, int):
        while content > 0:
            content -= file.write(bytes(min(content, 2**24)))
    else:
        file.write(content)


def write_zip(path, members):
    """Write a compressed zip; a member is bytes, or a number of zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            with archive.open(name, "w", force_zip64=True) as file:
                write_content(file, content)
    return path


def make_header(shape, dtype="<f4"):
    """The header of an .npy file, without its array."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": shape})
    return header.getvalue()


def write_tar_stream(path, parts):
    """Write a tar.gz from blocks; a number stands for so many zeros."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        for part in parts:
            write_content(file, part)
    return path


def make_member(name, size, kind=tarfile.REGTYPE, **more):
    """A tar member's header, whatever follows it."""
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    for key, value in more.items():
        setattr(member, key, value)
    return member.tobuf(tarfile.GNU_FORMAT)
