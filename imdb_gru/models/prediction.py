"""The prediction for a text: its probability and its label."""

from dataclasses import dataclass
from typing import Any

from imdb_gru.config.prediction import Direction
from imdb_gru.corpus.doubt import NOTHING_KNOWN, Doubt
from imdb_gru.models.counts import describe_text
from imdb_gru.runs.confidence import THRESHOLD
from imdb_gru.system.arrays import Array
from imdb_gru.system.escaping import show_value
from imdb_gru.text.coloured import build_html
from imdb_gru.text.direction import record_direction

LABELS = ("negative", "positive")
UNSURE = "unsure"


def choose_label(probability: float, doubt: Doubt | None, limit: float = 0.0, threshold: float = THRESHOLD) -> str:
    """Return "positive" or "negative", or "unsure" if no known word was read or the confidence is at most `limit`."""
    if doubt in NOTHING_KNOWN or max(probability, 1 - probability) <= limit:
        return UNSURE
    return LABELS[probability >= threshold]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """A model's prediction for a text."""

    text: str
    probability: float
    """Probability of positive."""
    words: int
    """Number of words in the text, including punctuation marks if they are tokens."""
    read: int
    """Number of words left after truncation."""
    unknown: int
    """Number of words that were read but are not in the vocabulary."""
    doubt: Doubt | None = None
    """The reason to doubt the prediction: how the text differs from the training texts; None if there is no reason."""
    confidence_limit: float = 0.0
    """Highest confidence at which the label is "unsure"; 0 unless a maximum error was requested."""
    tokens: tuple[str, ...] = ()
    """Token at each timestep, beginning with the start token; empty unless timesteps were requested.

    The timesteps are in the order in which the model read the words: see `direction`.
    """
    probabilities: Array | None = None
    """Probability of positive after each timestep, `(T,)` float32; None unless timesteps were requested."""
    threshold: float = THRESHOLD
    """Lowest probability of positive at which the label is "positive" rather than "negative"."""
    direction: Direction = "forward"
    """The direction in which the model read the text; if it is backward, word 1 is the last word of the text."""

    @property
    def label(self) -> str:
        """Return "positive", "negative" or "unsure"."""
        return choose_label(self.probability, self.doubt, self.confidence_limit, self.threshold)

    @property
    def unsure(self) -> bool:
        """Return whether the label is "unsure"."""
        return self.label == UNSURE

    def to_dict(self) -> dict[str, Any]:
        """Return the dictionary that `predict --json` prints, including the note and the timesteps if they exist."""
        record: dict[str, Any] = {"text": self.text, "label": self.label, "probability": self.probability}
        if note := describe_text(self):
            record["note"] = note
        if self.probabilities is not None:
            steps = zip(self.tokens, self.probabilities.tolist(), strict=True)
            record["timesteps"] = [
                {"timestep": timestep, "token": token, "probability": probability}
                for timestep, (token, probability) in enumerate(steps)
            ]
            record |= record_direction(self.direction)
        return record

    def __repr__(self) -> str:
        """Return the label, the probability and the beginning of the text."""
        return f"Prediction({self.label!r}, probability={self.probability:.4f}, text={show_value(self.text)})"

    def _repr_html_(self) -> str | None:
        """Return HTML that colours each word by the probability after it, or None if there are no timesteps."""
        if self.probabilities is None:
            return None
        return build_html(
            self.label,
            f"probability of positive {self.probability:.3f}",
            self.tokens,
            (2 * self.probabilities - 1).tolist(),
            [f"word {timestep}: probability {value:.3f}" for timestep, value in enumerate(self.probabilities)],
            "probability after each word",
            self.direction,
        )
