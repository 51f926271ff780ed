"""Text files with one review on each line, read as tables with a single column, `text`."""

from collections.abc import Iterator

from imdb_gru.errors import DataError
from imdb_gru.sources.decoding import Lines, Text, find_encoding
from imdb_gru.sources.row import TableRow
from imdb_gru.sources.unpacking import Content

COLUMN = "text"
SAMPLE = 4096
"""Number of bytes checked to decide whether a file is a text file."""
_CONTROLS = bytes(sorted({*range(32), 127} - set(b"\t\n\v\f\r\x1b")))
"""Control characters that do not occur in text files."""


class LineRows:
    """The lines of a text file."""

    columns = {COLUMN: 1}  # noqa: RUF012 - a Mapping, which is never changed

    def __init__(self, text: Text) -> None:
        self.notes = (text.note,) if text.note else ()
        self._text = text

    def __iter__(self) -> Iterator[TableRow]:
        """Yield the lines without their line breaks."""
        with Lines(self._text, newline=None) as lines:
            for line in lines.divide(lines):
                yield TableRow(lines.number, {COLUMN: line.removesuffix("\n")})


def check_text(content: Content, encoding: str | None) -> None:
    """Raise `DataError` if the first bytes of a file show that it is not a text file."""
    head = content.head
    if head is None:
        with content.open() as file:
            head = file.read(SAMPLE)
    head = head[:SAMPLE]
    wide = (encoding or find_encoding([head])[0]).startswith(("utf-16", "utf_16", "utf-32", "utf_32"))
    if not wide and len(head) - len(head.translate(None, _CONTROLS)) > 0.1 * len(head):
        raise DataError(f"{content.name} is not a text file: choose a text file or a table")
