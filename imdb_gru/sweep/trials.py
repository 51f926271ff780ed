"""A sweep: its trials (run by Ray Tune), the training runs of the finalists, and the results."""

import itertools
import logging
import math
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

# Tune reads these variables on import or at startup. They turn off Tune's own files, output and handling of
# Ctrl-C, and allow a failed trial to report no metric.
os.environ.update(
    RAY_AIR_NEW_OUTPUT="0",
    TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1",
    TUNE_DISABLE_SIGINT_HANDLER="1",
    TUNE_DISABLE_STRICT_METRIC_CHECKING="1",
    TUNE_FORCE_TRIAL_CLEANUP_S="10",
    TUNE_PRINT_ALL_TRIAL_ERRORS="0",
    TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S="0",
)

import ray
from ray import tune
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from imdb_gru.config.schedule import get_number
from imdb_gru.config.sweep import SweepConfig
from imdb_gru.corpus.corpus import Corpus
from imdb_gru.errors import ImdbGruError
from imdb_gru.events import Observer, ignore
from imdb_gru.runs.run import Run
from imdb_gru.sweep.outcome import (
    SETTLED,
    Outcome,
    TrialChanged,
    load_outcomes,
    rank_finalists,
    rank_outcomes,
    save_outcomes,
)
from imdb_gru.sweep.study import Study
from imdb_gru.sweep.trial import Trial, name_corpus
from imdb_gru.sweep.watcher import Jobs, Watcher
from imdb_gru.tasks.training import load_corpus

MOST_DEATHS = 3
"""Maximum number of times that a trial is resumed after its worker or node has died."""
BASE = 0
"""Number of the trial that trains the unchanged base config."""
TUNE = "tune"
"""Name of Tune's folder, which Tune also uses to check that all nodes share the sweep's folder."""


