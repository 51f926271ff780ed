"""Rows of Parquet files and Excel workbooks."""

import contextlib
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

from imdb_gru.errors import DataError, MissingExtraError
from imdb_gru.sources.decoding import MAX_ROW_CHARACTERS, describe_length
from imdb_gru.sources.row import TableRow
from imdb_gru.sources.unpacking import Content
from imdb_gru.system.escaping import show_value
from imdb_gru.system.wording import count_noun

PARQUET_BATCH = 64
"""Number of Parquet rows unpacked at once; it is small because a row's size can be checked only after unpacking."""
MAX_WORKBOOK_BYTES = 2**28
"""Maximum size in bytes of an unpacked workbook; it is limited because the texts are kept in memory."""


class ParquetRows:
    """The rows of a Parquet file, numbered from 1."""

    notes = ()

    def __init__(self, content: Content) -> None:
        self._content = content
        with self._open() as file:
            self.columns = Counter(file.schema_arrow.names)

    def __iter__(self) -> Iterator[TableRow]:
        """Yield the rows."""
        number = 0
        with self._open() as file:
            for batch in file.iter_batches(batch_size=PARQUET_BATCH):
                if batch.nbytes > MAX_ROW_CHARACTERS:
                    self._check_cells(number, batch)
                for row in batch.to_pylist():
                    number += 1
                    yield TableRow(number, row)

    @contextlib.contextmanager
    def _open(self) -> Iterator[Any]:
        """Open the file, or raise `DataError` if it is damaged."""
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError as error:
            raise MissingExtraError("Reading Parquet", "parquet") from error
        try:
            with self._content.open() as content, pyarrow.parquet.ParquetFile(content) as file:
                yield file
        except (pyarrow.ArrowException, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            raise DataError(f"{self._content.name} cannot be read as Parquet ({reason})") from error

    def _check_cells(self, number: int, batch: Any) -> None:
        """Raise `DataError` if a row of the batch is too long; `number` is the number of rows before the batch."""
        for place in range(len(batch)):
            if batch.slice(place, 1).nbytes > MAX_ROW_CHARACTERS:
                raise describe_length(f"{self._content.name}, row {number + place + 1}")


class ExcelRows:
    """The rows of the first sheet of a workbook, with every cell converted to text, as in a CSV file."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._notes: list[str] = []
        self._empty = 0
        self._header: list[str] = []
        for _ in self._iter_filled():
            pass
        self.columns = Counter(self._header)
        if self._empty:
            self._notes.append(f"{content.name}: left out {count_noun(self._empty, 'row')} without any content")
        self.notes = tuple(self._notes)

    def __iter__(self) -> Iterator[TableRow]:
        """Yield the rows below the header, except empty rows."""
        for number, cells in self._iter_filled():
            yield TableRow(number, dict(zip(self._header, cells, strict=True)))

    def _iter_filled(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each non-empty row below the header, with its number; the header is the first non-empty row."""
        self._header, self._empty, waiting = [], 0, 0
        for number, cells in enumerate(self._iter_sheet(), 1):
            if not "".join(cells).strip():
                waiting += bool(self._header)
            elif not self._header:
                self._header = cells
            else:
                width = len(self._header)
                if any(cells[width:]):
                    raise DataError(
                        f"{self._content.name}, row {number}: the cell {show_value(next(filter(None, cells[width:])))} "
                        "is in a column without a name: name the column in the header row"
                    )
                self._empty, waiting = self._empty + waiting, 0
                yield number, (cells + [""] * width)[:width]
        self._empty += waiting

    def _iter_sheet(self) -> Iterator[list[str]]:
        try:
            import openpyxl
        except ImportError as error:
            raise MissingExtraError("Reading Excel files", "excel") from error
        name = self._content.name
        try:
            with self._content.open() as file:
                with zipfile.ZipFile(file) as archive:
                    size = sum(member.file_size for member in archive.infolist())
                if size > MAX_WORKBOOK_BYTES:
                    raise DataError(f"{name} unpacks to more than {MAX_WORKBOOK_BYTES:,} bytes: save it as .csv")
                with warnings.catch_warnings():  # warnings about features that do not matter here
                    warnings.simplefilter("ignore")
                    book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
                with contextlib.closing(book):
                    if not book.worksheets:
                        raise DataError(f"{name} has no sheet with cells: choose another file")
                    sheet = book.worksheets[0]
                    if len(book.worksheets) > 1:
                        self._notes = [f"{name}: only the first sheet, {show_value(sheet.title)}, was read"]
                    sheet.reset_dimensions()
                    for row in sheet.iter_rows(values_only=True):
                        yield ["" if value is None else str(value) for value in row]
        except DataError:
            raise
        except OSError as error:
            if error.errno is not None:
                raise
            raise self._describe(error) from error
        except Exception as error:  # openpyxl raises errors of many kinds
            raise self._describe(error) from error

    def _describe(self, error: Exception) -> DataError:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        return DataError(f"{self._content.name} cannot be read as an Excel file ({reason}): save it as .csv")
