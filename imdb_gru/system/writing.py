"""Writing files atomically."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from imdb_gru.errors import ImdbGruError
from imdb_gru.system.lock import lock, remove_leftovers

UNFINISHED = ".imdb-gru-"
"""The name prefix of files that are still being written."""


@contextlib.contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file next to `path`; rename the file to `path` unless the body raises an error.

    If `path` is a device or a pipe, the data is copied to it at the end. Temporary files left next to `path` by
    killed processes are removed; files that are still being written are locked and therefore kept.
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


@contextlib.contextmanager
def write_folder_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary folder next to `path`, then rename it to `path` unless the body raises an error.

    An existing folder at `path` is replaced, including its contents. Temporary folders of killed processes are removed.
    """
    remove_leftovers(path.parent, f"{UNFINISHED}*")
    with _make_temporary_folder(path.parent) as temporary:
        new, old = temporary / "new", temporary / "old"
        new.mkdir()
        yield new
        for file in new.iterdir():
            with file.open("rb+") as content:
                os.fsync(content.fileno())
        try:
            if path.exists():
                path.replace(old)
            new.replace(path)
        except BaseException:
            if old.exists() and not path.exists():
                old.replace(path)
            raise


@contextlib.contextmanager
def _make_temporary_folder(parent: Path) -> Iterator[Path]:
    """Yield a new locked folder, and remove it at the end."""
    temporary = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=parent))
    handle = os.open(temporary, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            lock(handle)
        yield temporary
    finally:
        os.close(handle)
        shutil.rmtree(temporary, ignore_errors=True)


def check_parent(path: Path, action: str) -> None:
    """Raise `ImdbGruError` if a file's folder is missing; `action` is the verb in the message, such as `write`."""
    if not path.absolute().parent.is_dir():
        raise ImdbGruError(
            f"cannot {action} {path}: there is no folder {path.parent}; create it, or choose another path"
        )


def check_file(path: Path) -> None:
    """Raise `ImdbGruError` if a file cannot be written to a path."""
    if path.is_dir():
        raise ImdbGruError(f"cannot write {path}: it is a folder; choose a file")
    check_parent(path, "write")


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, or raise `ImdbGruError`."""
    try:
        with write_atomically(path.resolve()) as temporary:
            temporary.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise ImdbGruError(f"cannot write {path}: {error.strerror or error}; choose another file") from error


def make_folder(folder: Path, action: str) -> None:
    """Create a folder if needed, or raise `ImdbGruError`; `action` is the verb in the message, such as `draw into`."""
    if folder.is_file():
        raise ImdbGruError(f"cannot {action} {folder}: it is a file; choose a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImdbGruError(f"cannot {action} {folder}: {error.strerror}; choose another folder") from error
