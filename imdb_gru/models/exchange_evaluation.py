"""The result of an evaluation in which words are exchanged for near neighbours."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from imdb_gru.system.frames import build_frame, split_intervals

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Exchange:
    """A word of a review that was exchanged for a near neighbour."""

    timestep: int
    """The timestep of the word; the first word that the model reads has timestep 1."""
    word: str
    neighbour: str


@dataclass(frozen=True)
class ChangedReview:
    """A review that is classified correctly, but is misclassified once some of its words are exchanged."""

    text: str
    """The review before the exchanges."""
    label: str
    """The correct label."""
    probability: float
    """The probability of positive before the exchanges."""
    changed_probability: float
    """The probability of positive after the exchanges."""
    exchanges: Sequence[Exchange]


@dataclass(frozen=True)
class ExchangeScores:
    """The accuracy when up to a given number of words are exchanged in each review."""

    exchanges: int
    """Maximum number of exchanged words in a review."""
    accuracy: float
    """Accuracy after the worst exchanges that were found."""
    accuracy_interval: tuple[float, float]
    """95 % confidence interval (Wilson 1927)."""
    random_accuracy: float
    """Accuracy after exchanging this number of random words for random near neighbours."""


@dataclass(frozen=True, repr=False)
class ExchangeEvaluation:
    """A classifier's accuracy on labelled reviews whose words are exchanged for near neighbours in the embedding."""

    run: str
    split: str
    n: int
    """Number of reviews."""
    neighbours: int
    """A word may be exchanged for any of this many nearest neighbours."""
    threshold: float
    """Lowest probability at which a review counts as positive."""
    accuracy_by_exchanges: Sequence[ExchangeScores]
    """The accuracy after 0, 1, 2 … exchanges."""
    caveat: str | None = None
    """A sentence that explains why the figures are optimistic; None if no reason is known."""
    errors: Sequence[ChangedReview] | None = None
    """The reviews that were misclassified after the fewest exchanges; None unless requested."""

    def to_dict(self) -> dict[str, Any]:
        """Return the dictionary that `evaluate --exchanges … --json` prints."""
        figures = asdict(self)
        return {name: value for name, value in figures.items() if name != "errors" or value is not None}

    def list_records(self) -> list[dict[str, Any]]:
        """Return one record for each number of exchanges; the two ends of an interval are separate values."""
        return [split_intervals(vars(scores)) for scores in self.accuracy_by_exchanges]

    def to_frame(self) -> "DataFrame":
        """Return a pandas data frame with a row for each number of exchanges; pandas must be installed."""
        return build_frame(self.list_records())

    def __repr__(self) -> str:
        """Return the accuracy after each number of exchanges."""
        accuracies = ", ".join(f"{scores.exchanges}: {scores.accuracy:.4f}" for scores in self.accuracy_by_exchanges)
        return f"ExchangeEvaluation({self.run!r}, split={self.split!r}, n={self.n}, {accuracies})"
