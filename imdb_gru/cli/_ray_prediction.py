"""Prediction on Ray: the options, the progress bar and the printed result."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._messages import say
from imdb_gru.cli._options import number_option, open_run

if TYPE_CHECKING:
    from imdb_gru.cluster.partitions import Partitions
    from imdb_gru.config import DataConfig
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.models.precision import Precision


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --engine, --workers and --address."""
    for option in (
        click.option(
            "--address",
            metavar="HOST:PORT",
            help="The address of a Ray cluster [default: a temporary cluster on this machine].",
        ),
        number_option("--workers", "The number of Ray workers [default: one per core]."),
        click.option(
            "--engine",
            type=click.Choice(["local", "ray"]),
            default="local",
            show_default=True,
            help="Where to predict: in this process (local), or on the workers of a Ray cluster (ray).",
        ),
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class RayRequest:
    """The options that `predict` uses to predict on a Ray cluster."""

    file: "DataConfig"
    """The path, glob or address of the tables, and the column that contains their texts."""
    output: str
    timesteps: bool
    resume: bool
    workers: int | None
    address: str | None
    threshold: float
    max_error: float | None
    precision: "Precision"
    as_json: bool


def predict_on_ray(run_path: Path | None, request: RayRequest) -> None:
    """Use a Ray cluster to classify the texts in tables; write the predictions to a folder, and print statistics."""
    from imdb_gru.cluster.connection import check_ray

    check_ray("--engine ray")
    from imdb_gru import __version__
    from imdb_gru.cluster.partitions import open_partitions, stamp_tables
    from imdb_gru.cluster.storage import list_tables
    from imdb_gru.models.bulk import identify_run
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.models.texts import OPTIONS

    partitions = open_partitions(request.output)
    tables = list_tables(str(request.file.path), but=partitions.address)
    run = open_run(run_path)
    classifier = Classifier.load(run, request.threshold, request.precision)
    if request.timesteps:
        classifier.check_timesteps()
    if request.max_error is not None:
        say(str(classifier.find_limit(request.max_error)))
    options = {
        "timesteps": request.timesteps,
        **{key: getattr(request.file, key) for key in OPTIONS},
        "threshold": request.threshold,
        "max_error": request.max_error,
        "precision": request.precision,
    }
    with partitions.claim():
        begun_with = {
            "version of imdb-gru": __version__,
            "run": identify_run(run),
            "set of options": options,
        }
        for address in partitions.begin(begun_with, stamp_tables(tables), resume=request.resume):
            say(f"{address} has changed, so its texts will be classified again")
        figures = _predict(classifier, partitions, partitions.list_left(tables), request)
    result = {"run": str(run), "output": partitions.address, "files": len(tables), **figures}
    if request.as_json:
        click.echo(json.dumps(result))
    else:
        from imdb_gru.cli._tables.table import print_table

        print_table([(name.replace("_", " "), "-" if value is None else str(value)) for name, value in result.items()])


def _predict(
    classifier: "Classifier", partitions: "Partitions", files: list[dict[str, Any]], request: RayRequest
) -> dict[str, Any]:
    """Classify the texts in `files` (the unfinished tables); return statistics that also cover the finished tables."""
    from imdb_gru.models.counts import Counts

    counts, undecodable, remarks = Counts(), 0, list[str]()
    for notes in partitions.done.values():
        counts.add(notes.counts)
        undecodable += notes.undecodable
        remarks += notes.remarks
    count, before = len(partitions.done), counts.all
    if before:
        say(f"resuming after {before} reviews")
    peaks: dict[str, float] = {}
    seconds = 0.0
    if files:
        from imdb_gru.cluster.connection import connect
        from imdb_gru.cluster.prediction import Job, count_cluster_cores, predict_tables
        from imdb_gru.system.progress import show_bar

        with connect(request.address):
            cores = count_cluster_cores()
            workers = request.workers or cores
            if workers > cores:
                say(f"the cluster has {cores} cores, so only {cores} of the {workers} workers run at a time")
            job = Job(files, request.file, request.timesteps, partitions.address, workers, request.max_error)
            started = time.perf_counter()
            bar = show_bar(desc="predicting", unit=" reviews", initial=before, delay=1)
            try:
                with bar:
                    for predicted in predict_tables(classifier, job):
                        counts.add(predicted.notes.counts)
                        undecodable += predicted.notes.undecodable
                        remarks += predicted.notes.remarks
                        count += 1
                        peaks[predicted.worker] = max(peaks.get(predicted.worker, 0), predicted.megabytes or 0)
                        bar.update(predicted.notes.counts.all)
            except KeyboardInterrupt:
                say(f"stopped after {counts.all} reviews; to resume, repeat the command with --resume")
                raise
            seconds = time.perf_counter() - started
    for line in (*remarks, *counts.describe(classifier.config.text, undecodable)):
        say(line)
    return {
        "reviews": counts.all,
        "partitions": count,
        "seconds": round(seconds, 2),
        "reviews_per_second": round((counts.all - before) / seconds, 1) if seconds else None,
        "workers": len(peaks),
        "worker_memory_mb": max(peaks.values(), default=0) or None,
    }
