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
    """A stream whose first bytes have been read."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        """Return true."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        content, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        content = content or self._rest.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


@contextlib.contextmanager
def open_stream(file: BinaryIO, name: str, data: DataConfig) -> Iterator[Content]:
    """Open what comes through a pipe.

    Lines are read as they come, so the content can be opened only once, and only the first ones show its encoding.
    Tables and compressed files are kept in a temporary file, as they are read more than once.
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
