"""The three steps by which Ray's workers process a chunk of reviews: reading, predicting and writing.

Every step takes and returns tables with one row per chunk, so Ray cannot split a chunk. Chunks must stay whole because
the last bits of a review's probability depend on the other reviews in its chunk. Local prediction divides a file into
the same chunks, so its results are identical.
"""

import io
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, cast

import numpy as np
import pyarrow
from pyarrow import parquet

import imdb_gru
from imdb_gru.cluster.storage import explain, locate, write_bytes
from imdb_gru.config import DataConfig
from imdb_gru.errors import ImdbGruError
from imdb_gru.models.batches import take_chunk
from imdb_gru.models.classifier import Classifier
from imdb_gru.models.counts import Counts, describe_text
from imdb_gru.models.prediction import Prediction
from imdb_gru.sources.table import open_table
from imdb_gru.system.memory import measure_own_memory
from imdb_gru.text.direction import record_direction

METADATA = b"imdb-gru"
"""Metadata key of the notes in a partition's footer."""

STEP = pyarrow.struct([("timestep", pyarrow.int32()), ("token", pyarrow.string()), ("probability", pyarrow.float64())])
FILE = pyarrow.schema(
    [("file", pyarrow.int64()), ("address", pyarrow.string()), ("done", pyarrow.list_(pyarrow.int64()))]
)
CHUNK = pyarrow.schema(
    [
        ("file", pyarrow.int64()),
        ("chunk", pyarrow.int64()),
        ("address", pyarrow.string()),
        ("texts", pyarrow.list_(pyarrow.string())),
        ("rows", pyarrow.list_(pyarrow.int64())),
        ("undecodable", pyarrow.int64()),
        ("remarks", pyarrow.list_(pyarrow.string())),
        ("last", pyarrow.bool_()),
        ("error", pyarrow.string()),
    ]
)
PARTITION = pyarrow.schema(
    [
        ("name", pyarrow.string()),
        ("content", pyarrow.large_binary()),
        ("notes", pyarrow.string()),
        ("worker", pyarrow.string()),
        ("megabytes", pyarrow.float64()),
        ("error", pyarrow.string()),
    ]
)
RESULT = PARTITION.remove(PARTITION.get_field_index("content"))


def name_partition(file: int, chunk: int) -> str:
    """Return a partition's file name; sorting partitions by name puts them in the order of the input."""
    return f"part-{file:05d}-{chunk:05d}.parquet"


def read_chunks(files: pyarrow.Table, *, data: DataConfig) -> Iterator[pyarrow.Table]:
    """Yield the unfinished chunks of files; if an error occurs, yield a chunk with only the error message, and stop."""
    for file in files.to_pylist():
        try:
            yield from (_make(CHUNK, **chunk) for chunk in _read_file(**file, data=data))
        except ImdbGruError as error:
            yield _make(CHUNK, error=str(error))
            return
        except Exception as error:  # each kind of storage raises its own errors
            yield _make(CHUNK, error=f"cannot read {file['address']}: {explain(error)}")
            return


def _read_file(file: int, address: str, done: list[int], data: DataConfig) -> Iterator[dict[str, Any]]:
    table = cast(Any, open_table)(locate(address), data, require_labels=False, divide=False)
    places: list[int] = []
    """Row numbers of the texts that have been read but not yet yielded."""

    def iter_texts() -> Iterator[str]:
        for split in table.splits:
            for text, row in table.iter_rows(split):
                places.append(row.number)
                yield text

    texts_of_file = iter_texts()
    undecodable = number = 0
    texts = list(take_chunk(texts_of_file))
    while texts:
        rows, now = places[: len(texts)], table.undecodable
        del places[: len(texts)]
        following = list(take_chunk(texts_of_file))
        if number not in done:
            yield {
                "file": file,
                "chunk": number,
                "address": address,
                "texts": texts,
                "rows": rows,
                "undecodable": now - undecodable,
                "remarks": [] if following else table.notes,
                "last": not following,
            }
        undecodable, number, texts = now, number + 1, following


