"""What became of each training of a sweep, and the file that holds it."""

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
"""The states that last."""
RESULTS = "results.jsonl"


@dataclass(frozen=True)
class Outcome:
    """A training of a sweep, and what came of it so far."""

    trial: int
    seed: int
    """Of the weights and of the held-out reviews."""
    run: str
    """Its folder in the sweep's."""
    values: dict[str, Any] = field(default_factory=dict)
    """What the keys are that are searched."""
    state: TrainingState = "waiting"
    epochs: int = 0
    accuracy: float | None = None
    """On the validation split, as the loss: both of the best epoch so far."""
    loss: float | None = None
    seconds: float = 0.0
    """Of training."""
    reason: str | None = None
    """Why it failed."""

    def measure(self, metric: str) -> tuple[float, float] | None:
        """Return what is made best, more being better, and what decides between equals; None where there is neither."""
        if self.state == "failed" or self.accuracy is None or self.loss is None:
            return None
        return (self.accuracy, -self.loss) if metric == "accuracy" else (-self.loss, self.accuracy)


@dataclass(frozen=True)
class TrialChanged(Event):
    """A training of a sweep has started, completed an epoch, or ended."""

    outcome: Outcome
    trials: Sequence[Outcome]
    """All trials so far, the best first."""


def rank_outcomes(outcomes: Iterable[Outcome], metric: str) -> list[Outcome]:
    """Return the outcomes, the best first, those without figures last."""
    nothing = (float("-inf"), float("-inf"))
    return sorted(outcomes, key=lambda outcome: outcome.measure(metric) or nothing, reverse=True)


def rank_finalists(finalists: Iterable[Sequence[Outcome]], metric: str) -> list[dict[str, Any]]:
    """Return the means of finalists over their seeds, the best first; one that failed with a seed comes later."""
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
    """Read what came of the trainings of a sweep so far; raises `RunError` where it is damaged."""
    path = folder / RESULTS
    if not path.exists():
        return []
    try:
        return [Outcome(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise RunError(f"{path} cannot be read ({error}): remove it, and trials that are there go on") from error


def save_outcomes(folder: Path, outcomes: Iterable[Outcome]) -> None:
    """Write down what came of the trainings that are settled."""
    lines = [json.dumps(asdict(outcome)) + "\n" for outcome in outcomes if outcome.state in SETTLED]
    Run.write_text(folder / RESULTS, "".join(lines))
