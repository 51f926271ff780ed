"""Sources of reviews, with one module for each kind; every source yields the reviews of one split at a time."""

import json
import os
from pathlib import Path

from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError
from imdb_gru.sources.review import Review, Source
from imdb_gru.system.escaping import show_value
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
    "an aclImdb folder, aclImdb_v1.tar.gz, imdb.npz, a folder that contains one of these or the folders pos and neg, "
    "or a .csv, .tsv, .jsonl, .json, .parquet or .xlsx table"
)
NAME_KEYS = ("text_column", "label_column", "positive", "negative")
"""The keys of a config's data section that name columns and labels; a run also uses them to read other tables."""
TABLE_KEYS = (*NAME_KEYS, "format", "encoding", "delimiter")
"""The keys of a config's data section that describe a table."""


def open_source(data: str | Path | DataConfig | None = None, *, require_labels: bool = True) -> Source:
    """Open the reviews at a path, or the reviews that a config's data section describes.

    If no path is given, $IMDB_GRU_DATA is used; if that is not set either, IMDB is used (and downloaded first if it is
    not in the cache). A table needs a label column only if `require_labels` is True. Raises `DataError` if the reviews
    cannot be read, or if the data section describes a table but the reviews are not a table.
    """
    if not isinstance(data, DataConfig):
        data = DataConfig(path=None if data is None else str(data))
    path = data.path or os.environ.get(ENVIRONMENT)
    if path == SAMPLE or not path:
        _refuse_table_keys(path or "IMDB", data)
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
    """Open the reviews that `other` describes or, if it has no path, the reviews that a run was trained on.

    `run` is the name of the run in messages, and `own` is the data section of the run's config. If `other` describes a
    table, `own` supplies the names of columns and labels that `other` does not give. Raises `DataError` in the same
    cases as `open_source`, or if the run's own reviews are needed but are no longer where its config says they are.
    """
    from imdb_gru.sources.rows import is_table_name

    other = other or DataConfig()
    if other.path is None:
        check_data_found(run, own)
        inherited: tuple[str, ...] = TABLE_KEYS
    else:  # another file may have a different format
        inherited = NAME_KEYS if is_table_name(other.path) else ()
    given = {key: value for key in TABLE_KEYS if (value := getattr(other, key)) is not None}
    if "positive" in given or "negative" in given:  # these two keys belong together
        given = {"positive": None, "negative": None, **given}
    chosen = {key: getattr(own, key) for key in inherited} | given
    return open_source(DataConfig(path=other.path or own.path, **chosen), require_labels=require_labels)


def check_data_found(run: str, own: DataConfig) -> None:
    """Raise `DataError` if the reviews that a run was trained on are no longer where its config says they are."""
    if own.path in (None, "", SAMPLE):
        return
    try:
        found = Path(str(own.path)).expanduser().exists()
    except (OSError, RuntimeError):  # `open_source` reports it
        return
    if not found:
        raise DataError(
            f"the reviews that {run} was trained on are no longer at {own.path}: give their location with --data PATH"
        )


def _refuse_table_keys(path: str, data: DataConfig) -> None:
    """Raise `DataError` if the config describes a table; called only when the reviews at `path` are not a table."""
    for key in TABLE_KEYS:
        if (value := getattr(data, key)) is not None:
            option, what = "--" + key.replace("_", "-"), key.removeprefix("text_").removeprefix("label_")
            applies = f"{what} {show_value(value)} does not apply"
            if key in ("positive", "negative"):
                applies = f"{key} labels {show_value(value)} do not apply"
            raise DataError(
                f"the {applies} to {path}, which is not a table: leave out {option} "
                f"(data.{key} in a config), or choose a .csv, .tsv, .jsonl, .json, .parquet or .xlsx table with --data"
            )


def _open_path(path: Path, data: DataConfig, require_labels: bool) -> Source:
    if not path.exists():
        raise DataError(f"there are no reviews at {path}: choose {ACCEPTED}, or try --data {SAMPLE}")
    if path.is_dir():
        return _open_folder(path, data, require_labels)
    if path.suffix.lower() == ".npz":
        from imdb_gru.sources.keras_npz import NpzSource, check_npz

        _refuse_table_keys(str(path), data)
        check_npz(path)
        return NpzSource(path, load_word_index(path.parent))
    from imdb_gru.sources.rows import find_format
    from imdb_gru.sources.table import TableSource
    from imdb_gru.sources.unpacking import open_content

    content = open_content(path)
    if content.kind == "corpus":
        from imdb_gru.sources.aclimdb import TarSource

        _refuse_table_keys(str(path), data)
        return TarSource(path)
    kind = find_format(content, data)
    if kind is None:
        raise DataError(f"cannot recognise the format of {path}: choose {ACCEPTED}, or specify it with --format")
    return TableSource(content, kind, path.parent, data, require_labels=require_labels, divide=True)


def _open_folder(path: Path, data: DataConfig, require_labels: bool) -> Source:
    from imdb_gru.sources.folders import FolderSource, find_class_folders
    from imdb_gru.sources.split_files import SplitFilesSource, find_split_files

    if folders := find_class_folders(path):
        _refuse_table_keys(str(path), data)
        return FolderSource(path, folders)
    for inside in (ARCHIVE_FOLDER, ARCHIVE_NAME, NPZ_NAME):
        if (path / inside).exists():
            return _open_path(path / inside, data, require_labels)
    if files := find_split_files(path):
        return SplitFilesSource(path, files, data, require_labels=require_labels)
    _refuse_table_keys(str(path), data)
    raise DataError(f"cannot recognise the format of {path}: choose {ACCEPTED}")


def load_word_index(folder: Path | None) -> dict[str, int]:
    """Read Keras's word index (the rank of each word, from 1) from a folder, or download the index if it is missing."""
    from imdb_gru.sources.download import WORD_INDEX, fetch

    path = folder / WORD_INDEX_NAME if folder else None
    if path is None or not path.exists():
        path = fetch(WORD_INDEX)
    try:
        index = json.loads(read_text(path))
        if not isinstance(index, dict) or not all(type(rank) is int and rank > 0 for rank in index.values()):
            raise ValueError("it does not map words to ranks")
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} is not Keras's word index ({error}): delete it to have it downloaded again") from error
    return index
