"""What connects Ray Tune with a sweep: it asks for the next training, and reports what became of each."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray.tune import Callback
from ray.tune.search import Searcher

from imdb_gru.sweep.outcome import Outcome


class _Unstored:
    """What leaves no state behind where Tune writes its own down: the runs and the results on disk are the state."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class Jobs(_Unstored, Searcher):  # type: ignore[misc]
    """Trainings in order. What Optuna is told comes by the watcher, as it is what is written down."""

    def __init__(self, jobs: Iterator[Outcome], folder: Path) -> None:
        super().__init__()
        self.jobs, self.folder = jobs, folder
        self.given: dict[str, Outcome] = {}
        """By what Tune calls them."""

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """Give the next training."""
        job = next(self.jobs, None)
        if job is None:
            return str(Searcher.FINISHED)
        self.given[trial_id] = job
        return {"run": str(self.folder / job.run), "seed": job.seed, "values": job.values}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Do nothing: see the watcher."""

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: see the reason above."""


class Watcher(_Unstored, Callback):  # type: ignore[misc]
    """What Tune tells of its trials, as outcomes."""

    def __init__(self, jobs: Jobs, settle: Callable[[Outcome], None]) -> None:
        self.jobs, self.settle = jobs, settle

    def on_trial_start(self, *, trial: Any, **_info: Any) -> None:
        """Note that a training runs, for the first time or again."""
        self._note(trial, state="running")

    def on_trial_result(self, *, trial: Any, result: dict[str, Any], **_info: Any) -> None:
        """Note an epoch."""
        if "failure" not in result:
            self._note(trial, state="running", **_pick(result))

    def on_trial_complete(self, *, trial: Any, **_info: Any) -> None:
        """Note how a training ended."""
        result = trial.last_result or {}
        if "failure" in result:
            self._note(trial, state="failed", reason=result["failure"])
        else:
            self._note(trial, state="finished" if result.get("finished") else "stopped early", **_pick(result))

    def on_trial_error(self, *, trial: Any, **_info: Any) -> None:
        """Note that a training's worker died once too often."""
        reason = f"its worker died {trial.num_failures} times"
        cause = trial.get_pickled_error()
        first = [line.strip() for line in str(cause or "").splitlines() if line.strip()][:1]
        self._note(trial, state="failed", reason=": ".join([reason, *first]))

    def _note(self, trial: Any, **changes: Any) -> None:
        job = self.jobs.given[trial.trial_id] = replace(self.jobs.given[trial.trial_id], **changes)
        self.settle(job)


def _pick(result: dict[str, Any]) -> dict[str, Any]:
    return {"epochs": result["epoch"], **{key: result[key] for key in ("accuracy", "loss", "seconds")}}
