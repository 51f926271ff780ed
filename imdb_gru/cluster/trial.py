"""Own a trial where it runs: a training of the package's own, in a process that trains one trial after the other."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ray.tune import Trainable

from imdb_gru.config import Config
from imdb_gru.config.sweep import SweepConfig
from imdb_gru.errors import ImdbGruError, RunError
from imdb_gru.lock import claim
from imdb_gru.run import Run
from imdb_gru.runs import create_run
from imdb_gru.text.corpus import Corpus, encode_corpus, load_training_reviews
from imdb_gru.threads import set_threads

HELD = 180.0
"""Seconds within which a process that Ray has ended, or whose driver was killed, lets go of its run on a busy machine.

Nobody else can hold it: the sweep's folder is this sweep's."""
LONGEST_REASON = 200
KEPT = 4
"""Corpora that a process keeps, where text is searched."""


class Trial(Trainable):  # type: ignore[misc]
    """A trial as Tune sees it: a step is an epoch, and the run on disk is the checkpoint."""

    def setup(self, config: dict[str, Any], sweep: SweepConfig, corpora: Mapping[str, Corpus], cpus: int) -> None:
        """Take in what all trials share, and open the first."""
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
        """Let go of the run."""
        self._close()

    def step(self) -> dict[str, Any]:
        """Train an epoch; a failure is a result, too, as another try would end no better."""
        if self._failure is None:
            try:
                return self._train_epoch()
            except Exception as error:
                self._failure = describe_failure(error)
        self._close()
        return {"failure": self._failure, "done": True}

    def _open(self, job: Mapping[str, Any]) -> None:
        self._held = contextlib.ExitStack()
        self._failure = None
        try:
            config = self.sweep.build_trial(job["values"], job["seed"])
            self.run = Run(Path(job["run"]))
            self._held.enter_context(_wait_and_claim(self.run.path))
            self._start(config)
        except Exception as error:
            self._failure = describe_failure(error)

    def _start(self, config: Config) -> None:
        from imdb_gru.pretrained import load_pretrained
        from imdb_gru.training import keras
        from imdb_gru.training.trainer import Trainer

        keras.backend.clear_session()
        corpus = self._find_corpus(config)
        began = self.run.config_path.exists()
        if began and self.run.load_config() != config:
            raise RunError(f"{self.run} was trained with another config: remove it")
        self.trainer = Trainer(self.run, config, corpus, load_pretrained(config))
        if not began:
            create_run(self.run.path, config)
        self.run.keep_vocabulary(corpus.vocabulary)
        self.trainer.restore()

    def _find_corpus(self, config: Config) -> Corpus:
        """Return the encoded reviews: those that all trials share, or else, where text is searched, of our own."""
        name = name_corpus(config)
        if name in self.corpora:
            return self.corpora[name]
        if name not in self._read:
            if len(self._read) == KEPT:
                del self._read[next(iter(self._read))]
            self._read[name] = load_corpus(config)
        return self._read[name]

    def _train_epoch(self) -> dict[str, Any]:
        """Train an epoch and complete the run with what it has: were the trial stopped now, it is one like any."""
        records = []

        def report(record: dict[str, Any]) -> None:
            records.append(record)
            if record["epoch"] < self.trainer.config.train.epochs:
                self.trainer.stop.set()

        if self.run.metrics_path.exists() and not self.run.load_metrics()["interrupted"]:
            metrics = self.run.load_metrics()
        else:
            metrics = self.trainer.train(report)
            if metrics["interrupted"] and not records:
                raise SystemExit(self.trainer.stop.exit_code)  # a signal; another process goes on from the last epoch
        measure = metrics["best"]
        return {
            "epoch": metrics["epochs"],
            "accuracy": measure["validation_accuracy"],
            "loss": measure["validation_loss"],
            "value": measure["validation_accuracy"] if self.sweep.metric == "accuracy" else -measure["validation_loss"],
            "seconds": metrics["seconds"],
            "finished": not metrics["interrupted"],
            "done": not metrics["interrupted"],
        }

    def _close(self) -> None:
        self._held.close()


def describe_failure(error: BaseException) -> str:
    """Say in one line why a trial failed."""
    if isinstance(error, ImdbGruError):
        return " ".join(str(error).partition(";")[0].split())  # what follows is advice for a command of its own
    first = [line for line in str(error).splitlines() if line.strip()][:1]
    return ": ".join([type(error).__name__, *first])[:LONGEST_REASON]


@contextlib.contextmanager
def _wait_and_claim(path: Path) -> Iterator[None]:
    """Claim a run, once the process that trained it and was ended has let go."""
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
    """Return what tells the encoded reviews of a config from those of another."""
    train = config.train
    parts = (config.data, config.text, train.validation_split, train.seed, train.unlabelled, config.model.pretrained)
    return repr(parts)


def load_corpus(config: Config) -> Corpus:
    """Read, tokenize and encode the reviews of a config."""
    from imdb_gru.pretrained import load_pretrained
    from imdb_gru.sources import open_source

    data = config.data
    source = open_source(data.path, text_column=data.text_column, label_column=data.label_column)
    pretrained = load_pretrained(config)
    reviews = load_training_reviews(source, config)
    return encode_corpus(source, config, reviews, pretrained.vocabulary if pretrained else None)
