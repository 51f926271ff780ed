"""Locks between processes; when a process dies, the operating system releases its locks."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from imdb_gru.errors import RunError


def lock(handle: int) -> None:
    """Lock an open file or folder.

    Raises `BlockingIOError` if it is already locked, and a different `OSError` if locks are not supported.
    """
    try:
        import fcntl
    except ImportError as error:  # Windows
        raise OSError(errno.ENOTSUP, "locks are not supported") from error
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def find_holder(handle: int) -> str:
    """Describe the process that has locked an open file or folder, by its process id if the system reports that."""
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
    """Lock a folder, creating it if necessary, or raise `RunError` if another process has locked it.

    Folders that this function created are removed at the end if they are empty.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except FileExistsError as error:
        raise RunError(f"{folder} is a file: choose a folder") from error
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror}; choose another folder") from error
    try:
        try:
            lock(handle)
        except BlockingIOError:
            raise RunError(
                f"{folder} is in use by {find_holder(handle)}: wait until that process ends, or choose another folder"
            ) from None
        except OSError:  # locks are not supported here
            pass
        yield
    finally:
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()
        os.close(handle)


def remove_leftovers(folder: Path, pattern: str) -> None:
    """Remove incomplete files and folders left by killed processes: those that match the pattern and are not locked."""
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            try:
                lock(handle)
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            finally:
                os.close(handle)
