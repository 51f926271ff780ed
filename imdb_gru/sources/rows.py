"""Detecting the format of a file of reviews, and opening its rows."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.sources.decoding import open_text
from imdb_gru.sources.row import Rows
from imdb_gru.sources.unpacking import Content, strip_packing
from imdb_gru.system.escaping import show_value

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".xlsm": "excel",
}
"""The format of a table, by the suffix of its file name."""


def find_format(content: Content, data: DataConfig) -> str | None:
    """Return a file's format, or None if unknown; the content is tried first, then the config, then the suffix."""
    if content.kind == "corpus":
        raise DataError(f"{content.name} holds the IMDB reviews: choose it with --data, not with --input")
    return content.kind or data.format or FORMATS.get(content.suffix)


def open_rows(content: Content, kind: str, data: DataConfig) -> Rows:
    """Open the rows of a file whose format is `kind`, or raise `DataError` if it cannot be read."""
    if kind == "parquet":
        from imdb_gru.sources.columnar import ParquetRows

        return ParquetRows(content)
    if kind == "excel":
        from imdb_gru.sources.columnar import ExcelRows

        return ExcelRows(content)
    text = open_text(content, data.encoding)
    if kind == "jsonl":
        from imdb_gru.sources.json_rows import JsonRows

        return JsonRows(text)
    if kind == "lines":
        from imdb_gru.sources.lines import LineRows

        return LineRows(text)
    from imdb_gru.sources.delimited import DelimitedRows

    return DelimitedRows(text, data, "\t" if kind == "tsv" else ",")


def is_table_name(name: str) -> bool:
    """Return whether a file with this name is a table, compressed or not."""
    file = PurePosixPath(strip_packing(name))
    if file.suffix.lower() == ".zip":
        return not file.stem.lower().endswith(".tar")
    return file.suffix.lower() in FORMATS


def list_columns(columns: Iterable[str]) -> str:
    """Return the names of the first 20 columns, for use in a message."""
    shown = list(map(show_value, columns))
    return ", ".join(shown[:20]) + (" …" if len(shown) > 20 else "")
