"""Training on several workers: the code of the process that starts the workers and receives their reports."""

import os
import tempfile
import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from imdb_gru.cluster.worker import work
from imdb_gru.config import Config
from imdb_gru.config.schedule import get_number
from imdb_gru.corpus.corpus import Corpus
from imdb_gru.errors import ImdbGruError, RunError
from imdb_gru.events import Event, Notice, Observer, Resumed, StopRequested
from imdb_gru.records import Metrics, Progress
from imdb_gru.runs.pretrained import PretrainedWeights
from imdb_gru.runs.run import Run
from imdb_gru.system.signals import Stop, announce_signals, build_stop, stop_on_signals
from imdb_gru.system.wording import count_noun

if TYPE_CHECKING:
    from imdb_gru.tasks.task import Task

MOST_FAILURES = 3
"""Maximum number of times that training is restarted after a worker or node has failed."""
NEVER = 1e9
"""Seconds after which Ray may interrupt an epoch to use a new node; large enough that this never happens."""
ROOM = 5
"""Maximum number of seconds to wait for cores that Ray reports as available; the report may be outdated."""
ENDING = 10
"""Maximum number of seconds to wait for Ray Train to end after its workers have ended."""
PATIENCE = 0.5
"""Seconds between checks for a stop signal and for dead workers."""


