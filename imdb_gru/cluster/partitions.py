"""The folder of partitions: its settings, its finished partitions, and its lock."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from imdb_gru.cluster.chunks import METADATA
from imdb_gru.cluster.storage import Location, Stamp, explain, locate, stamp, write_bytes
from imdb_gru.errors import DataError
from imdb_gru.models.counts import Counts
from imdb_gru.system.lock import claim
from imdb_gru.system.partial import check_same
from imdb_gru.system.writing import UNFINISHED

SETTINGS = "_settings.json"
"""Name of the settings file; tools that read partitions ignore names that begin with an underscore."""
READERS = 16
"""Number of footers to read at the same time; reading them one by one would be slow on remote storage."""


@dataclass(frozen=True)
class Notes:
    """The information in a partition's footer."""

    counts: Counts
    undecodable: int
    last: bool
    """Whether the partition contains the last chunk of its input file."""
    remarks: tuple[str, ...] = ()
    """Remarks about anything unusual in the input file; empty unless `last` is true."""

    @classmethod
    def parse(cls, text: str | bytes) -> "Notes":
        """Parse the JSON that a worker wrote."""
        record = json.loads(text)
        return cls(Counts(**record["counts"]), record["undecodable"], record["last"], tuple(record["remarks"]))


class Partitions:
    """The folder into which a job writes its partitions."""

    def __init__(self, folder: Location) -> None:
        self.folder = folder
        self.done: dict[tuple[int, int], Notes] = {}
        """Notes of the finished partitions, by file and chunk."""

    @property
    def address(self) -> str:
        """Return the folder's address in a form that processes on other machines can use."""
        return str(self.folder)

    def begin(self, begun_with: Mapping[str, Any], stamps: Sequence[Stamp], *, resume: bool) -> list[str]:
        """Start a job if the folder is empty, or resume the job in it; raise `DataError` if neither is possible.

        Find the input files that have changed since the job was started, remove their partitions, and return the files.
        """
        settings = self.folder / SETTINGS
        begun = {**begun_with, "input": [stamp[0] for stamp in stamps]}
        with self._explain("write"):
            names = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
            present = [name for name in names if not name.startswith(UNFINISHED)]  # left behind by a killed process
            if set(present) <= {SETTINGS}:  # nothing is finished yet
                self._write_settings(begun, stamps)
                return []
        if SETTINGS not in present:
            raise DataError(f"{self.folder} holds files that are not partitions: choose another folder with --output")
        if not resume:
            raise DataError(f"{self.folder} already holds partitions: resume with --resume, or choose another folder")
        try:
            record = json.loads(settings.read_bytes())
            check_same(record["begun_with"], begun)
            pairs = zip(record["stamps"], map(list, stamps), strict=True)
            changed = {file for file, (before, now) in enumerate(pairs) if before != now}
        except DataError as error:
            raise DataError(
                f"{self.folder} {error}: use the original one, or choose another folder with --output"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{settings} cannot be read ({error}): choose another folder with --output") from error
        places = [match for name in present if (match := re.fullmatch(r"part-(\d+)-(\d+)\.parquet", name))]
        with self._explain("write"):
            for match in places:
                if int(match[1]) in changed:
                    (self.folder / match[0]).unlink()
            self._write_settings(begun, stamps)
        with self._explain("read"), ThreadPoolExecutor(READERS) as pool:
            places = [match for match in places if int(match[1]) not in changed]
            for match, notes in zip(places, pool.map(self._read_notes, places), strict=True):
                if notes:
                    self.done[int(match[1]), int(match[2])] = notes
        return [str(stamps[file][0]) for file in sorted(changed)]

    def _write_settings(self, begun_with: Mapping[str, Any], stamps: Sequence[Stamp]) -> None:
        record = {"begun_with": begun_with, "stamps": stamps}
        write_bytes(self.folder / SETTINGS, json.dumps(record).encode())

    def _read_notes(self, match: re.Match[str]) -> Notes | None:
        """Read a partition's footer; return None if the partition is incomplete, as can happen on remote storage."""
        with (self.folder / match[0]).open("rb") as file:
            try:
                return Notes.parse(parquet.read_metadata(file).metadata[METADATA])
            except (pyarrow.ArrowException, KeyError, TypeError, ValueError):
                return None

    def list_left(self, tables: Sequence[str]) -> list[dict[str, Any]]:
        """Return the input files that are not finished, each with the indices of its finished chunks."""
        chunks: dict[int, list[int]] = {}
        ends: dict[int, int] = {}
        for (file, chunk), notes in sorted(self.done.items()):
            chunks.setdefault(file, []).append(chunk)
            if notes.last:
                ends[file] = chunk + 1
        return [
            {"file": file, "address": address, "done": chunks.get(file, [])}
            for file, address in enumerate(tables)
            if len(chunks.get(file, [])) != ends.get(file)
        ]

    @contextlib.contextmanager
    def claim(self) -> Iterator[None]:
        """Lock the folder if it is local, or raise `ImdbGruError` if another process has locked it."""
        with claim(self.folder) if isinstance(self.folder, Path) else contextlib.nullcontext():
            yield

    @contextlib.contextmanager
    def _explain(self, deed: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each kind of storage raises its own errors
            raise DataError(
                f"cannot {deed} {self.folder}: {explain(error)}; choose another folder with --output"
            ) from error


def open_partitions(address: str) -> Partitions:
    """Return the folder at an address, whether or not it exists, or raise `DataError` if the address is invalid."""
    return Partitions(locate(address))


def stamp_tables(tables: Sequence[str]) -> list[Stamp]:
    """Return every table's `Stamp`, or raise `DataError` if a table cannot be read."""
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(stamp, tables))
