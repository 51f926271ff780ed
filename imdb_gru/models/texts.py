"""The input texts of a model: texts given directly, the lines of a file or stdin, or a column of a table."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from imdb_gru.errors import DataError

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.sources.table import TableSource
    from imdb_gru.sources.unpacking import Content

OPTIONS = ("text_column", "format", "encoding", "delimiter")
"""The keys of a config's data section that describe a file of texts."""
STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class InputRow:
    """An input text and its location in the input."""

    text: str
    row: int
    """The row's number in the file, or the text's number among the given texts, starting at 1."""
    cells: Mapping[str, object] = field(default_factory=dict)
    """The row's values in all columns of a table; empty for lines and given texts."""
    path: Path | None = None
    """The file that holds the text; None for given texts."""


class TextReader:
    """A reader that yields texts in order and counts the texts that cannot be decoded."""

    def __init__(self, texts: Sequence[str] = (), file: "DataConfig | None" = None) -> None:
        """Use the given texts or a file's texts. Raises `DataError` if options for a file are given without a file."""
        self._file = file
        self.path = None if file is None or file.path is None else Path(file.path)
        if self.path is None:
            for key, value in self.options.items():
                if value is not None:
                    raise DataError(f"--{key.replace('_', '-')} needs a table or a file: give one with --input")
        self.texts = texts
        self.undecodable = 0
        """Number of texts read so far that contain bytes that cannot be decoded."""
        self.columns: tuple[str, ...] = ()
        """The names of a table's columns, known once reading has begun; empty for lines and given texts."""
        self.text_name: str | None = None
        """The name of the table's text column, known once reading has begun."""
        self.notes: tuple[str, ...] = ()
        """Notes about anything unusual in the file, available once it has been read."""

    @property
    def options(self) -> dict[str, str | None]:
        """Return the options that describe the file: its text column, format, encoding and delimiter."""
        return {key: getattr(self._file, key, None) for key in OPTIONS}

    @cached_property
    def _data(self) -> "DataConfig":
        """The file's config. Its class is imported here, because texts that are given directly need no config."""
        from imdb_gru.config import DataConfig

        return self._file or DataConfig()

    @property
    def files(self) -> list[Path]:
        """Return the paths of the files that hold the texts."""
        return [] if self.path is None else [self.path]

    def __iter__(self) -> Iterator[str]:
        """Yield the texts."""
        for row in self.iter_rows():
            yield row.text

    def iter_rows(self) -> Iterator[InputRow]:
        """Yield the texts, each with its location in the input."""
        if self.path is not None:
            yield from self._iter_file(self.path)
            return
        for number, text in enumerate(self.texts, 1):
            yield InputRow(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), number)

    def follow(self, title: str) -> Iterator[str]:
        """Yield the texts; show a progress bar if they come from a file."""
        with self.show_bar(title) as observe:
            for text in self:
                yield text
                observe(1)

    @contextlib.contextmanager
    def show_bar(self, title: str, first: int = 0) -> Iterator[Callable[[int], object]]:
        """Yield a function that advances a progress bar, or does nothing if the texts do not come from a file."""
        if self.path is None:
            yield lambda _: None
            return
        from imdb_gru.system.progress import show_bar

        with show_bar(desc=title, unit=" reviews", initial=first, delay=1) as bar:
            yield bar.update

    def _iter_file(self, path: Path) -> Iterator[InputRow]:
        empty = True
        hint: tuple[str, ...] = ()
        with self._open(path) as content:
            table = self._open_table(content, path)
            lines = table.kind == "lines"
            self.columns, self.text_name = ((), None) if lines else (table.columns, table.text_column)
            for split in table.splits:
                for text, row in table.iter_rows(split):
                    if empty and lines and self._data.format is None and text.startswith('{"'):
                        hint = (f"{content.name} is read line by line; if it holds JSON, use --format jsonl",)
                    empty = False
                    yield InputRow(text, row.number, {} if lines else row.cells, path)
            self.undecodable, self.notes = table.undecodable, (*hint, *table.notes)
        if empty and path != STDIN:
            raise DataError(
                f"{path} holds no reviews: choose a file with one review per line, or a table with a header and rows"
            )

    @contextlib.contextmanager
    def _open(self, path: Path) -> Iterator["Content"]:
        from imdb_gru.sources.streams import open_stream
        from imdb_gru.sources.unpacking import open_content

        try:
            if path == STDIN:
                if sys.stdin is None:
                    raise DataError("stdin is closed: give texts, or a file with --input")
                with open_stream(sys.stdin.buffer, "stdin", self._data) as content:
                    yield content
            elif path.exists() and not path.is_file() and not path.is_dir():
                with path.open("rb") as file, open_stream(file, str(path), self._data) as content:
                    yield content
            else:
                yield open_content(path)
        except OSError as error:
            reason = error.strerror or error
            raise DataError(f"cannot read {path}: {reason}; choose a file of reviews with --input") from error

    def _open_table(self, content: "Content", path: Path) -> "TableSource":
        from imdb_gru.sources.lines import check_text
        from imdb_gru.sources.rows import find_format
        from imdb_gru.sources.table import TableSource

        kind = find_format(content, self._data)
        if kind is None:
            if content.head is None and path == STDIN:
                raise DataError("stdin holds a compressed file: specify the format of its content with --format")
            check_text(content, self._data.encoding)
            kind = "lines"
        if kind == "lines" and (self._data.text_column or self._data.delimiter):
            option = "--text-column" if self._data.text_column else "--delimiter"
            raise DataError(
                f"{option} needs a table, but {content.name} is read line by line: leave out the option, or name the "
                "format of the table with --format"
            )
        return TableSource(content, kind, path.parent, self._data, require_labels=False, divide=False)
