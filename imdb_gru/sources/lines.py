"""Lines of a text file, each of which is a review, as the rows of a table with the column `text`."""

from collections.abc import Iterator

from imdb_gru.errors import DataError
from imdb_gru.sources.decoding import Lines, Text, find_encoding
from imdb_gru.sources.row import TableRow
from imdb_gru.sources.unpacking import Content

COLUMN = "text"
SAMPLE = 4096
"""Number of bytes that show whether a file is a text."""
_CONTROLS = bytes(sorted({*range(32), 127} - set(b"\t\n\v\f\r\x1b")))
"""Control characters that texts do not contain."""


class LineRows:
    """The lines of a text."""

    columns = {COLUMN: 1}  # noqa: RUF012 - a Mapping, which nobody changes

    def __init__(self, text: Text) -> None:
        self.notes = (text.note,) if text.note else ()
        self._text = text

    def __iter__(self) -> Iterator[TableRow]:
        """Yield the lines without their ends."""
        with Lines(self._text, newline=None) as lines:
            for line in lines.divide(lines):
                yield TableRow(lines.number, {COLUMN: line.removesuffix("\n")})


def check_text(content: Content, encoding: str | None) -> None:
    """Raise `DataError` if the first bytes of a file are not those of a text."""
    head = content.head
    if head is None:
        with content.open() as file:
            head = file.read(SAMPLE)
    head = head[:SAMPLE]
    wide = (encoding or find_encoding([head])[0]).startswith(("utf-16", "utf_16", "utf-32", "utf_32"))
    if not wide and len(head) - len(head.translate(None, _CONTROLS)) > 0.1 * len(head):
        raise DataError(f"{content.name} is not a text file: choose a text file or a table")
