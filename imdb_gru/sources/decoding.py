"""Decoding text files, and reading their lines.

Bytes that cannot be decoded are replaced with surrogates, so that the caller can count them.
"""

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from imdb_gru.errors import DataError
from imdb_gru.sources.unpacking import Content
from imdb_gru.system.escaping import show_value

MAX_ROW_CHARACTERS = 16 * 2**20
"""Maximum total number of characters in the cells of a row; this is about three million words."""
UNDECODABLE = "\udcff"
ERRORS = "imdb-gru-undecodable"
BLOCK = 2**20
WINDOWS = "cp1252"
_UNUSED_IN_WINDOWS = b"\x81\x8d\x8f\x90\x9d"
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", None),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
"""Each byte order mark, its codec, and the name of the encoding in the note (None for UTF-8, which needs no note)."""

Divided = TypeVar("Divided")


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end


codecs.register_error(ERRORS, _mark_undecodable)


@dataclass(frozen=True)
class Text:
    """The decoded content of a file."""

    content: Content
    encoding: str
    note: str | None = None
    """A note on how the text was decoded; None if it is UTF-8 or if its encoding was given."""

    def open(self, newline: str | None) -> io.TextIOWrapper:
        """Open the text at its start; `newline` has the same meaning as in `io.TextIOWrapper`."""
        return io.TextIOWrapper(self.content.open(), self.encoding, ERRORS, newline)


def open_text(content: Content, encoding: str | None) -> Text:
    """Open a text; its encoding is detected if none is given. Raises `DataError` if the given encoding is unknown."""
    if encoding is not None:
        return Text(content, check_encoding(encoding))
    if content.head is not None:
        found, note = find_encoding([content.head], whole=len(content.head) < BLOCK)
    else:
        with content.open() as file:
            found, note = find_encoding(iter(lambda: file.read(BLOCK), b""))
    return Text(content, found, note and f"{content.name} {note}")


def check_encoding(name: str) -> str:
    """Return the name of an encoding's codec, or raise `DataError` if Python has no such text encoding."""
    try:
        codec = codecs.lookup(name)
        io.TextIOWrapper(io.BytesIO(), codec.name)  # raises an error for codecs that are not for text, such as zlib
    except (LookupError, ValueError) as error:
        raise DataError(
            f"there is no encoding {show_value(name)}: choose one that Python knows, such as utf-8, utf-16, cp1252 "
            "or shift_jis"
        ) from error
    return "utf-8-sig" if codec.name == "utf-8" else codec.name


def find_encoding(blocks: Iterable[bytes], *, whole: bool = True) -> tuple[str, str | None]:
    """Return the codec of a text, and a note if it is not UTF-8; `whole` is False if more text follows the blocks."""
    blocks = iter(blocks)
    block = next(blocks, b"")
    for mark, marked, name in _MARKS:
        if block.startswith(mark):
            return marked, name and f"was read as {name}"
    if codec := _find_wide(block[:4096]):
        return codec, "was read as UTF-16"
    decoder = codecs.getincrementaldecoder("utf-8")(ERRORS)
    valid = invalid = 0
    windows = True
    while block:
        following = next(blocks, b"")
        text = decoder.decode(block, final=whole and not following)
        if not text.isascii():
            bad = text.count(UNDECODABLE)
            invalid += bad
            valid += len(_NOT_ASCII.findall(text)) - bad
            windows = windows and len(block) == len(block.translate(None, _UNUSED_IN_WINDOWS))
        block = following
    if windows and invalid > valid:
        return WINDOWS, "is not UTF-8 and was read as Windows-1252; if that is wrong, name its encoding with --encoding"
    return "utf-8", None


def _find_wide(head: bytes) -> str | None:
    """Return a UTF-16 codec if zero bytes are common at even positions only or at odd positions only, or else None."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half and odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    if half and even > 0.6 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def decode(content: bytes) -> tuple[str, str | None]:
    """Return the decoded text, with U+FFFD in place of undecodable bytes, and a note if the content is not UTF-8."""
    codec, note = find_encoding([content])
    return content.decode(codec, "replace"), note


class Lines:
    """The lines of a text; an error is raised if a row is too long."""

    def __init__(self, text: Text, newline: str | None) -> None:
        self.name = text.content.name
        self.file = text.open(newline)
        self.number = self._read = 0
        self.taken: list[str] = []
        """The lines read since the end of the previous row."""

    def __enter__(self) -> "Lines":
        """Return the object itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.file.close()

    def __iter__(self) -> Iterator[str]:
        """Yield the lines, or raise `DataError` if a row is too long."""
        while line := self.file.readline(MAX_ROW_CHARACTERS + 1 - self._read):
            self.number += 1
            self._read += len(line)
            if self._read > MAX_ROW_CHARACTERS:
                raise describe_length(f"{self.name}, line {self.number}: the row")
            self.taken.append(line)
            yield line

    def divide(self, rows: Iterable[Divided]) -> Iterator[Divided]:
        """Yield rows parsed from these lines; after each row, reset the number of characters read and clear `taken`."""
        for row in rows:
            yield row
            self._read = 0
            self.taken.clear()


def describe_length(what: str) -> DataError:
    """Return the error for a row that is too long."""
    return DataError(f"{what} is longer than {MAX_ROW_CHARACTERS:,} characters; the table may be damaged or malicious")
