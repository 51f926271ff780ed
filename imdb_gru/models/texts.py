"""The input texts of a model: given texts, the lines of a file or of stdin, or a column of a table."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError

MAX_LINE_BYTES = 16 * 2**20
STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class InputRow:
    """A text of the input, with the place that it came from."""

    text: str
    row: int
    """The number of its row in the file, or of its text among the given ones, starting at 1."""
    cells: Mapping[str, object] = field(default_factory=dict)
    """The values of all columns of a table's row; empty for lines and given texts."""
    path: Path | None = None
    """The file that holds the text; None for given texts."""


class TextReader:
    """A reader that yields texts in order and counts those that it cannot decode."""

    def __init__(self, texts: Sequence[str] = (), file: DataConfig | None = None) -> None:
        """Use the given texts or those of a file; raises `DataError` if a column is given but no table."""
        file = file or DataConfig()
        if file.text_column and file.path is None:
            raise DataError("--text-column needs a table: give the table with --input")
        self.texts = texts
        self.path = None if file.path is None else Path(file.path)
        self.text_column = file.text_column
        self.undecodable = 0
        """Number of texts read so far that are not valid UTF-8."""
        self.columns: tuple[str, ...] = ()
        """The names of a table's columns, once reading has begun; empty for lines and given texts."""
        self.text_name: str | None = None
        """The name of the table's column of texts, once reading has begun."""

    @property
    def files(self) -> list[Path]:
        """Return the paths of the files that hold the texts."""
        return [] if self.path is None else [self.path]

    def __iter__(self) -> Iterator[str]:
        """Yield the texts."""
        for row in self.iter_rows():
            yield row.text

    def iter_rows(self) -> Iterator[InputRow]:
        """Yield the texts with their rows."""
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
        """Yield a function that advances the progress bar; it does nothing if the texts do not come from a file."""
        if self.path is None:
            yield lambda _: None
            return
        from imdb_gru.system.progress import show_bar

        with show_bar(desc=title, unit=" reviews", initial=first, delay=1) as bar:
            yield bar.update

    def _iter_file(self, path: Path) -> Iterator[InputRow]:
        from imdb_gru.sources.table import is_table, open_table

        if is_table(path):
            table = open_table(path, self.text_column, None, require_labels=False, divide=False)
            self.columns, self.text_name = table.columns, table.text_column
            for split in table.splits:
                for number, text, cells in table.iter_rows(split):
                    yield InputRow(text, number, cells, path)
            self.undecodable = table.undecodable
            return
        if self.text_column:
            raise DataError(f"--text-column needs a table, but {path} is read line by line: leave out the option")
        if path == STDIN and sys.stdin is None:
            raise DataError("stdin is closed: give texts as arguments, or choose a file with --input")
        try:
            with contextlib.ExitStack() as stack:
                file = sys.stdin.buffer if path == STDIN else stack.enter_context(path.open("rb"))
                for number, text in enumerate(self._decode(file), 1):
                    yield InputRow(text, number, path=path)
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror}; choose a file of reviews with --input") from error

    def _decode(self, file: IO[bytes]) -> Iterator[str]:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b"")):
            if len(line) > MAX_LINE_BYTES:
                raise DataError(
                    f"{self.path}, line {number + 1}: longer than {MAX_LINE_BYTES:,} bytes; "
                    "choose a file that has one review per line"
                )
            raw = line.rstrip(b"\r\n")
            try:
                yield raw.decode("utf-8-sig" if number == 0 else "utf-8")
            except UnicodeDecodeError:
                self.undecodable += 1
                yield raw.decode("utf-8", "replace")