class Worker:
    """A worker that loads its classifier once, and then classifies chunks of reviews on one core."""

    def __init__(
        self, classifier: Classifier, *, version: str, timesteps: bool, max_error: float | None = None
    ) -> None:
        self.classifier = classifier
        self.max_error = max_error
        self.timesteps = timesteps
        self.version = version

    def __call__(self, chunks: pyarrow.Table) -> pyarrow.Table:
        """Classify the reviews of each chunk, and return a table with one encoded partition for each chunk."""
        return pyarrow.concat_tables([self._predict(chunk) for chunk in chunks.to_pylist()])

    def _predict(self, chunk: dict[str, Any]) -> pyarrow.Table:
        if chunk["error"] is None and self.version != imdb_gru.__version__:
            chunk["error"] = (
                f"a node has imdb-gru {imdb_gru.__version__}, but this machine has {self.version}: "
                "install the same version on every node"
            )
        if chunk["error"] is not None:
            return _make(PARTITION, error=chunk["error"])
        counts = Counts()
        predictions = list(
            self.classifier.predict_many(
                chunk["texts"], timesteps=self.timesteps, max_error=self.max_error, continued=chunk["chunk"] > 0
            )
        )
        for prediction in predictions:
            counts.take(prediction)
        kept = {key: chunk[key] for key in ("undecodable", "last", "remarks")}
        notes = json.dumps({"counts": asdict(counts), **kept})
        content = _encode(predictions, chunk, notes)
        return _make(
            PARTITION,
            name=name_partition(chunk["file"], chunk["chunk"]),
            content=content,
            notes=notes,
            worker=f"{os.uname().nodename}:{os.getpid()}",
            megabytes=measure_own_memory(),
        )


def _encode(predictions: list[Prediction], chunk: dict[str, Any], notes: str) -> bytes:
    """Encode a partition as the content of a Parquet file."""
    columns: dict[str, Any] = {
        "text": pyarrow.array([prediction.text for prediction in predictions], pyarrow.string()),
        "label": pyarrow.array([prediction.label for prediction in predictions], pyarrow.string()),
        "probability": pyarrow.array([prediction.probability for prediction in predictions], pyarrow.float64()),
        "note": pyarrow.array([describe_text(prediction) for prediction in predictions], pyarrow.string()),
    }
    if predictions[0].probabilities is not None:
        columns["timesteps"] = _lay_out_timesteps(predictions)
        for name, value in record_direction(predictions[0].direction).items():
            columns[name] = pyarrow.array([value] * len(predictions), pyarrow.string())
    columns["file"] = pyarrow.array([chunk["address"]] * len(predictions), pyarrow.string())
    columns["row"] = pyarrow.array(chunk["rows"], pyarrow.int64())
    table = pyarrow.table(columns).replace_schema_metadata({METADATA: notes.encode()})
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


def _lay_out_timesteps(predictions: list[Prediction]) -> pyarrow.Array:
    """Return the timesteps of all predictions as an Arrow list array; Python objects would use 100 times the memory."""
    lengths = np.array([len(prediction.tokens) for prediction in predictions], np.int64)
    steps = pyarrow.StructArray.from_arrays(
        [
            pyarrow.array(np.concatenate([np.arange(length, dtype=np.int32) for length in lengths])),
            pyarrow.array([token for prediction in predictions for token in prediction.tokens], pyarrow.string()),
            pyarrow.array(
                np.concatenate([cast(Any, prediction.probabilities) for prediction in predictions]).astype(np.float64)
            ),
        ],
        fields=list(STEP),
    )
    return pyarrow.ListArray.from_arrays(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32), steps)


def write_partitions(partitions: pyarrow.Table, *, folder: str) -> pyarrow.Table:
    """Write partitions to a folder, and return the table without its `content` column."""
    notes = partitions.select(RESULT.names)
    for name, content in zip(partitions["name"].to_pylist(), partitions["content"].to_pylist(), strict=True):
        if name is None:
            continue
        try:
            write_bytes(locate(folder) / name, content)
        except Exception as error:  # each kind of storage raises its own errors
            reason = f"cannot write {folder}: {explain(error)}; free some space, or choose another folder with --output"
            return _make(RESULT, error=reason)
    return notes


def _make(schema: pyarrow.Schema, **row: Any) -> pyarrow.Table:
    """Return a table with one row; columns for which no value is given are null."""
    return pyarrow.Table.from_pylist([row], schema)
