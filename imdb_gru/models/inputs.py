"""The tables in a folder or of a glob, as one input."""

import glob
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePath

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError, ImdbGruError
from imdb_gru.events import Notice, Observer, ignore
from imdb_gru.models.texts import InputRow, TextReader
from imdb_gru.sources.rows import FORMATS, is_table_name

HIDDEN = ("_", ".", "~$")
"""Prefixes of files and folders that hold no data: settings of partitions, hidden files, Excel's lock files."""
MOST_NAMES = 10
"""Number of files that a message names at most."""


class TableFiles(TextReader):
    """A reader of all tables in a folder or of a glob, one after another, in the order of their names."""

    def __init__(self, file: DataConfig, output: Path | None = None) -> None:
        """Find the tables except those that a command writes to `output`; raises `DataError` if there are none."""
        super().__init__(file=file)
        assert self.path is not None
        self.folder = find_folder(self.path)
        """The folder in which all files are."""
        found = _iter_files(self.path, self.folder)
        files = sorted(path for path in found if not _is_output(path, output, self.folder))
        self.readers = [
            TextReader(file=file.model_copy(update={"path": str(path)})) for path in files if is_table_name(path.name)
        ]
        """The readers of the tables."""
        self.skipped = [path for path in files if not is_table_name(path.name)]
        """Files that are not tables."""
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
        """Yield the texts of all tables with their rows; raises `DataError` before the first one if any is damaged."""
        self.check()
        for reader in self.readers:
            yield from reader.iter_rows()
            self.undecodable += reader.undecodable
            self.notes += reader.notes

    def check(self) -> None:
        """Raise `DataError` if a table cannot be read."""
        if self.failures:
            reasons = "".join(f"\n  {reason}" for reason in list(self.failures.values())[:MOST_NAMES])
            raise DataError(
                f"{len(self.failures)} of {len(self.readers)} files cannot be read, so nothing was predicted:{reasons}"
            )

    @cached_property
    def failures(self) -> dict[Path, str]:
        """Read all tables once, and return why some of them cannot be read; this also sets `columns`."""
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
    texts: Sequence[str], file: DataConfig, output: Path | None = None, observer: Observer = ignore
) -> TextReader:
    """Open given texts, a file, or all tables in a folder or of a glob, except those that are written to `output`.

    The observer is told which files are skipped because they are not tables.
    """
    if not file.path or not names_several(Path(file.path)):
        return TextReader(texts, file)
    reader = TableFiles(file, output)
    if reader.skipped:
        are = "is not a table" if len(reader.skipped) == 1 else "are not tables"
        observer(Notice(f"skipped {list_names(reader.skipped)}, which {are}"))
    return reader


def names_several(path: Path) -> bool:
    """Return whether a path is a folder or a glob."""
    return path.is_dir() or (glob.has_magic(str(path)) and not path.exists())


def find_folder(path: Path) -> Path:
    """Return a folder itself, or the last folder of a glob that has no wildcard in its name or above it."""
    if path.is_dir():
        return path
    return next(folder for folder in path.parents if not glob.has_magic(str(folder)))


def is_hidden(name: str | PurePath) -> bool:
    """Return whether a file or one of its folders has the name of those that hold no data."""
    return any(part.startswith(HIDDEN) for part in PurePath(name).parts)


def list_names(paths: Sequence[Path]) -> str:
    """List the first paths for a message."""
    more = len(paths) - MOST_NAMES
    return ", ".join(map(str, paths[:MOST_NAMES])) + (f" and {more} more" if more > 0 else "")


def _iter_files(path: Path, folder: Path) -> Iterator[Path]:
    """Yield the files that are not hidden, unless the pattern asks for hidden ones."""
    pattern, asked = "**/*", False
    if not path.is_dir():
        pattern = str(path.relative_to(folder))
        asked = is_hidden(pattern)
    for file in folder.glob(f"{pattern}/*" if pattern.endswith("**") else pattern):
        if file.is_file() and (asked or not is_hidden(file.relative_to(folder))):
            yield file


def _is_output(path: Path, output: Path | None, folder: Path) -> bool:
    """Return whether a file is the output or in the folder of outputs, if that is in the folder of inputs."""
    if output is None or folder.resolve() not in output.resolve().parents:
        return False
    return output.resolve() in (path.resolve(), *path.resolve().parents)
