"""A reader that treats all tables in a folder, or all tables that match a glob, as one input."""

import glob
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from imdb_gru.errors import DataError, ImdbGruError
from imdb_gru.models.texts import InputRow, TextReader

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.events import Observer

HIDDEN = ("_", ".", "~$")
"""Prefixes that mark files and folders without data: partition metadata, hidden files and Excel's lock files."""
MOST_NAMES = 10
"""Maximum number of files that a message names."""


class TableFiles(TextReader):
    """A reader of all tables in a folder, or all tables that match a glob, in the order of their names."""

    def __init__(self, file: "DataConfig", output: Path | None = None) -> None:
        """Find the tables, excluding those under `output`. Raises `DataError` if there are none."""
        from imdb_gru.sources.rows import FORMATS, is_table_name

        super().__init__(file=file)
        assert self.path is not None
        self.folder = find_folder(self.path)
        """The folder that contains all of the files."""
        found = _iter_files(self.path, self.folder)
        files = sorted(path for path in found if not _is_output(path, output, self.folder))
        self.readers = [
            TextReader(file=file.model_copy(update={"path": str(path)})) for path in files if is_table_name(path.name)
        ]
        """One reader for each table."""
        self.skipped = [path for path in files if not is_table_name(path.name)]
        """Files that are skipped because they are not tables."""
        if not self.readers:
            others = f", only {list_names(self.skipped)}" if self.skipped else ""
            raise DataError(
                f"no tables at {self.path}{others}: choose a file, a folder or a glob of {', '.join(FORMATS)} files"
            )

    @property
    def files(self) -> list[Path]:
        """Return the paths of all tables."""
        return [path for reader in self.readers for path in reader.files]

    def iter_rows(self) -> Iterator[InputRow]:
        """Yield the rows of all tables. Raises `DataError`, before yielding any row, if any table is unreadable."""
        self.check()
        for reader in self.readers:
            yield from reader.iter_rows()
            self.undecodable += reader.undecodable
            self.notes += reader.notes

    def check(self) -> None:
        """Raise `DataError` if any table cannot be read."""
        if self.failures:
            reasons = "".join(f"\n  {reason}" for reason in list(self.failures.values())[:MOST_NAMES])
            raise DataError(
                f"{len(self.failures)} of {len(self.readers)} files cannot be read, so nothing was predicted:{reasons}"
            )

    @cached_property
    def failures(self) -> dict[Path, str]:
        """Read all tables once, set `columns`, and return, for each unreadable table, why it cannot be read."""
        failures: dict[Path, str] = {}
        columns: dict[str, None] = {}
        with self.show_bar("reading") as observe:
            for reader, path in zip(self.readers, self.files, strict=True):
                try:
                    for _ in reader.iter_rows():
                        observe(1)
                    columns.update(dict.fromkeys(name for name in reader.columns if name != reader.text_name))
                except ImdbGruError as error:
                    failures[path] = str(error)
        self.columns = tuple(columns)
        return failures


def open_input(
    texts: Sequence[str], file: "DataConfig | None", output: Path | None = None, observer: "Observer | None" = None
) -> TextReader:
    """Return a reader of the given texts, or of a file, folder or glob of tables, ignoring tables under `output`.

    Notifies the observer, if there is one, of files that are skipped because they are not tables.
    """
    if file is None or not file.path or not names_several(Path(file.path)):
        return TextReader(texts, file)
    reader = TableFiles(file, output)
    if reader.skipped and observer:
        from imdb_gru.events import Notice

        are = "is not a table" if len(reader.skipped) == 1 else "are not tables"
        observer(Notice(f"skipped {list_names(reader.skipped)}, which {are}"))
    return reader


def names_several(path: Path) -> bool:
    """Return whether a path is a folder or a glob."""
    return path.is_dir() or (glob.has_magic(str(path)) and not path.exists())


def find_folder(path: Path) -> Path:
    """Return the path if it is a folder; for a glob, return its deepest parent that contains no wildcards."""
    if path.is_dir():
        return path
    return next(folder for folder in path.parents if not glob.has_magic(str(folder)))


def is_hidden(name: str | PurePath) -> bool:
    """Return whether any part of a path begins with one of the `HIDDEN` prefixes."""
    return any(part.startswith(HIDDEN) for part in PurePath(name).parts)


def list_names(paths: Sequence[Path]) -> str:
    """List paths for a message: the first `MOST_NAMES` of them, and how many more there are."""
    more = len(paths) - MOST_NAMES
    return ", ".join(map(str, paths[:MOST_NAMES])) + (f" and {more} more" if more > 0 else "")


def _iter_files(path: Path, folder: Path) -> Iterator[Path]:
    """Yield the files that are in a folder or match a glob; skip hidden files unless the glob names them."""
    pattern, asked = "**/*", False
    if not path.is_dir():
        pattern = str(path.relative_to(folder))
        asked = is_hidden(pattern)
    for file in folder.glob(f"{pattern}/*" if pattern.endswith("**") else pattern):
        if file.is_file() and (asked or not is_hidden(file.relative_to(folder))):
            yield file


def _is_output(path: Path, output: Path | None, folder: Path) -> bool:
    """Return whether a file is the output or lies inside it; False if the output is not inside the input folder."""
    if output is None or folder.resolve() not in output.resolve().parents:
        return False
    return output.resolve() in (path.resolve(), *path.resolve().parents)
