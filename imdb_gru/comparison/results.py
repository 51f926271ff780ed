"""Types for the results of a comparison, as printed by `compare --json` and stored in comparison.json."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from imdb_gru.models.metrics import TimestepScores


@dataclass(frozen=True)
class ComparedRun:
    """The metrics of one training run of a model."""

    seed: int
    run: str
    n: int
    """Number of reviews on which the model was evaluated."""
    accuracy: float
    accuracy_interval: tuple[float, float]
    """95 % confidence interval (Wilson 1927)."""
    log_loss: float
    ece: float
    parameters: int | None
    """Number of parameters; None, like any other training metric, if the run did not record it."""
    epochs: int | None
    """Number of epochs trained; None for the linear baseline."""
    seconds: float | None
    """Training time."""
    seconds_per_epoch: float | None
    peak_memory_mb: float | None
    """Peak memory during training."""
    C: float | None
    """Inverse regularization strength of the linear baseline; None for networks."""
    accuracy_by_timestep: Sequence[TimestepScores]
    """Metrics after 10, 25, 50 … words; empty if the model is bidirectional."""


@dataclass(frozen=True)
class ComparedModel:
    """The metrics of a model, averaged over its seeds."""

    model: str
    accuracy: float
    accuracy_spread: float | None
    """Standard deviation over the seeds; None if there is only one seed."""
    accuracy_interval: tuple[float, float]
    """95 % confidence interval (Wilson 1927), computed as if the mean were the accuracy of a single model."""
    log_loss: float
    ece: float
    parameters: int | None
    seconds: float | None
    seconds_per_epoch: float | None
    peak_memory_mb: float | None
    accuracy_by_timestep: Sequence[TimestepScores]
    runs: Sequence[ComparedRun]


@dataclass(frozen=True)
class ComparedPair:
    """The result of McNemar's exact test for two models on the same reviews."""

    models: tuple[str, str]
    seeds: tuple[int, int]
    only_first_right: int
    """Number of reviews that only the first model classifies correctly."""
    only_second_right: int
    p_value: float
    """Two-sided p-value of the hypothesis that both models are equally accurate."""


@dataclass(frozen=True, repr=False)
class Comparison:
    """All results for models that were compared on the same reviews."""

    split: str
    n: int
    """Number of reviews; if the seeds have different validation reviews, the smallest of their numbers."""
    models: Sequence[ComparedModel]
    pairs: Sequence[ComparedPair]
    verdict: str
    """A sentence that says which model is best, and whether the difference is significant."""

    def to_dict(self) -> dict[str, Any]:
        """Return what `compare --json` prints."""
        return asdict(self)

    def __repr__(self) -> str:
        """Return each model's accuracy and the verdict."""
        models = ", ".join(f"{model.model}: {model.accuracy:.4f}" for model in self.models)
        return f"Comparison(split={self.split!r}, n={self.n}, {{{models}}}, {self.verdict!r})"
