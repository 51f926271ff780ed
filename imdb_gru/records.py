"""Types for the contents of history.jsonl, environment.jsonl, metrics.json and the checkpoint."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from imdb_gru.system.escaping import show_value


class Record(BaseModel):
    """Base class for the records of a training run; unknown keys are kept."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    @classmethod
    def parse(cls, values: Any) -> Self:
        """Build a record from values read from a file, or raise a `ValueError` that names the first invalid key."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            path = ".".join(map(str, detail["loc"]))
            raise ValueError(f"{path}: {detail['msg'].lower()}, got {show_value(detail['input'])}") from error

    def to_dict(self) -> dict[str, Any]:
        """Return the keys that were set, with their values; nested records become dictionaries."""
        return self.model_dump(exclude_unset=True)


class Epoch(Record):
    """The metrics of one epoch: accuracies for a classifier, perplexities for a next-word model."""

    epoch: int
    """Number of the epoch, starting at 1."""
    loss: float | None = None
    accuracy: float | None = None
    perplexity: float | None = None
    validation_loss: float | None = None
    """Mean log loss on the validation reviews, in nats; without validation reviews, all validation metrics are None."""
    validation_accuracy: float | None = None
    validation_perplexity: float | None = None
    words_per_second: int | None = None
    learning_rate: float | None = None
    seconds: float | None = None
    """Time in seconds spent on training and validation, excluding the compilation of the engine and of graphs."""


class CorpusStatistics(Record):
    """Statistics of the reviews used for training and validation."""

    source: str | None = None
    hash: str
    """A single SHA-256 hash of the texts and labels of all training reviews and then of all validation reviews."""
    train: int = 0
    """Number of training reviews."""
    validation: int = 0
    """Number of validation reviews."""
    test: int = 0
    """Number of reviews that `data.test_split` reserves for testing."""
    crops: int = 0
    """Number of short passages that were cut from the training reviews as extra training texts."""
    positive_share: float | None = None
    positive_share_validation: float | None = None
    films: int | None = None
    mean_words: float | None = None
    median_words: float | None = None
    longest_words: int | None = None
    truncated_share: float | None = None
    vocabulary: int | None = None
    """Size of the vocabulary, including the pad, start and unknown ids."""
    unknown_share: float | None = None
    unknown_share_validation: float | None = None
    repeated_validation: int = 0
    """Number of validation reviews that are identical to a training review."""

    @property
    def identity(self) -> dict[str, Any]:
        """Return the values that identify these reviews and their split into training and validation."""
        return {"hash": self.hash, "train": self.train, "validation": self.validation}


class TeacherRecord(Record):
    """A teacher: a classifier whose probabilities were used to train another classifier."""

    name: str
    """The path of the teacher's run, or 'bundled-classifier' or 'ngrams'."""
    weight: float
    """The teacher's weight in the mean of all teachers' probabilities."""
    files: dict[str, str]
    """SHA-256 of each file (config, vocabulary, weights); empty for 'ngrams', which has no files."""


class Start(Record):
    """A line of environment.jsonl: the data and the environment when training was started or resumed."""

    format: int
    started_at: str
    epoch: int
    """Number of completed epochs."""
    batch: int
    """Number of completed batches in the current epoch."""
    data: dict[str, Any]
    vocabulary: str
    """SHA-256 of the vocabulary file."""
    environment: dict[str, Any]
    tracked: dict[str, str] | None = None
    """The tracker, its id for the run, and anything else needed to resume tracking; None if the run is not tracked."""


class Metrics(Record):
    """The final metrics of a run, with the hashes of its files."""

    format: int
    interrupted: bool
    """Whether training was stopped before the last epoch was complete; if so, it can be resumed."""
    best: Epoch
    data: CorpusStatistics
    files: dict[str, str]
    """SHA-256 of each file of the run."""
    finished_at: str | None = None
    epochs: int | None = None
    seconds: float | None = None
    """Time in seconds spent on all epochs, excluding compilation."""
    compile_seconds: float | None = None
    """Time in seconds spent on compiling the engine and building TensorFlow's graphs during completed epochs.

    The time that TensorFlow needs to optimise a graph on its first use is counted in `seconds` instead.
    """
    peak_memory_mb: float | None = None
    parameters: int | None = None
    environment: dict[str, Any] = {}


@dataclass
class Progress:
    """The progress of a training run, as stored in the checkpoint."""

    epoch: int = 0
    """Number of completed epochs."""
    batch: int = 0
    """Number of completed batches in the current epoch."""
    loss: float = 0.0
    """Sum of a next-word model's losses over all words in the completed batches of the current epoch."""
    words: int = 0
    """Number of words in the completed batches of the current epoch."""
    best: Epoch | None = None
    seconds: float = 0.0
    """Time in seconds spent on all completed epochs."""
    compile_seconds: float = 0.0
    """Time in seconds spent on compilation during all completed epochs."""
    epoch_seconds: float = 0.0
    """Time in seconds spent on the current epoch so far."""
    data_hash: str = ""

    def to_json(self) -> str:
        """Return the progress as JSON."""
        return json.dumps({**asdict(self), "best": self.best and self.best.to_dict()})

    @classmethod
    def from_json(cls, text: str) -> "Progress":
        """Restore the progress from the output of `to_json`; other text raises errors such as `ValueError`."""
        values = json.loads(text)
        best = values.pop("best")
        return cls(best=None if best is None else Epoch.parse(best), **values)
