"""The figures of a comparison as types; together they are what `compare --json` prints and comparison.json holds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from imdb_gru.models.metrics import TimestepScores


@dataclass(frozen=True)
class ComparedRun:
    """The figures of one training of a model."""

    seed: int
    run: str
    n: int
    """Number of reviews that it was evaluated on."""
    accuracy: float
    accuracy_interval: tuple[float, float]
    """95 % interval (Wilson 1927)."""
    log_loss: float
    ece: float
    parameters: int | None
    """Number of parameters; None, like all figures of the training, if the run did not record it."""
    epochs: int | None
    """Number of epochs trained; None for the linear baseline."""
    seconds: float | None
    """Time spent on the training."""
    seconds_per_epoch: float | None
    peak_memory_mb: float | None
    """Most memory that the training held at once."""
    C: float | None
    """Inverse strength of the linear baseline's regularization; None for networks."""
    accuracy_by_timestep: Sequence[TimestepScores]
    """Empty if the model reads backwards too."""


@dataclass(frozen=True)
class ComparedModel:
    """The figures of a model, as means over its seeds."""

    model: str
    accuracy: float
    accuracy_spread: float | None
    """Standard deviation over the seeds; None for one seed."""
    accuracy_interval: tuple[float, float]
    """95 % interval of the mean as the accuracy of one model (Wilson 1927)."""
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
    """McNemar's exact test of two models on the same reviews."""

    models: tuple[str, str]
    seeds: tuple[int, int]
    only_first_right: int
    """Number of reviews that only the first model classifies correctly."""
    only_second_right: int
    p_value: float
    """Two-sided p-value of the hypothesis that both models are equally accurate."""


@dataclass(frozen=True, repr=False)
class Comparison:
    """All figures of models that were compared on the same reviews."""

    split: str
    n: int
    """Number of reviews; the smallest number if each seed has validation reviews of its own."""
    models: Sequence[ComparedModel]
    pairs: Sequence[ComparedPair]
    verdict: str
    """A sentence that says which model is best, and whether chance explains it."""

    def to_dict(self) -> dict[str, Any]:
        """Return what `compare --json` prints."""
        return asdict(self)

    def __repr__(self) -> str:
        """Give each model's accuracy and the verdict."""
        models = ", ".join(f"{model.model}: {model.accuracy:.4f}" for model in self.models)
        return f"Comparison(split={self.split!r}, n={self.n}, {{{models}}}, {self.verdict!r})"
