"""Sources of reviews, one file for each kind; every source yields reviews, split by split."""

import json
import os
from pathlib import Path

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.sources.review import Review, Source
from imdb_gru.system.reading import read_text

__all__ = ["Review", "Source", "check_data_found", "load_word_index", "open_run_source", "open_source"]

SAMPLE = "sample"
ENVIRONMENT = "IMDB_GRU_DATA"
ARCHIVE_NAME, ARCHIVE_FOLDER, NPZ_NAME, WORD_INDEX_NAME = (
    "aclImdb_v1.tar.gz",
    "aclImdb",
    "imdb.npz",
    "imdb_word_index.json",
)
ACCEPTED = (
    "an aclImdb folder, aclImdb_v1.tar.gz, imdb.npz, a folder that holds one of these or the folders pos and neg, "
    "or a .csv, .tsv, .jsonl, .json, .parquet or .xlsx table"
)
TABLE_KEYS = ("text_column", "label_column", "format", "encoding", "delimiter")
"""The keys of a config's data section that describe a table."""


def open_source(data: str | Path | DataConfig | None = None, *, require_labels: bool = True) -> Source:
    """Open the reviews at a path, or those of a config's data section, which also names a table's columns.

    If no path is given, $IMDB_GRU_DATA is used; if that is not set either, IMDB is downloaded once. Unless labels are
    required, a table may lack them. Raises `DataError` if there is nothing that can be read, or if a column is named
    but the reviews are not a table.
    """
    if not isinstance(data, DataConfig):
        data = DataConfig(path=None if data is None else str(data))
    path = data.path or os.environ.get(ENVIRONMENT)
    if path == SAMPLE or not path:
        _refuse_columns(path or "IMDB", data)
    if path == SAMPLE:
        from imdb_gru.sources.sample import SampleSource

        return SampleSource()
    if not path:
        from imdb_gru.sources.aclimdb import TarSource
        from imdb_gru.sources.download import ARCHIVE, fetch

        return TarSource(fetch(ARCHIVE))
    try:
        return _open_path(Path(path).expanduser(), data, require_labels)
    except (OSError, RuntimeError) as error:  # the name is too long, access to a folder is denied, or ~user is unknown
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise DataError(f"cannot read {path[:200]}: {reason}; choose {ACCEPTED}, or try --data {SAMPLE}") from error


def open_run_source(run: str, own: DataConfig, other: DataConfig | None, *, require_labels: bool = True) -> Source:
    """Open the reviews of `other` or, if it has no path, those that a run was trained on.

    `run` is the name of the run in messages, and `own` the data section of its config, which also names the columns of
    a table if `other` does not. Raises `DataError` as `open_source` does, or if the run's own data has moved.
    """
    from imdb_gru.sources.rows import is_table_name

    other = other or DataConfig()
    if other.path is None:
        check_data_found(run, own)
        inherited: tuple[str, ...] = TABLE_KEYS
    else:  # another file may be written in another way
        inherited = ("text_column", "label_column") if is_table_name(other.path) else ()
    chosen = {key: getattr(own, key) for key in inherited}
    chosen |= {key: value for key in TABLE_KEYS if (value := getattr(other, key)) is not None}
    return open_source(DataConfig(path=other.path or own.path, **chosen), require_labels=require_labels)


def check_data_found(run: str, own: DataConfig) -> None:
    """Raise `DataError` if the reviews that a run was trained on are no longer where its config says."""
    if own.path in (None, "", SAMPLE):
        return
    try:
        found = Path(str(own.path)).expanduser().exists()
    except (OSError, RuntimeError):  # `open_source` reports it
        return
    if not found:
        raise DataError(
            f"the reviews that {run} was trained on are no longer at {own.path}: say where they are with --data PATH"
        )


def _refuse_columns(path: str, data: DataConfig) -> None:
    """Raise `DataError` if a column or a format is named; the reviews are not a table."""
    for key in TABLE_KEYS:
        if (value := getattr(data, key)) is not None:
            option, what = "--" + key.replace("_", "-"), key.removeprefix("text_").removeprefix("label_")
            raise DataError(
                f"the {what} '{value}' does not apply to {path}, which is not a table: leave out {option} "
                f"(data.{key} in a config), or choose a .csv, .tsv, .jsonl, .json, .parquet or .xlsx table with --data"
            )


def _open_path(path: Path, data: DataConfig, require_labels: bool) -> Source:
    if not path.exists():
        raise DataError(f"there are no reviews at {path}: choose {ACCEPTED}, or try --data {SAMPLE}")
    if path.is_dir():
        return _open_folder(path, data, require_labels)
    if path.suffix.lower() == ".npz":
        from imdb_gru.sources.keras_npz import NpzSource, check_npz

        _refuse_columns(str(path), data)
        check_npz(path)
        return NpzSource(path, load_word_index(path.parent))
    from imdb_gru.sources.rows import find_format
    from imdb_gru.sources.table import TableSource
    from imdb_gru.sources.unpacking import open_content

    content = open_content(path)
    if content.kind == "corpus":
        from imdb_gru.sources.aclimdb import TarSource

        _refuse_columns(str(path), data)
        return TarSource(path)
    kind = find_format(content, data)
    if kind is None:
        raise DataError(f"cannot recognise the format of {path}: choose {ACCEPTED}, or name it with --format")
    return TableSource(content, kind, path.parent, data, require_labels=require_labels, divide=True)


def _open_folder(path: Path, data: DataConfig, require_labels: bool) -> Source:
    from imdb_gru.sources.folders import FolderSource, find_class_folders
    from imdb_gru.sources.split_files import SplitFilesSource, find_split_files

    if folders := find_class_folders(path):
        _refuse_columns(str(path), data)
        return FolderSource(path, folders)
    for inside in (ARCHIVE_FOLDER, ARCHIVE_NAME, NPZ_NAME):
        if (path / inside).exists():
            return _open_path(path / inside, data, require_labels)
    if files := find_split_files(path):
        return SplitFilesSource(path, files, data, require_labels=require_labels)
    _refuse_columns(str(path), data)
    raise DataError(f"cannot recognise the format of {path}: choose {ACCEPTED}")


def load_word_index(folder: Path | None) -> dict[str, int]:
    """Read Keras's word index, which maps words to ranks starting at 1, from a folder; download it if it is missing."""
    from imdb_gru.sources.download import WORD_INDEX, fetch

    path = folder / WORD_INDEX_NAME if folder else None
    if path is None or not path.exists():
        path = fetch(WORD_INDEX)
    try:
        index = json.loads(read_text(path))
        if not isinstance(index, dict) or not all(type(rank) is int and rank > 0 for rank in index.values()):
            raise ValueError("it does not map words to ranks")
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is not Keras's word index ({error}): delete it to download it again") from error
    return index
