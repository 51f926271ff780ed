"""Locks between processes; the system releases them when their holder dies."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from imdb_gru.errors import RunError


def lock(handle: int) -> None:
    """Lock an open file or folder; raises `BlockingIOError` where it is taken, another `OSError` where none can be."""
    try:
        import fcntl
    except ImportError as error:  # Windows
        raise OSError(errno.ENOTSUP, "no locks") from error
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def find_holder(handle: int) -> str:
    """Name the process that holds the lock of an open file or folder, as far as the system tells."""
    status = os.fstat(handle)
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text("utf-8").splitlines():
            _, kind, *_, process, where, _, _ = line.split()
            if (kind, where) == ("FLOCK", place) and int(process) > 0:
                return f"process {process}"
    return "another process"


@contextlib.contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Keep a folder, made where there is none, for this process; raises `RunError` where another one has it.

    Where nothing came to stand in it, a folder that was made goes again.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except FileExistsError as error:
        raise RunError(f"{folder} is a file: name a folder") from error
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror}; name another folder") from error
    try:
        try:
            lock(handle)
        except BlockingIOError:
            raise RunError(
                f"{folder} is being written by {find_holder(handle)}: wait until it ends, or name another folder"
            ) from None
        except OSError:  # no locks here
            pass
        yield
    finally:
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()
        os.close(handle)


def remove_leftovers(folder: Path, pattern: str) -> None:
    """Remove what killed processes left half written: files that match and that no living process has locked."""
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError), path.open("rb") as file:
            lock(file.fileno())
            path.unlink()
