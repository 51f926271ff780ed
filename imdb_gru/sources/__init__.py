"""Sources of reviews, one file for each kind; every source yields reviews, split by split."""

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
    "an aclImdb folder, aclImdb_v1.tar.gz, imdb.npz, a folder that holds one of these, "
    "or a .csv, .tsv, .jsonl or .parquet table"
)


def open_source(data: str | Path | DataConfig | None = None, *, require_labels: bool = True) -> Source:
    """Open the reviews at a path, or those of a config's data section, which also names a table's columns and labels.

    If no path is given, $IMDB_GRU_DATA is used; if that is not set either, IMDB is downloaded once. Unless labels are
    required, a table may lack them. Raises `DataError` if there is nothing that can be read, or if a column or a
    label is named but the reviews are not a table.
    """
    if not isinstance(data, DataConfig):
        data = DataConfig(path=None if data is None else str(data))
    path = data.path or os.environ.get(ENVIRONMENT)
    if path == SAMPLE or not path:
        _refuse_names(path or "IMDB", data)
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

    `run` is the name of the run in messages, and `own` the data section of its config, which also names the columns and
    labels of a table if `other` does not. Raises `DataError` as `open_source` does, or if the run's own data has moved.
    """
    from imdb_gru.sources.table import is_table

    other = other or DataConfig()
    if other.path is None:
        check_data_found(run, own)
    inherited = other.path is None or is_table(Path(other.path))
    names = own if inherited else DataConfig()
    labels = other if other.positive or other.negative else names
    chosen = DataConfig(
        path=other.path or own.path,
        text_column=other.text_column or names.text_column,
        label_column=other.label_column or names.label_column,
        positive=labels.positive,
        negative=labels.negative,
    )
    return open_source(chosen, require_labels=require_labels)


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


def _refuse_names(path: str, data: DataConfig) -> None:
    """Raise `DataError` if a column or a label is named; the reviews are not a table."""
    for key in ("text_column", "label_column", "positive", "negative"):
        name = getattr(data, key)
        if name is not None:
            what = f"the column '{name}'" if key.endswith("column") else f"the {key} labels {show_value(name)}"
            option = "--" + key.replace("_", "-")
            raise DataError(
                f"{what} cannot be read from {path}, which is not a table: leave out {option} "
                f"(data.{key} in a config), or choose a .csv, .tsv, .jsonl or .parquet table with --data"
            )


def _open_path(path: Path, data: DataConfig, require_labels: bool) -> Source:
    from imdb_gru.sources.aclimdb import FolderSource, TarSource
    from imdb_gru.sources.keras_npz import NpzSource, check_npz
    from imdb_gru.sources.table import is_table, open_table

    if not path.exists():
        raise DataError(f"there are no reviews at {path}: choose {ACCEPTED}, or try --data {SAMPLE}")
    if path.is_dir() or not is_table(path):
        _refuse_names(str(path), data)
    if path.is_dir():
        if (path / "train" / "pos").is_dir():
            return FolderSource(path)
        for inside in (ARCHIVE_FOLDER, ARCHIVE_NAME, NPZ_NAME):
            if (path / inside).exists():
                return _open_path(path / inside, data, require_labels)
    elif path.name.lower().endswith((".tar.gz", ".tgz")):
        return TarSource(path)
    elif path.suffix.lower() == ".npz":
        check_npz(path)
        return NpzSource(path, load_word_index(path.parent))
    elif is_table(path):
        return open_table(
            path,
            data.text_column,
            data.label_column,
            require_labels=require_labels,
            positive=data.positive,
            negative=data.negative,
        )
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
