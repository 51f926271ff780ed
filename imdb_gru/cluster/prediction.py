"""Bulk prediction on Ray: workers read tables chunk by chunk, predict, and write partitions."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow
import ray
import ray.data
from ray.exceptions import RayError

import imdb_gru
from imdb_gru.cluster.chunks import FILE, Worker, read_chunks, write_partitions
from imdb_gru.cluster.partitions import Notes
from imdb_gru.cluster.storage import is_local
from imdb_gru.errors import DataError, ImdbGruError
from imdb_gru.models.classifier import Classifier

RESTARTS = 10
"""Of a worker, with its node or without: a chunk that kills every worker it meets shall not be tried for ever."""
READS = 1000
"""Tasks that the files are dealt to, at most."""


@dataclass(frozen=True)
class Job:
    """What to score, and where the answers go."""

    files: Sequence[dict[str, Any]]
    """As `Partitions.list_left` has them."""
    text_column: str | None
    timesteps: bool
    output: str
    workers: int


@dataclass(frozen=True)
class PredictedChunk:
    """A partition that is written."""

    notes: Notes
    worker: str
    megabytes: float | None
    """What its worker held by itself when it was ready."""


class _RayWorker(Worker):
    """A worker that takes the classifier from Ray's object store, where a node's workers share the weights' memory."""

    def __init__(self, classifier: list[Any], **options: Any) -> None:
        super().__init__(ray.get(classifier[0]), **options)


def count_cluster_cores() -> int:
    """Count the cores of the cluster; raises `ImdbGruError` where there are none."""
    cores = int(ray.cluster_resources().get("CPU", 0))
    if not cores:
        raise ImdbGruError("the cluster has no cores to work on: add a node to it")
    return cores


def predict_tables(classifier: Classifier, job: Job) -> Iterator[PredictedChunk]:
    """Yield the partitions as they get written, in any order; raises `ImdbGruError`, and leaves those that are."""
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            # of more workers than chunks, which is no fault, and of max_restarts, which cannot be said otherwise
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            for batch in _plan(classifier, job).iter_batches(batch_size=None, batch_format="pyarrow"):
                for row in batch.to_pylist():
                    if row["error"] is not None:
                        raise DataError(row["error"])
                    yield PredictedChunk(Notes.parse(row["notes"]), row["worker"], row["megabytes"])
    except (RayError, SystemError) as error:
        raise ImdbGruError(_explain(error)) from error


def _plan(classifier: Classifier, job: Job) -> Any:
    """Return the dataset of what is noted of partitions, which are computed as it is read.

    Files are told to Ray, not their content; one chunk is one row and one block, so that no more of a file is in memory
    than the chunks that are on their way. Ray stops a reading task as soon as those behind it have enough to do.
    """
    count = min(READS, len(job.files))
    groups = [pyarrow.Table.from_pylist(list(job.files[start::count]), FILE) for start in range(count)]
    # tasks of no cores: they wait more than they work, and a head node may have none to give
    task: dict[str, Any] = {"num_cpus": 0, "batch_size": None, "batch_format": "pyarrow"}
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.target_max_block_size = 1
    return (
        ray.data.from_arrow(groups)
        .map_batches(
            read_chunks,
            fn_kwargs={"text_column": job.text_column},
            compute=ray.data.TaskPoolStrategy(size=min(count, job.workers + 1)),
            label_selector=_select_node(job.files[0]["address"]),
            **task,
        )
        .map_batches(
            _RayWorker,
            fn_constructor_args=([ray.put(classifier)],),
            fn_constructor_kwargs={"version": imdb_gru.__version__, "timesteps": job.timesteps},
            compute=ray.data.ActorPoolStrategy(size=job.workers),
            batch_size=1,
            batch_format="pyarrow",
            num_cpus=1,
            max_restarts=RESTARTS,
            # A worker has the core that it asked Ray for, and another worker the next. A timestep's matrices are small:
            # a second BLAS thread gains nothing, and may sum in another order.
            runtime_env={"env_vars": {"IMDB_GRU_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}},
        )
        .map_batches(
            write_partitions, fn_kwargs={"folder": job.output}, label_selector=_select_node(job.output), **task
        )
    )


def _select_node(address: str) -> dict[str, str] | None:
    """Keep a task on this node where it reads, or writes, this node's disk."""
    return {"ray.io/node-id": ray.get_runtime_context().get_node_id()} if is_local(address) else None


def _explain(error: Exception) -> str:
    text = str(error)
    if "No module named 'imdb_gru'" in text:
        return "a node has no imdb-gru: install the same version on every node, with the extra 'ray'"
    last = text.strip().splitlines()[-1] if text.strip() else type(error).__name__
    return f"the cluster could not finish ({last.strip()}); the same command with --resume goes on from what is done"
