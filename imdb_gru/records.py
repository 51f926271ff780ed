"""The figures of a training as types: what history.jsonl, environment.jsonl, metrics.json and the checkpoint hold."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from imdb_gru.system.escaping import show_value


class Record(BaseModel):
    """Figures of a training; keys that this version does not know are kept."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    @classmethod
    def parse(cls, values: Any) -> Self:
        """Check values that were read from a file; raises `ValueError` that names the first wrong key."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            path = ".".join(map(str, detail["loc"]))
            raise ValueError(f"{path}: {detail['msg'].lower()}, got {show_value(detail['input'])}") from error

    def to_dict(self) -> dict[str, Any]:
        """Return the keys that were set, nested records as dictionaries."""
        return self.model_dump(exclude_unset=True)


class Epoch(Record):
    """One epoch's figures; a classifier has accuracies, a next-word model has perplexities."""

    epoch: int
    """Number of the epoch, from 1."""
    loss: float | None = None
    accuracy: float | None = None
    perplexity: float | None = None
    validation_loss: float | None = None
    """Mean log loss in nats on the validation reviews; None if there are none, like all validation figures."""
    validation_accuracy: float | None = None
    validation_perplexity: float | None = None
    words_per_second: int | None = None
    learning_rate: float | None = None
    seconds: float | None = None
    """Training and validation, without the compiling of the engine."""


class CorpusStatistics(Record):
    """What a training reads, in numbers."""

    source: str | None = None
    hash: str
    """SHA-256 of all texts and labels in order, the training reviews before the validation reviews."""
    train: int = 0
    """Number of reviews to train on."""
    validation: int = 0
    """Number of validation reviews."""
    positive_share: float | None = None
    films: int | None = None
    mean_words: float | None = None
    median_words: float | None = None
    longest_words: int | None = None
    truncated_share: float | None = None
    vocabulary: int | None = None
    """Number of ids, with pad, start and unknown."""
    unknown_share: float | None = None
    unknown_share_validation: float | None = None
    repeated_validation: int = 0
    """Number of validation reviews that are word for word among the training reviews."""

    @property
    def identity(self) -> dict[str, Any]:
        """Return what tells these reviews, and their division into two parts, from any others."""
        return {"hash": self.hash, "train": self.train, "validation": self.validation}


class Start(Record):
    """What a training ran under and read, each time it was started or resumed: a line of environment.jsonl."""

    format: int
    started_at: str
    epoch: int
    """Number of complete epochs."""
    batch: int
    """Number of complete batches of the epoch after those."""
    data: dict[str, Any]
    vocabulary: str
    """SHA-256 of the vocabulary's file."""
    environment: dict[str, Any]


class Metrics(Record):
    """A run's final figures, with the hashes of the files that they belong to."""

    format: int
    interrupted: bool
    """Whether the training was stopped before its last epoch, so that it can be resumed."""
    best: Epoch
    data: CorpusStatistics
    files: dict[str, str]
    """SHA-256 of each file of the run."""
    finished_at: str | None = None
    epochs: int | None = None
    seconds: float | None = None
    peak_memory_mb: float | None = None
    parameters: int | None = None
    environment: dict[str, Any] = {}


@dataclass
class Progress:
    """How far a training has come; a checkpoint holds it."""

    epoch: int = 0
    """Number of complete epochs."""
    batch: int = 0
    """Number of complete batches of the epoch after those."""
    loss: float = 0.0
    """Sum of the losses over the words of those batches."""
    words: int = 0
    """Number of words in those batches."""
    best: Epoch | None = None
    seconds: float = 0.0
    """Time spent on all complete epochs."""
    epoch_seconds: float = 0.0
    """Time spent on the epoch after those."""
    data_hash: str = ""

    def to_json(self) -> str:
        """Write the progress as JSON."""
        return json.dumps({**asdict(self), "best": self.best and self.best.to_dict()})

    @classmethod
    def from_json(cls, text: str) -> "Progress":
        """Read what `to_json` wrote; raises `ValueError` or `TypeError` if it is something else."""
        values = json.loads(text)
        best = values.pop("best")
        return cls(best=None if best is None else Epoch.parse(best), **values)
