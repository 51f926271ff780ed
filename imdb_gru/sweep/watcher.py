"""The link between Ray Tune and a sweep: a searcher that yields training runs, and a callback that receives reports."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray.tune import Callback
from ray.tune.search import Searcher

from imdb_gru.sweep.outcome import Outcome


class _Unstored:
    """A base class that pickles no state, because a sweep's state is already on disk, in its runs and results."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class Jobs(_Unstored, Searcher):  # type: ignore[misc]
    """A searcher that yields training runs in order; the watcher, not this class, reports results to Optuna."""

    def __init__(self, jobs: Iterator[Outcome], folder: Path) -> None:
        super().__init__()
        self.jobs, self.folder = jobs, folder
        self.given: dict[str, Outcome] = {}
        """The training runs, by the id of the Tune trial."""

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """Return the next training run."""
        job = next(self.jobs, None)
        if job is None:
            return str(Searcher.FINISHED)
        self.given[trial_id] = job
        return {"run": str(self.folder / job.run), "seed": job.seed, "values": job.values}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Do nothing: the watcher handles results."""

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: the state is on disk."""


class Watcher(_Unstored, Callback):  # type: ignore[misc]
    """A callback that turns Tune's reports on trials into outcomes."""

    def __init__(self, jobs: Jobs, settle: Callable[[Outcome], None]) -> None:
        self.jobs, self.settle = jobs, settle

    def on_trial_start(self, *, trial: Any, **_info: Any) -> None:
        """Record that a training run has started or resumed."""
        self._note(trial, state="running")

    def on_trial_result(self, *, trial: Any, result: dict[str, Any], **_info: Any) -> None:
        """Record that a training run has completed an epoch."""
        if "failure" not in result:
            self._note(trial, state="running", **_pick(result))

    def on_trial_complete(self, *, trial: Any, **_info: Any) -> None:
        """Record that a training run has ended."""
        result = trial.last_result or {}
        if "failure" in result:
            self._note(trial, state="failed", reason=result["failure"])
        else:
            self._note(trial, state="finished" if result.get("finished") else "stopped early", **_pick(result))

    def on_trial_error(self, *, trial: Any, **_info: Any) -> None:
        """Record that a training run failed because its worker died too many times."""
        reason = f"its worker died {trial.num_failures} times"
        cause = trial.get_pickled_error()
        first = [line.strip() for line in str(cause or "").splitlines() if line.strip()][:1]
        self._note(trial, state="failed", reason=": ".join([reason, *first]))

    def _note(self, trial: Any, **changes: Any) -> None:
        job = self.jobs.given[trial.trial_id] = replace(self.jobs.given[trial.trial_id], **changes)
        self.settle(job)


def _pick(result: dict[str, Any]) -> dict[str, Any]:
    return {"epochs": result["epoch"], **{key: result[key] for key in ("accuracy", "loss", "seconds")}}
