"""The outcomes of a sweep's training runs, and the file that stores them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Literal

from imdb_gru.errors import RunError
from imdb_gru.events import Event
from imdb_gru.runs.run import Run

TrainingState = Literal["waiting", "running", "finished", "stopped early", "failed", "unfinished"]
SETTLED: tuple[TrainingState, ...] = ("finished", "stopped early", "failed")
"""The states in which a training run can end."""
RESULTS = "results.jsonl"


@dataclass(frozen=True)
class Outcome:
    """A training run of a sweep, with its state and metrics so far."""

    trial: int
    seed: int
    """Seed for the weights and for the choice of validation reviews."""
    run: str
    """Name of the run's folder inside the sweep's folder."""
    values: dict[str, Any] = field(default_factory=dict)
    """Values of the keys that the sweep varies."""
    state: TrainingState = "waiting"
    epochs: int = 0
    accuracy: float | None = None
    """Validation accuracy of the best epoch so far."""
    loss: float | None = None
    """Validation loss of the best epoch so far."""
    seconds: float = 0.0
    """Training time in seconds."""
    reason: str | None = None
    """Reason for the failure; None if training has not failed."""

    def measure(self, metric: str) -> tuple[float, float] | None:
        """Return the accuracy and the negative loss as a ranking key, `metric` first, or None if they are not known."""
        if self.state == "failed" or self.accuracy is None or self.loss is None:
            return None
        return (self.accuracy, -self.loss) if metric == "accuracy" else (-self.loss, self.accuracy)


@dataclass(frozen=True)
class TrialChanged(Event):
    """A training run of a sweep has started, completed an epoch, or ended."""

    outcome: Outcome
    trials: Sequence[Outcome]
    """All trials so far, best first."""


def rank_outcomes(outcomes: Iterable[Outcome], metric: str) -> list[Outcome]:
    """Sort outcomes from best to worst; outcomes without metrics come last."""
    nothing = (float("-inf"), float("-inf"))
    return sorted(outcomes, key=lambda outcome: outcome.measure(metric) or nothing, reverse=True)


def rank_finalists(finalists: Iterable[Sequence[Outcome]], metric: str) -> list[dict[str, Any]]:
    """Return each finalist's mean metrics over its seeds, sorted by number of failed runs, then by metric."""
    rows = []
    for outcomes in finalists:
        done = [outcome for outcome in outcomes if outcome.measure(metric)]
        accuracies, losses = [outcome.accuracy or 0.0 for outcome in done], [outcome.loss or 0.0 for outcome in done]
        row = {
            "trial": outcomes[0].trial,
            "values": outcomes[0].values,
            "accuracy": mean(accuracies),
            "accuracy_spread": stdev(accuracies) if len(done) > 1 else None,
            "loss": mean(losses),
            "runs": [{"run": outcome.run, "seed": outcome.seed, "accuracy": outcome.accuracy} for outcome in done],
            "failed": len(outcomes) - len(done),
        }
        rows.append(row)
    sign = 1 if metric == "accuracy" else -1
    return sorted(rows, key=lambda row: (-row["failed"], sign * row[metric]), reverse=True)


def load_outcomes(folder: Path) -> list[Outcome]:
    """Load the outcomes that a sweep has saved so far, or raise `RunError` if the file is damaged."""
    path = folder / RESULTS
    if not path.exists():
        return []
    try:
        return [Outcome(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise RunError(
            f"{path} cannot be read ({error}): remove it and resume the sweep, whose trials are kept"
        ) from error


def save_outcomes(folder: Path, outcomes: Iterable[Outcome]) -> None:
    """Save the outcomes of the training runs that have ended."""
    lines = [json.dumps(asdict(outcome)) + "\n" for outcome in outcomes if outcome.state in SETTLED]
    Run.write_text(folder / RESULTS, "".join(lines))
