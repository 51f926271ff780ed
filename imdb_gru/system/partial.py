"""The file of finished predictions from which bulk prediction resumes, even after a kill.

One JSON object a line: first what it was begun with, then, for every chunk of texts, what is to be written of it and
what was counted up to its end. A last line that was cut short is dropped.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from imdb_gru.errors import DataError
from imdb_gru.system.lock import find_holder, lock


class Partial:
    """What is ready of an output."""

    def __init__(self, file: BinaryIO, begun_with: Mapping[str, Any]) -> None:
        """Go on behind the last whole line; raises `DataError` where the file was begun with something else."""
        self._file = file
        self.counts: dict[str, int] = {}
        """What was counted up to the end of the last chunk; empty before there is one."""
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
        """Keep what is to be written of a chunk."""
        self._write({"counts": counts, "text": text})
        self.counts = dict(counts)

    def copy_to(self, stream: TextIO) -> None:
        """Write all chunks."""
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
    """Raise `DataError` that says which setting is another one."""
    for name, value in new.items():
        if old.get(name) != value:
            raise DataError(f"was begun with another {name}")


@contextlib.contextmanager
def open_partial(path: Path, begun_with: Mapping[str, Any]) -> Iterator[Partial]:
    """Open the file at `path`, or begin it; it goes where the body ends well, and stays where it does not.

    Raises `DataError` where it was begun with something else, or another process is writing it.
    """
    path.touch()
    with path.open("rb+") as file:
        try:
            lock(file.fileno())
        except BlockingIOError:
            raise DataError(f"{path} is being written by {find_holder(file.fileno())}: wait until it ends") from None
        except OSError:  # no locks here
            pass
        try:
            partial = Partial(file, begun_with)
        except (DataError, ValueError, AttributeError) as error:
            reason = error if isinstance(error, DataError) else "holds something else"
            raise DataError(f"{path} {reason}: put that back, or remove {path} to start over") from None
        yield partial
        path.unlink()