def find_cores_per_worker(nodes: list[dict[str, Any]], workers: int) -> int:
    """Return the largest number of cores that every worker can have, or raise `ImdbGruError` if this number is 0."""
    cores = [int(node["Resources"].get("CPU", 0)) for node in nodes if node["Alive"]]
    for share in range(max(cores, default=0), 0, -1):
        if sum(own // share for own in cores) >= workers:
            return share
    raise ImdbGruError(
        f"--workers is {workers}, but the cluster has {sum(cores)} cores: use fewer workers or a larger cluster"
    )


class Workers:
    """The settings for training on several workers of a Ray cluster."""

    def __init__(self, count: int, address: str | None = None) -> None:
        self.count = count
        self.address = address

    def open(self) -> AbstractContextManager[object]:
        """Connect to the cluster at the address or, without an address, start a cluster on this machine."""
        from imdb_gru.cluster.connection import check_ray, connect

        check_ray("--workers")
        return connect(self.address)

    def adapt(self, config: Any) -> Any:
        """Return the config with the workers' combined batch size, so that any number of workers can resume the run."""
        batch_size = get_number(config.train.batch_size) * self.count
        return config.model_copy(update={"train": config.train.model_copy(update={"batch_size": batch_size})})

    def build_session(
        self,
        task: "Task",  # noqa: ARG002 - only classifiers are trained on several workers
        run: Run,
        config: Any,
        corpus: Corpus,
        start: PretrainedWeights | None,
    ) -> "ClusterSession":
        """Build the session that trains on the workers, or raise `ImdbGruError` if there are too few cores."""
        import ray

        if not isinstance(config, Config):
            raise RunError(f"{run} is {config.model_name}, which several workers cannot train: leave out --workers")
        return ClusterSession(run, config, corpus, start, self.count, find_cores_per_worker(ray.nodes(), self.count))


class ClusterSession:
    """A training session for a classifier on several workers."""

    keeps_batches = False

    def __init__(
        self, run: Run, config: Config, corpus: Corpus, pretrained: PretrainedWeights | None, workers: int, cores: int
    ) -> None:
        self.run = run
        self.config = config
        self.corpus = corpus
        self.pretrained = pretrained
        self.workers = workers
        self.cores = cores
        """Number of cores for each worker."""
        self.stop = Stop()

    @property
    def exit_code(self) -> int:
        """Return the exit code for a process whose training was stopped."""
        return self.stop.exit_code

    def restore(self) -> Resumed:
        """Return the state from which the workers will resume."""
        progress = self.run.load_progress() or Progress()
        environment = {"workers": self.workers, "threads": self.cores}
        return Resumed.build(self.config.train, self.run.load_starts(), progress, environment)

    def train(self, observer: Observer) -> Metrics:
        """Train the remaining epochs on the workers and complete the run; return its final metrics.

        If workers die, training resumes from the end of the last completed epoch, on as many workers as fit on the
        remaining nodes. Ctrl-C stops training after the current batch, as in a single process. A second Ctrl-C, or a
        Ctrl-C before the workers have started, stops training at once; the run can still be resumed.
        """
        import ray
        from ray.util.queue import Empty, Queue

        observer(Notice(f"asking for {count_noun(self.workers, 'worker')} with {count_noun(self.cores, 'core')} each"))
        here = {"num_cpus": 0, "label_selector": {"ray.io/node-id": ray.get_runtime_context().get_node_id()}}
        reports, orders = Queue(actor_options=here), Queue(actor_options=here)
        with (
            stop_on_signals(self.stop),
            announce_signals(lambda: observer(StopRequested())),
            tempfile.TemporaryDirectory(prefix="imdb-gru-") as storage,
        ):
            fitting = _Fitting(self._build(reports, orders, storage))
            fitting.start()
            started = asked = False
            while True:
                if self.stop.is_set() and not asked:
                    self._stop_all(orders, started)
                    asked = True
                try:
                    kind, content = reports.get(timeout=PATIENCE)
                except Empty:
                    if fitting.is_alive():
                        continue
                    raise self._explain(fitting.error) from fitting.error
                if kind == "start":
                    self._announce(content, observer, again=started)
                    started, asked = True, False  # new workers have not received the stop order
                elif kind == "event":
                    observer(content)
                else:
                    fitting.join(ENDING if kind == "end" else 0)
                    return self._finish(kind, content)

    def _build(self, reports: Any, orders: Any, storage: str) -> Any:
        import ray

        os.environ.setdefault("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", str(ROOM))
        from ray.train import FailureConfig, RunConfig, ScalingConfig

        # Not a public module in Ray 2.60; pyproject.toml excludes Ray 2.61 because of private names such as this.
        from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

        from imdb_gru.cluster.addresses import Places

        task = {
            "run": str(self.run.path.absolute()),
            "config": self.config,
            "cores": self.cores,
            "reviews": ray.put((self.corpus, self.pretrained)),
            "reports": reports,
            "orders": orders,
        }
        return DataParallelTrainer(
            work,
            train_loop_config=task,
            backend_config=Places(),
            scaling_config=ScalingConfig(
                num_workers=(1, self.workers),
                resources_per_worker={"CPU": self.cores},
                placement_strategy="SPREAD",
                elastic_resize_monitor_interval_s=NEVER,
            ),
            run_config=RunConfig(
                name="training", storage_path=storage, failure_config=FailureConfig(max_failures=MOST_FAILURES)
            ),
        )

    def _stop_all(self, orders: Any, started: bool) -> None:
        if not started:
            raise build_stop(self.stop.exit_code)
        orders.put("stop")

    def _announce(self, content: dict[str, Any], observer: Observer, *, again: bool) -> None:
        count, batch = content["workers"], get_number(self.config.train.batch_size)
        lost = "workers were lost; resuming with " if again else ""
        observer(Notice(f"{lost}{count_noun(count, 'worker')}: batches of {batch}, {batch / count:g} per worker"))
        engine: Event = content["engine"]
        observer(Notice(f"resuming after epoch {content['epoch']}") if again else engine)

    def _finish(self, kind: str, content: Any) -> Metrics:
        if kind == "error":
            raise RunError(content)
        if content is None:
            raise build_stop(self.stop.exit_code)
        metrics: Metrics = content
        return metrics

    def _explain(self, error: BaseException | None) -> ImdbGruError:
        reason = str(error).strip().splitlines()[-1:] or ["no error message"]
        return ImdbGruError(f"the workers failed too often ({reason[0]}): resume with {self.run.resumption}")


class _Fitting(threading.Thread):
    """A thread that waits for Ray Train, so that the main thread can receive signals."""

    def __init__(self, trainer: Any) -> None:
        super().__init__(daemon=True)
        self.trainer = trainer
        self.error: BaseException | None = None

    def run(self) -> None:
        """Run Ray Train, and store the error that it raises, if any."""
        try:
            self.trainer.fit()
        except BaseException as error:
            self.error = error