class Sweep:
    """A sweep whose state is stored in a folder: finished training runs are kept, and unfinished ones are resumed."""

    def __init__(self, config: SweepConfig, folder: Path) -> None:
        self.config, self.folder = config, folder.absolute()
        self.seed = config.build_trial({}).train.seed
        self._corpora: dict[str, Corpus] = {}
        self.outcomes = {(outcome.trial, outcome.seed): outcome for outcome in load_outcomes(folder)}

    @property
    def trials(self) -> list[Outcome]:
        """Return the outcomes of the trials, best first, excluding the finalists' additional seeds."""
        own = (outcome for outcome in self.outcomes.values() if outcome.seed == self.seed)
        return rank_outcomes(own, self.config.metric)

    @property
    def finalists(self) -> list[list[Outcome]]:
        """Return one training run per seed for every finalist and for the base config."""
        count, seeds = (self.config.finalists.count, self.config.finalists.seeds) if self.config.finalists else (1, 1)
        able = [trial for trial in self.trials if trial.measure(self.config.metric)]
        chosen = [trial for rank, trial in enumerate(able) if rank < count or trial.trial == BASE]
        return [[self._find(trial.trial, self.seed + more, trial.values) for more in range(seeds)] for trial in chosen]

    def summarise(self) -> dict[str, Any]:
        """Return all results, as printed by `sweep --json`."""
        finalists = rank_finalists(self.finalists, self.config.metric)
        return {
            "sweep": str(self.folder),
            "search": self.config.search,
            "metric": self.config.metric,
            "space": self.config.model_dump(exclude_none=True)["space"],
            "trials": [{**asdict(trial), "run": str(self.folder / trial.run)} for trial in self.trials],
            "finalists": finalists,
            "best": finalists[0],
            "base": next((finalist for finalist in finalists if finalist["trial"] == BASE), None),
            "importance": Study(self.config, self.trials).find_importance(),
        }

    def prepare(self, observer: Observer) -> Corpus:
        """Load the reviews for the trials, or raise `ImdbGruError` if there are no validation reviews."""
        self._load_corpora([self._find(BASE, self.seed, {})], observer)
        (corpus,) = self._corpora.values()
        self.config = self.config.fit(len(corpus.train), len(corpus.validation))
        if not len(corpus.validation):
            raise ImdbGruError("a sweep needs validation reviews to compare trials: set train.validation_split in base")
        return corpus

    def search(self, observer: Observer) -> None:
        """Run the trials that have not yet ended."""
        study = Study(self.config, self.trials)

        def settle(outcome: Outcome) -> None:
            if outcome.state in SETTLED:
                study.tell(outcome)
            observer(TrialChanged(outcome, self.trials))

        self._run(self._iter_trials(study), settle, self._build_scheduler(), self.config.minutes)
        if not any(trial.measure(self.config.metric) for trial in self.trials):
            reasons = [trial.reason for trial in self.trials if trial.reason] or ["no epoch was completed in time"]
            raise ImdbGruError(f"none of the {len(self.trials)} trials succeeded; one reason was: {reasons[-1]}")

    def train_finalists(self, observer: Observer) -> None:
        """Train the finalists to their last epoch, with all seeds."""
        left = [one for each in self.finalists for one in each if one.state not in ("finished", "failed")]
        if left:
            self._load_corpora(left)
            self._run(iter(left), lambda outcome: observer(TrialChanged(outcome, self.trials)))

    def _load_corpora(self, outcomes: Iterable[Outcome], observer: Observer = ignore) -> None:
        """Load and encode the reviews for several training runs; training runs with the same reviews share one copy."""
        for outcome in outcomes:
            config = self.config.build_trial(outcome.values, outcome.seed)
            if (name := name_corpus(config)) not in self._corpora:
                self._corpora[name] = load_corpus(config, observer=observer)

    def _find(self, trial: int, seed: int, values: Mapping[str, Any]) -> Outcome:
        name = f"trial-{trial:03}" + (f"-seed-{seed}" if seed != self.seed else "")
        new = Outcome(trial, seed, name, dict(values))
        return self.outcomes.get((trial, seed), new)

    def _iter_trials(self, study: Study) -> Iterator[Outcome]:
        """Yield the trials to run, in order: first the unfinished trials of a stopped sweep, then new trials."""
        for number in itertools.count():
            if number == self.config.trials:
                return
            if (number, self.seed) in self.outcomes:
                continue
            trial = self._find(number, self.seed, {})
            run = Run(self.folder / trial.run)
            values = None
            if run.config_path.exists():
                values = self.config.read_values(run.load_config())
            elif number == BASE:
                values = self.config.read_values(self.config.build_trial({}))
            yield replace(trial, values=study.ask(number, values))

    def _run(
        self,
        jobs: Iterator[Outcome],
        note: Callable[[Outcome], object],
        scheduler: TrialScheduler | None = None,
        minutes: float | None = None,
    ) -> None:
        """Run the training jobs, as many at once as the cluster has cores for."""

        def settle(outcome: Outcome) -> None:
            self.outcomes[outcome.trial, outcome.seed] = outcome
            if outcome.state in SETTLED:
                save_outcomes(self.folder, self.outcomes.values())
            note(outcome)

        cpus = self.config.cpus or 1
        if not any(node["Resources"].get("CPU", 0) >= cpus for node in ray.nodes() if node["Alive"]):
            raise ImdbGruError(
                f"cpus is {cpus}, but no node of the cluster has {cpus} cores: set cpus to a smaller number"
            )
        logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
        shutil.rmtree(self.folder / TUNE, ignore_errors=True)
        searcher = Jobs(jobs, self.folder)
        trainable = tune.with_parameters(Trial, sweep=self.config, corpora=self._corpora, cpus=cpus)
        tuner = tune.Tuner(
            tune.with_resources(trainable, {"cpu": cpus}),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=scheduler,
                num_samples=-1,
                time_budget_s=minutes and 60 * minutes,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name=TUNE,
                storage_path=str(self.folder),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),  # the run is the checkpoint
                failure_config=tune.FailureConfig(max_failures=MOST_DEATHS),
                verbose=0,
                callbacks=[Watcher(searcher, settle)],
            ),
        )
        tuner.fit()
        for key, outcome in self.outcomes.items():
            if outcome.state == "running":  # the time limit was reached
                self.outcomes[key] = replace(outcome, state="unfinished")
        shutil.rmtree(self.folder / TUNE, ignore_errors=True)

    def _build_scheduler(self) -> TrialScheduler | None:
        """Build the scheduler that stops trials early, and report the epochs of ended trials to it."""
        asha, epochs = self.config.asha, get_number(self.config.build_trial({}).train.epochs)
        if asha is None:
            return None
        if (dimension := self.config.space.get("train.epochs")) is not None:
            epochs = max(dimension.bounds)
        scheduler = AsyncHyperBandScheduler(
            time_attr="epoch",
            metric="value",
            mode="max",
            max_t=epochs,
            grace_period=min(asha.grace, epochs),
            reduction_factor=asha.reduction,
            stop_last_trials=False,
        )
        for outcome in self.trials:
            if outcome.state in ("finished", "stopped early"):
                self._replay(scheduler, outcome)
        return scheduler

    def _replay(self, scheduler: TrialScheduler, outcome: Outcome) -> None:
        """Report a trial's epochs to a scheduler."""
        trial, value = SimpleNamespace(trial_id=outcome.run), -math.inf
        scheduler.on_trial_add(None, trial)
        for record in Run(self.folder / outcome.run).load_history():
            accuracy, loss = record.validation_accuracy or 0.0, record.validation_loss or 0.0
            value = max(value, accuracy if self.config.metric == "accuracy" else -loss)
            result = {"epoch": record.epoch, "value": value}
            if scheduler.on_trial_result(None, trial, result) == TrialScheduler.STOP:
                return
