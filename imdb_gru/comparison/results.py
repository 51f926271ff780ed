"""Types for the results of a comparison, as printed by `compare --json` and stored in comparison.json."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from imdb_gru.models.metrics import TimestepScores
from imdb_gru.system.frames import build_frame, split_intervals

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, kw_only=True)
class ComparedRun:
    """The metrics of one training run of a model."""

    seed: int
    engine: str | None
    """Engine that trained the model: `keras`, `fused`, `fused bfloat16` or `scikit-learn`; None if it is unknown."""
    run: str
    n: int
    """Number of reviews on which the model was evaluated."""
    accuracy: float
    accuracy_interval: tuple[float, float]
    """95 % confidence interval (Wilson 1927)."""
    log_loss: float
    ece: float
    parameters: int | None
    """Number of parameters; like every training metric, None if the run did not record it."""
    epochs: int | None
    """Number of epochs trained; None for the linear baseline."""
    seconds: float | None
    """Training time in seconds, without compilation."""
    seconds_per_epoch: float | None
    compile_seconds: float | None
    """Time to compile the engine and build TensorFlow's graphs; the optimisation of the graphs is not included."""
    peak_memory_mb: float | None
    """Peak memory during training."""
    C: float | None
    """Inverse regularization strength of the linear baseline, chosen on the validation reviews; None for networks."""
    accuracy_by_timestep: Sequence[TimestepScores]
    """Metrics after 10, 25, 50 … words; empty if the model is bidirectional."""
    config: dict[str, Any]
    """The complete config."""


@dataclass(frozen=True, kw_only=True)
class ComparedModel:
    """The metrics of a model, averaged over its seeds."""

    model: str
    description: str
    """What the model is: its layers, or the kind of baseline."""
    engine: str | None
    """The engines that trained the model's runs, separated by commas."""
    accuracy: float
    accuracy_spread: float | None
    """Standard deviation over the seeds; None if there is only one seed."""
    accuracy_interval: tuple[float, float]
    """95 % interval of the mean, from a bootstrap over seeds and reviews; with one seed, Wilson's interval (1927)."""
    log_loss: float
    ece: float
    parameters: int | None
    seconds: float | None
    seconds_per_epoch: float | None
    compile_seconds: float | None
    peak_memory_mb: float | None
    accuracy_by_timestep: Sequence[TimestepScores]
    runs: Sequence[ComparedRun]


@dataclass(frozen=True, kw_only=True)
class SeedTest:
    """The result of McNemar's exact test on the same reviews for two models, each of them trained with one seed."""

    seeds: tuple[int, int]
    """The seeds of the two models; they differ only if each model has a single run."""
    only_first_right: int
    """Number of reviews that only the first model classifies correctly."""
    only_second_right: int
    p_value: float
    """Two-sided p-value of the hypothesis that both models are equally accurate."""
    p_adjusted: float
    """The p-value corrected for the number of pairs of models that were tested with this seed (Holm 1979)."""


@dataclass(frozen=True, kw_only=True)
class ComparedPair:
    """The difference between two models that have seeds in common."""

    models: tuple[str, str]
    difference: float
    """Mean accuracy of the first model minus that of the second, over the seeds that both models have."""
    difference_interval: tuple[float, float]
    """95 % interval of the difference, from a bootstrap over seeds and reviews."""
    p_value: float | None
    """Two-sided p-value of a paired t-test over the seeds; None for one seed, or if all differences are equal."""
    p_adjusted: float | None
    """The p-value corrected for the number of pairs of models (Holm 1979)."""
    seeds: Sequence[SeedTest]


@dataclass(frozen=True, repr=False)
class Comparison:
    """All results for models that were compared on the same reviews."""

    split: str
    n: int
    """Number of reviews; if it differs between seeds, as it can for validation reviews, the smallest number."""
    models: Sequence[ComparedModel]
    pairs: Sequence[ComparedPair]
    caveat: str | None
    """A sentence that says why the costs of the models cannot be compared; None if they can be compared."""
    verdict: str
    """A sentence that says which model is best, and whether the difference is significant."""

    def to_dict(self) -> dict[str, Any]:
        """Return the results as a dictionary, as printed by `compare --json`."""
        return asdict(self)

    def list_runs(self) -> list[dict[str, Any]]:
        """Return the metrics of each run as a dictionary, with each interval stored as two values."""
        return [
            split_intervals({"model": model.model, **_pick_values(run)}) for model in self.models for run in model.runs
        ]

    def to_frame(self) -> "DataFrame":
        """Return a pandas data frame with a row for each run; pandas must be installed."""
        return build_frame(self.list_runs())

    def __repr__(self) -> str:
        """Return each model's accuracy and the verdict."""
        models = ", ".join(f"{model.model}: {model.accuracy:.4f}" for model in self.models)
        return f"Comparison(split={self.split!r}, n={self.n}, {{{models}}}, {self.verdict!r})"


def _pick_values(run: ComparedRun) -> dict[str, Any]:
    return {name: value for name, value in vars(run).items() if name not in ("accuracy_by_timestep", "config")}
