"""Own the texts that predict is given, and what is said of those that the model did not see as they were."""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

import click

from imdb_gru.cli.options import PathType, say
from imdb_gru.counts import Counts

if TYPE_CHECKING:
    from imdb_gru.classifier import Prediction
    from imdb_gru.config import TextConfig
    from imdb_gru.inspection import Inspection
    from imdb_gru.text.encoded import EncodedText

Seen = TypeVar("Seen", "Prediction", "Inspection", "EncodedText")
"""What came of a text; it tells how many words the text had, were read, and were unknown."""

MAX_LINE_BYTES = 16 * 2**20

input_option = click.option(
    "--input",
    "input_path",
    type=PathType(allow_dash=True),
    metavar="FILE",
    help="One review a line, or a .csv, .tsv, .jsonl or .parquet table; - is stdin.",
)


def choose_input(texts: tuple[str, ...], path: Path | None, command: str) -> Path | None:
    """Return the file to read, stdin where neither texts nor a file are named, or None for texts."""
    if texts and path:
        raise click.UsageError("give texts or --input, not both")
    if texts or path:
        return path
    if sys.stdin.isatty():
        raise click.UsageError(f'give a text, such as imdb-gru {command} "A fine film.", or --input FILE')
    return Path("-")


class TextReader:
    """The texts to predict, from wherever they come; knows how many bytes it could not decode."""

    def __init__(self, texts: tuple[str, ...], path: Path | None, text_column: str | None) -> None:
        """Take the texts, or the file that holds them; raises `UsageError` if a column is named without a file."""
        if text_column and path is None:
            raise click.UsageError("--text-column goes with a table: name the table with --input")
        self.texts = texts
        self.path = path
        self.text_column = text_column
        self.undecodable = 0

    def __iter__(self) -> Iterator[str]:
        """Yield the texts."""
        if self.path is not None:
            yield from self._iter_file(self.path)
            return
        for text in self.texts:
            yield text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def follow(self, title: str) -> Iterator[str]:
        """Yield the texts; a bar counts those of a file."""
        with self.show_bar(title) as observe:
            for text in self:
                yield text
                observe(1)

    @contextlib.contextmanager
    def show_bar(self, title: str, first: int = 0) -> Iterator[Callable[[int], object]]:
        """Give a function that counts texts on a bar, which only those of a file have."""
        if self.path is None:
            yield lambda _: None
            return
        from imdb_gru.progress import show_bar

        with show_bar(desc=title, unit=" reviews", initial=first, delay=1) as bar:
            yield bar.update

    def _iter_file(self, path: Path) -> Iterator[str]:
        from imdb_gru.errors import DataError
        from imdb_gru.sources.table import is_table, open_table

        if is_table(path):
            table = open_table(path, self.text_column, None, require_labels=False, divide=False)
            for split in table.splits:
                for review in table.iter_reviews(split):
                    yield review.text
            self.undecodable = table.undecodable
            return
        if self.text_column:
            raise click.UsageError(f"--text-column goes with a table, and {path} is read one review a line")
        try:
            with contextlib.ExitStack() as stack:
                file = sys.stdin.buffer if str(path) == "-" else stack.enter_context(path.open("rb"))
                yield from self._decode(file)
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror}; name a file of reviews with --input") from error

    def _decode(self, file: IO[bytes]) -> Iterator[str]:
        from imdb_gru.errors import DataError

        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b"")):
            if len(line) > MAX_LINE_BYTES:
                raise DataError(
                    f"{self.path}, line {number + 1}: longer than {MAX_LINE_BYTES:,} bytes; "
                    "name a file of one review a line"
                )
            raw = line.rstrip(b"\r\n")
            try:
                yield raw.decode("utf-8-sig" if number == 0 else "utf-8")
            except UnicodeDecodeError:
                self.undecodable += 1
                yield raw.decode("utf-8", "replace")


def take_notes(
    predictions: Iterable[Seen],
    config: "TextConfig",
    reader: TextReader,
    *,
    verdict: bool = True,
    counts: Counts | None = None,
) -> Iterator[Seen]:
    """Pass predictions on, and say at the end which texts the model did not see as they were.

    Without a `verdict`, a text without words is as good as any other; `counts` are of texts that came before.
    """
    counts = counts or Counts()
    for prediction in predictions:
        counts.take(prediction)
        yield prediction
    tell_counts(counts, config, reader.undecodable, verdict=verdict)


def tell_counts(counts: Counts, config: "TextConfig", undecodable: int, *, verdict: bool = True) -> None:
    """Say which texts the model did not see as they were."""
    part = {"head": "first", "tail": "last", "middle": "outer"}[config.truncate]
    one = counts.all == 1
    if counts.cut:
        of = f"of {counts.longest} words" if one else f"words each (longest: {counts.longest})"
        say(f"{_name(counts.cut, one)} longer than the limit: read the {part} {config.length} {of}")
    if counts.empty and verdict:
        say(f"{_name(counts.empty, one)} without words: the belief before the first word is no verdict")
    if counts.strange:
        result = "verdict" if verdict else "guess"
        say(f"{_name(counts.strange, one)} of words unknown to the model only: the {result} means little")
    if undecodable:
        say(f"{_name(undecodable, one)} not valid UTF-8: bad bytes were read as �")
    if not counts.all:
        say("no reviews came in")


def _name(count: int, one: bool) -> str:
    return "the text is" if one else f"{count} {'text is' if count == 1 else 'texts are'}"
