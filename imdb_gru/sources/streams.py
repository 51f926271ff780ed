"""Texts that come through a pipe, such as stdin, and can be read only once."""

import contextlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from imdb_gru.config import DataConfig
from imdb_gru.sources.decoding import BLOCK
from imdb_gru.sources.signatures import find_signature
from imdb_gru.sources.unpacking import Content, open_content


class _Rejoined(io.RawIOBase):
    """A stream that yields bytes already read from a file, followed by the rest of the file."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        content, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        content = content or self._rest.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


@contextlib.contextmanager
def open_stream(file: BinaryIO, name: str, data: DataConfig) -> Iterator[Content]:
    """Open the content of a pipe.

    Lines are read as they arrive, so the content can be opened only once, and its encoding is detected from the first
    lines. Tables and compressed files are copied to a temporary file, because they are read more than once.
    """
    head = file.read(BLOCK)
    rejoined = cast(BinaryIO, io.BufferedReader(_Rejoined(head, file)))
    if data.format in (None, "lines") and find_signature(head) is None:
        yield Content(name, name, lambda: rejoined, head=head)
        return
    with tempfile.NamedTemporaryFile() as temporary:
        shutil.copyfileobj(rejoined, temporary)
        temporary.flush()
        yield open_content(Path(temporary.name), name)
