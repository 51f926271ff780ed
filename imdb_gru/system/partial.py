"""The file of finished predictions, from which bulk prediction can resume, even if its process was killed.

Each line is a JSON object. The first line contains the prediction settings. Every other line contains the output of a
chunk of texts, and the counts for all texts up to the end of that chunk. An incomplete last line is dropped.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from imdb_gru.errors import DataError
from imdb_gru.system.lock import find_holder, lock


class Partial:
    """The part of an output that is already finished."""

    def __init__(self, file: BinaryIO, begun_with: Mapping[str, Any]) -> None:
        """Read the file up to its last complete line. Raises `DataError` if its settings differ from `begun_with`."""
        self._file = file
        self.counts: dict[str, int] = {}
        """The counts up to the end of the last chunk; empty before the first chunk."""
        end = 0
        for record in self._iter_records():
            if not end:
                check_same(record, begun_with)
            self.counts = record.get("counts", {})
            end = file.tell()
        file.seek(end)
        file.truncate()
        if not end:
            self._write(begun_with)

    def append(self, text: str, counts: Mapping[str, int]) -> None:
        """Append the output of a chunk, and the counts for all texts up to the end of the chunk."""
        self._write({"counts": counts, "text": text})
        self.counts = dict(counts)

    def copy_to(self, stream: TextIO) -> None:
        """Write the output of all chunks to a stream."""
        for record in self._iter_records():
            stream.write(record.get("text", ""))

    def _write(self, record: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(record).encode() + b"\n")
        self._file.flush()

    def _iter_records(self) -> Iterator[dict[str, Any]]:
        self._file.seek(0)
        while (line := self._file.readline()).endswith(b"\n"):
            yield json.loads(line)


def check_same(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """If any settings differ, raise a `DataError` that names the first that does."""
    for name, value in new.items():
        if old.get(name) != value:
            raise DataError(f"was started with a different {name}")


@contextlib.contextmanager
def open_partial(path: Path, begun_with: Mapping[str, Any]) -> Iterator[Partial]:
    """Open or create the file at `path`; the caller removes the file once its content is in the output.

    Raises `DataError` if the file was started with different settings, or if another process is writing to it.
    """
    path.touch()
    with path.open("rb+") as file:
        try:
            lock(file.fileno())
        except BlockingIOError:
            raise DataError(f"{path} is in use by {find_holder(file.fileno())}: wait until that process ends") from None
        except OSError:  # locks are not supported here
            pass
        try:
            partial = Partial(file, begun_with)
        except (DataError, ValueError, AttributeError) as error:
            told = isinstance(error, DataError)
            reason = f"{error}: use the original one" if told else "is not a file of predictions: choose another file"
            raise DataError(f"{path} {reason}, or remove {path} to start again") from None
        yield partial
