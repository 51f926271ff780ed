"""The folder of partitions: the run and options that it was begun with, the finished parts, and its lock."""

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
"""Says what the folder was begun with; tools that read partitions pass over such a name."""
READERS = 16
"""Footers that are read at a time: at an address, each is a wait."""


@dataclass(frozen=True)
class Notes:
    """What was counted of a partition."""

    counts: Counts
    undecodable: int
    last: bool
    """Whether no chunk of its file follows."""

    @classmethod
    def parse(cls, text: str | bytes) -> "Notes":
        """Read notes as a worker wrote them."""
        record = json.loads(text)
        return cls(Counts(**record["counts"]), record["undecodable"], record["last"])


class Partitions:
    """The folder that a job's partitions go into."""

    def __init__(self, folder: Location) -> None:
        self.folder = folder
        self.done: dict[tuple[int, int], Notes] = {}
        """By file and chunk."""

    @property
    def address(self) -> str:
        """Return where the folder is, for a process that runs elsewhere."""
        return str(self.folder)

    def begin(self, begun_with: Mapping[str, Any], stamps: Sequence[Stamp], *, resume: bool) -> list[str]:
        """Go on in a folder, or begin in an empty one; raises `DataError` where neither can be.

        Return the files that are other ones than when it was begun: what was done of them goes.
        """
        settings = self.folder / SETTINGS
        begun = {**begun_with, "input": [stamp[0] for stamp in stamps]}
        with self._explain("write"):
            names = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
            present = [name for name in names if not name.startswith(UNFINISHED)]  # left by a kill
            if set(present) <= {SETTINGS}:  # begun, perhaps, and nothing done
                self._write_settings(begun, stamps)
                return []
        if SETTINGS not in present:
            raise DataError(f"{self.folder} holds other files than partitions: name another folder with --output")
        if not resume:
            raise DataError(f"{self.folder} holds partitions already: go on with --resume, or name another folder")
        try:
            record = json.loads(settings.read_bytes())
            check_same(record["begun_with"], begun)
            pairs = zip(record["stamps"], map(list, stamps), strict=True)
            changed = {file for file, (before, now) in enumerate(pairs) if before != now}
        except DataError as error:
            raise DataError(f"{self.folder} {error}: put that back, or name another folder with --output") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{settings} cannot be read ({error}): name another folder with --output") from error
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
        """Read a partition's footer; None where it was cut short, by a storage that does not write in one go."""
        with (self.folder / match[0]).open("rb") as file:
            try:
                return Notes.parse(parquet.read_metadata(file).metadata[METADATA])
            except (pyarrow.ArrowException, KeyError, TypeError, ValueError):
                return None

    def list_left(self, tables: Sequence[str]) -> list[dict[str, Any]]:
        """Return the files that are not done, each with the chunks of it that are."""
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
        """Keep the folder for this process, where it is on a disk; raises `ImdbGruError` where another has it."""
        with claim(self.folder) if isinstance(self.folder, Path) else contextlib.nullcontext():
            yield

    @contextlib.contextmanager
    def _explain(self, deed: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # every kind of storage has errors of its own
            raise DataError(
                f"cannot {deed} {self.folder}: {explain(error)}; name another folder with --output"
            ) from error


def open_partitions(address: str) -> Partitions:
    """Open the folder at an address, whether it is there or not; raises `DataError`."""
    return Partitions(locate(address))


def stamp_tables(tables: Sequence[str]) -> list[Stamp]:
    """Return the address of every table with what changes when its file does; raises `DataError`."""
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(stamp, tables))
