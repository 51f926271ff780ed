"""Bulk prediction on Ray: workers read tables in chunks, classify their reviews, and write partitions."""

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
from imdb_gru.config import DataConfig
from imdb_gru.errors import DataError, ImdbGruError
from imdb_gru.models.classifier import Classifier

RESTARTS = 10
"""Maximum number of times a worker is restarted; limited because a bad chunk may kill every worker that receives it."""
READS = 1000
"""Maximum number of reading tasks among which the files are divided."""


@dataclass(frozen=True)
class Job:
    """The files whose texts are to be classified, and where to write the predictions."""

    files: Sequence[dict[str, Any]]
    """Unfinished files, as returned by `Partitions.list_left`."""
    data: DataConfig
    """The settings for reading the files, such as their format and the column that holds the texts."""
    timesteps: bool
    output: str
    workers: int
    max_error: float | None = None


@dataclass(frozen=True)
class PredictedChunk:
    """A partition that has been written."""

    notes: Notes
    worker: str
    megabytes: float | None
    """Memory in megabytes, excluding shared memory, that the worker process used after it had classified the chunk."""


class _RayWorker(Worker):
    """A worker that gets the classifier from Ray's object store, so that all workers on a node share one copy."""

    def __init__(self, classifier: list[Any], **options: Any) -> None:
        super().__init__(ray.get(classifier[0]), **options)


def count_cluster_cores() -> int:
    """Return the number of cores in the cluster, or raise `ImdbGruError` if it has no cores."""
    cores = int(ray.cluster_resources().get("CPU", 0))
    if not cores:
        raise ImdbGruError("the cluster has 0 cores: add a node with cores")
    return cores


def predict_tables(classifier: Classifier, job: Job) -> Iterator[PredictedChunk]:
    """Yield each partition as soon as it is written, in no fixed order.

    If an `ImdbGruError` is raised, the partitions written so far are kept.
    """
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            # Ray warns about having more workers than chunks, which is harmless, and about max_restarts, for
            # which there is no alternative.
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
    """Return a dataset with one row for each partition; the partitions are computed as the dataset is read.

    The dataset starts from the names of the files, not from their content. Each chunk is one row and one block, so only
    the chunks in progress are in memory, and Ray pauses a reading task while the later steps are busy.
    """
    count = min(READS, len(job.files))
    groups = [pyarrow.Table.from_pylist(list(job.files[start::count]), FILE) for start in range(count)]
    # These tasks reserve no cores: they mostly wait, and a head node may have no cores.
    task: dict[str, Any] = {"num_cpus": 0, "batch_size": None, "batch_format": "pyarrow"}
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.target_max_block_size = 1
    return (
        ray.data.from_arrow(groups)
        .map_batches(
            read_chunks,
            fn_kwargs={"data": job.data},
            compute=ray.data.TaskPoolStrategy(size=min(count, job.workers + 1)),
            label_selector=_select_node(job.files[0]["address"]),
            **task,
        )
        .map_batches(
            _RayWorker,
            fn_constructor_args=([ray.put(classifier)],),
            fn_constructor_kwargs={
                "version": imdb_gru.__version__,
                "timesteps": job.timesteps,
                "max_error": job.max_error,
            },
            compute=ray.data.ActorPoolStrategy(size=job.workers),
            batch_size=1,
            batch_format="pyarrow",
            num_cpus=1,
            max_restarts=RESTARTS,
            # Each worker has one core. The matrices of a timestep are small: a second BLAS thread would not help, and
            # could change the order of summation.
            runtime_env={"env_vars": {"IMDB_GRU_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}},
        )
        .map_batches(
            write_partitions, fn_kwargs={"folder": job.output}, label_selector=_select_node(job.output), **task
        )
    )


def _select_node(address: str) -> dict[str, str] | None:
    """Return a selector that keeps a task on this node, or None if the task's files are not on this node's disk."""
    return {"ray.io/node-id": ray.get_runtime_context().get_node_id()} if is_local(address) else None


def _explain(error: Exception) -> str:
    text = str(error)
    if "No module named 'imdb_gru'" in text:
        return "imdb-gru is not installed on a node: install the same version on every node, with the extra 'ray'"
    last = text.strip().splitlines()[-1] if text.strip() else type(error).__name__
    return f"the cluster could not finish the job ({last.strip()}); to resume, repeat the command with --resume"
