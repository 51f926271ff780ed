"""Files that get their name only once they are completely written."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from imdb_gru.errors import ImdbGruError
from imdb_gru.system.lock import lock, remove_leftovers

UNFINISHED = ".imdb-gru-"
"""What the names of files begin with that are being written."""


@contextlib.contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path` to write to, and put it in place of `path` once all went well.

    A device or a pipe stays what it is: it is written to, at the end. What a killed process left beside `path` under
    such a name is removed; the lock tells it from what is being written.
    """
    special = path.exists() and not path.is_file()
    if not special:
        remove_leftovers(path.parent, f"{UNFINISHED}*")
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, suffix=path.suffix, dir=None if special else path.parent)
    temporary = Path(name)
    try:
        with contextlib.suppress(OSError):
            lock(handle)
        yield temporary
        if special:
            with temporary.open("rb") as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
            return
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        os.close(handle)
        temporary.unlink(missing_ok=True)


def check_parent(path: Path, deed: str) -> None:
    """Raise `ImdbGruError` where the folder is missing that a file is to be written, or drawn, into."""
    if not path.absolute().parent.is_dir():
        raise ImdbGruError(f"cannot {deed} {path}: there is no folder {path.parent}; make it, or name another file")
