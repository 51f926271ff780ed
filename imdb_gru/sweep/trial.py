"""The training of trials, in a process that trains one trial after another."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ray.tune import Trainable

from imdb_gru.config import Config
from imdb_gru.config.sweep import SweepConfig
from imdb_gru.corpus.corpus import Corpus
from imdb_gru.errors import ImdbGruError, RunError
from imdb_gru.records import Epoch
from imdb_gru.runs.catalogue import create_run
from imdb_gru.runs.pretrained import PretrainedWeights, load_pretrained
from imdb_gru.runs.run import Run
from imdb_gru.system.lock import claim
from imdb_gru.system.signals import Stop, stop_on_signals
from imdb_gru.system.threads import set_threads
from imdb_gru.tasks.training import load_corpus

HELD = 180.0
"""Seconds to wait for the lock of a run; on a busy machine, a process that Ray has stopped may still hold it.

No other command can hold the lock, because this sweep has locked its folder."""
LONGEST_REASON = 200
KEPT = 4
"""Number of corpora that a process keeps in memory if the sweep varies keys of `text` or `data`."""


class Trial(Trainable):  # type: ignore[misc]
    """A trial for Ray Tune: a step is an epoch, and the run on disk is the checkpoint."""

    def setup(self, config: dict[str, Any], sweep: SweepConfig, corpora: Mapping[str, Corpus], cpus: int) -> None:
        """Store what all trials share, and open the first trial."""
        set_threads(cpus)
        self.sweep, self.corpora = sweep, corpora
        self._read: dict[str, Corpus] = {}
        self._failure: str | None = None
        self._open(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Open the next trial."""
        self._close()
        self._open(new_config)
        return True

    def cleanup(self) -> None:
        """Close the run."""
        self._close()

    def step(self) -> dict[str, Any]:
        """Train an epoch; an error is returned instead of raised, because a second attempt would also fail."""
        if self._failure is None:
            try:
                return self._train_epoch()
            except Exception as error:
                self._failure = describe_failure(error)
                if not self._finished:
                    self.recorder.give_up(error)
        self._close()
        return {"failure": self._failure, "done": True}

    def _open(self, job: Mapping[str, Any]) -> None:
        self._held = contextlib.ExitStack()
        self._failure = None
        self._epochs: Iterator[Epoch] = iter(())
        try:
            config = self.sweep.build_trial(job["values"], job["seed"])
            self.run = Run(Path(job["run"]))
            self._held.enter_context(_wait_and_claim(self.run.path))
            self._start(config)
        except Exception as error:
            self._failure = describe_failure(error)

    def _start(self, config: Config) -> None:
        from imdb_gru.training import keras
        from imdb_gru.training.classifier.trainer import ClassifierTrainer
        from imdb_gru.training.loop import train_epochs
        from imdb_gru.training.recorder import RunRecorder

        began = self.run.config_path.exists()
        if began and self.run.load_config() != config:
            raise RunError(f"{self.run} was trained with another config: remove it")
        self._finished = began and self.run.metrics_path.exists() and not self.run.load_metrics().interrupted
        if self._finished:
            return
        keras.backend.clear_session()
        start = load_pretrained(config)
        corpus = self._find_corpus(config, start)
        self.trainer = ClassifierTrainer(config, corpus, start)
        if not began:
            create_run(self.run.path, config)
        self.run.keep_corpus(corpus)
        self.trainer.restore(self.run)
        self.recorder, self.stop_request = RunRecorder(self.run), Stop()
        self.recorder.begin(self.trainer)
        self._epochs = train_epochs(self.trainer, self.recorder, self.stop_request)

    def _find_corpus(self, config: Config, start: PretrainedWeights | None) -> Corpus:
        """Return the trial's encoded reviews, shared by all trials unless the sweep varies keys that affect them."""
        name = name_corpus(config)
        if name in self.corpora:
            return self.corpora[name]
        if name not in self._read:
            if len(self._read) == KEPT:
                del self._read[next(iter(self._read))]
            self._read[name] = load_corpus(config, start=start)
        return self._read[name]

    def _train_epoch(self) -> dict[str, Any]:
        """Train an epoch; return the metrics of the best epoch so far."""
        if not self._finished:
            with stop_on_signals(self.stop_request):
                record = next(self._epochs, None)
            if record is None and self.stop_request.is_set():
                raise SystemExit(self.stop_request.exit_code)  # another process will resume from the last epoch
            if self.trainer.is_done:
                self._complete(interrupted=False)
        return self._report()

    def _report(self) -> dict[str, Any]:
        """Return the metrics by which the sweep ranks trials."""
        if self._finished:
            metrics = self.run.load_metrics()
            best, epoch, seconds = metrics.best, metrics.epochs, metrics.seconds
        else:
            progress = self.trainer.progress
            assert progress.best is not None
            best, epoch, seconds = progress.best, progress.epoch, round(progress.seconds, 1)
        assert best.validation_accuracy is not None
        assert best.validation_loss is not None
        return {
            "epoch": epoch,
            "accuracy": best.validation_accuracy,
            "loss": best.validation_loss,
            "value": best.validation_accuracy if self.sweep.metric == "accuracy" else -best.validation_loss,
            "seconds": seconds,
            "finished": self._finished,
            "done": self._finished,
        }

    def _complete(self, *, interrupted: bool) -> None:
        self.recorder.complete(self.trainer, interrupted=interrupted)
        self._finished = not interrupted

    def _close(self) -> None:
        """Close the run; if it was stopped early, complete it with its best epoch so far."""
        if self._failure is None and not self._finished and self.trainer.progress.best is not None:
            self._complete(interrupted=True)
        self._held.close()


def describe_failure(error: BaseException) -> str:
    """Return a one-line explanation of why a trial failed."""
    if isinstance(error, ImdbGruError):
        return " ".join(str(error).partition(";")[0].split())  # the advice after the semicolon does not apply to trials
    first = [line for line in str(error).splitlines() if line.strip()][:1]
    return ": ".join([type(error).__name__, *first])[:LONGEST_REASON]


@contextlib.contextmanager
def _wait_and_claim(path: Path) -> Iterator[None]:
    """Wait until the process that was training a run has released its lock, then lock the run."""
    deadline = time.monotonic() + HELD
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(claim(path))
                break
            except RunError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        yield


def name_corpus(config: Config) -> str:
    """Return a name that is the same for configs that encode the same reviews in the same way."""
    train = config.train
    split, teaching = (train.validation_split, train.split_seed), (train.teachers, train.teacher_weights, train.crops)
    return repr((config.data, config.text, split, train.unlabelled, config.model.pretrained, teaching))
