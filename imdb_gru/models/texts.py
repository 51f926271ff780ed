"""The input texts of a model: given texts, the lines of a file or stdin, or a column of a table."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError

MAX_LINE_BYTES = 16 * 2**20
STDIN = Path("-")


class TextReader:
    """A reader that yields texts in order and counts those that it cannot decode."""

    def __init__(self, texts: Sequence[str] = (), file: DataConfig | None = None) -> None:
        """Use the given texts or those of a file, or raise `DataError` if a column is given without a table."""
        file = file or DataConfig()
        if file.text_column and file.path is None:
            raise DataError("--text-column needs a table: give the table with --input")
        self.texts = texts
        self.path = None if file.path is None else Path(file.path)
        self.text_column = file.text_column
        self.undecodable = 0
        """Number of texts read so far that are not valid UTF-8."""

    def __iter__(self) -> Iterator[str]:
        """Yield the texts."""
        if self.path is not None:
            yield from self._iter_file(self.path)
            return
        for text in self.texts:
            yield text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def follow(self, title: str) -> Iterator[str]:
        """Yield the texts; show a progress bar if they come from a file."""
        with self.show_bar(title) as observe:
            for text in self:
                yield text
                observe(1)

    @contextlib.contextmanager
    def show_bar(self, title: str, first: int = 0) -> Iterator[Callable[[int], object]]:
        """Yield a function that advances the progress bar, but does nothing if the texts do not come from a file."""
        if self.path is None:
            yield lambda _: None
            return
        from imdb_gru.system.progress import show_bar

        with show_bar(desc=title, unit=" reviews", initial=first, delay=1) as bar:
            yield bar.update

    def _iter_file(self, path: Path) -> Iterator[str]:
        from imdb_gru.sources.table import is_table, open_table

        if is_table(path):
            table = open_table(path, self.text_column, None, require_labels=False, divide=False)
            for split in table.splits:
                for review in table.iter_reviews(split):
                    yield review.text
            self.undecodable = table.undecodable
            return
        if self.text_column:
            raise DataError(f"--text-column needs a table, but {path} is read line by line: leave out the option")
        try:
            with contextlib.ExitStack() as stack:
                file = sys.stdin.buffer if path == STDIN else stack.enter_context(path.open("rb"))
                yield from self._decode(file)
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
