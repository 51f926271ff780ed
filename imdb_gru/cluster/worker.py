"""The code of a training worker, which runs in each process started by Ray Train.

A worker limits its number of threads before it imports the packages that read the limit.
"""

import os
import threading
import time
from pathlib import Path
from typing import Any

from imdb_gru.errors import ImdbGruError, RunError
from imdb_gru.events import Event, ignore
from imdb_gru.system.threads import set_threads

SIGN_OF_LIFE = 60
"""Seconds that a worker waits after another worker has died, so that Ray has time to restart all workers."""
TOO_LARGE = "a worker needs more memory than its machine has: use fewer workers or a smaller train.batch_size"


def work(task: dict[str, Any]) -> None:
    """Train as one of the workers; only the worker of rank 0 reports events and the result.

    An expected error, such as divergence, is reported and not raised: if it were raised, Ray would repeat the training,
    which would fail again.
    """
    import ray
    import ray.train

    context = ray.train.get_context()
    rank, count = context.get_world_rank(), context.get_world_size()
    set_threads(task["cores"])
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # all workers must choose the same engine
    from imdb_gru.training import tf

    try:
        metrics = _train(task, rank, count)
    except KeyboardInterrupt:
        metrics = None
    except (ImdbGruError, MemoryError, tf.errors.ResourceExhaustedError) as error:
        task["reports"].put(("error", str(error) if isinstance(error, ImdbGruError) else TOO_LARGE))
        return
    except tf.errors.OpError:
        time.sleep(SIGN_OF_LIFE)
        raise
    if rank == 0:
        task["reports"].put(("end", metrics))


def _train(task: dict[str, Any], rank: int, count: int) -> Any:
    import ray

    from imdb_gru.runs.run import Run
    from imdb_gru.system.signals import Stop
    from imdb_gru.training import tf
    from imdb_gru.training.classifier.trainer import ClassifierTrainer
    from imdb_gru.training.loop import run_training
    from imdb_gru.training.recorder import Recorder, RunRecorder
    from imdb_gru.training.shares import Shares, WholeShare

    shares = WholeShare()
    if count > 1:
        tf.distribute.MultiWorkerMirroredStrategy()  # this connects the processes listed in TF_CONFIG
        shares = Shares(rank, count)
    run = Run(Path(task["run"]))
    if not run.config_path.is_file():
        raise RunError(
            f"a worker on {os.uname().nodename} cannot find {run}: with --run, choose a folder that all machines share"
        )
    corpus, pretrained = ray.get(task["reviews"])
    trainer, stop = ClassifierTrainer(task["config"], corpus, pretrained, shares), Stop()
    trainer.restore(run)
    if rank:
        return run_training(trainer, Recorder(), ignore, stop)
    reports = task["reports"]
    reports.put(("start", {"workers": count, "engine": trainer.engine_chosen, "epoch": trainer.progress.epoch}))
    threading.Thread(target=_await_stop, args=(task["orders"], shares, stop), daemon=True).start()

    def report(event: Event) -> None:
        reports.put(("event", event))

    return run_training(trainer, RunRecorder(run, report), report, stop)


def _await_stop(orders: Any, shares: Any, stop: Any) -> None:
    """Wait for a request to stop, and forward it to all workers."""
    orders.get()
    shares.request_stop(stop)
