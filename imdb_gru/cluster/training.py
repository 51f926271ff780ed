"""Own a training on several workers, as the process that started it sees it: Ray Train runs them, this one listens."""

import os
import tempfile
import threading
from collections.abc import Callable
from typing import Any

from imdb_gru.cluster.worker import work
from imdb_gru.config import Config
from imdb_gru.errors import ImdbGruError, RunError
from imdb_gru.pretrained import Pretrained
from imdb_gru.run import Run
from imdb_gru.text.corpus import Corpus

MOST_FAILURES = 3
"""Times that workers may fail, with their node or alone, before the training is given up."""
NEVER = 1e9
"""Seconds after which Ray may throw an epoch under way away to take in a node that came later."""
ROOM = 5
"""Seconds to wait for the cores of as many workers as Ray, which may be behind the times, believes there to be."""
ENDING = 10
"""Seconds to wait for Ray Train to end after its workers."""
PATIENCE = 0.5
"""Seconds between two looks at whether to stop, or whether the workers are still there."""


def count_cores(nodes: list[dict[str, Any]], workers: int) -> int:
    """Return the most cores that every worker can have; raises `ImdbGruError` where the nodes have fewer than one."""
    cores = [int(node["Resources"].get("CPU", 0)) for node in nodes if node["Alive"]]
    for share in range(max(cores, default=0), 0, -1):
        if sum(own // share for own in cores) >= workers:
            return share
    raise ImdbGruError(f"--workers is {workers}, but there are {sum(cores)} cores: name fewer, or a larger cluster")


class ClusterTrainer:
    """A classifier in training on several workers; it is told to, and tells, what a `Trainer` is and does."""

    def __init__(
        self, run: Run, config: Config, corpus: Corpus, pretrained: Pretrained | None, workers: int,
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        import ray

        from imdb_gru.training.training import Progress

        self.run = run
        self.config = config
        self.corpus = corpus
        self.pretrained = pretrained
        self.workers = workers
        self.say = say
        self.cores = count_cores(ray.nodes(), workers)
        self.progress = Progress()

    @property
    def engine_line(self) -> str:
        """Say what is asked of the cluster."""
        return f"asking for {_count(self.workers, 'worker')} of {_count(self.cores, 'core')}"

    def restore(self) -> None:
        """See how far the run has come; the workers go on from there."""
        from imdb_gru.training.training import load_progress

        self.progress = load_progress(self.run) or self.progress

    @property
    def environment(self) -> dict[str, Any]:
        """Return what is known here of what decides the weights."""
        return {"workers": self.workers, "threads": self.cores}

    def train(self, report_epoch: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Have the workers train the epochs that are left and complete the run; return its final figures.

        Where workers die, those that the nodes left have room for go on from the last epoch's end. Ctrl-C stops as in
        `Trainer.train`; a second one, or one before the workers are there, leaves a run that can be resumed.
        """
        import ray
        from ray.util.queue import Empty, Queue

        from imdb_gru.training.observers import stop_on_signals

        here = {"num_cpus": 0, "label_selector": {"ray.io/node-id": ray.get_runtime_context().get_node_id()}}
        reports, orders = Queue(actor_options=here), Queue(actor_options=here)
        with stop_on_signals() as self.stop, tempfile.TemporaryDirectory(prefix="imdb-gru-") as storage:
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
                    self._announce(content, again=started)
                    started, asked = True, False  # what stopped those before, these have not heard
                elif kind == "epoch":
                    report_epoch(content)
                else:
                    fitting.join(ENDING if kind == "end" else 0)
                    return self._finish(kind, content)

    def _build(self, reports: Any, orders: Any, storage: str) -> Any:
        import ray

        os.environ.setdefault("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", str(ROOM))
        from ray.train import FailureConfig, RunConfig, ScalingConfig
        from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

        from imdb_gru.cluster.places import Places

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
        from imdb_gru.stopping import build_stop

        if not started:
            raise build_stop(self.stop.exit_code)
        orders.put("stop")

    def _announce(self, content: dict[str, Any], *, again: bool) -> None:
        count, batch = content["workers"], self.config.train.batch_size
        lost = "workers were lost; going on with " if again else ""
        each = f"{batch / count:g} review{'s' * (batch != count)} each"
        self.say(f"{lost}{_count(count, 'worker')} of {each}: batches of {batch}")
        self.say(f"going on after epoch {content['epoch']}" if again else content["engine"])

    def _finish(self, kind: str, content: Any) -> dict[str, Any]:
        from imdb_gru.stopping import build_stop

        if kind == "error":
            raise RunError(content)
        if content is None:
            raise build_stop(self.stop.exit_code)
        return dict(content)

    def _explain(self, error: BaseException | None) -> ImdbGruError:
        reason = str(error).strip().splitlines()[-1:] or ["they ended without a word"]
        return ImdbGruError(f"the workers failed too often ({reason[0]}): continue with {self.run.resumption}")


class _Fitting(threading.Thread):
    """Waits for Ray Train, so that the main thread can hear signals."""

    def __init__(self, trainer: Any) -> None:
        super().__init__(daemon=True)
        self.trainer = trainer
        self.error: BaseException | None = None

    def run(self) -> None:
        """Train; keep what went wrong."""
        try:
            self.trainer.fit()
        except BaseException as error:
            self.error = error


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
