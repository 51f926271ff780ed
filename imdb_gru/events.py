"""Events that training and evaluation send to an observer; `str` describes each event in plain English."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imdb_gru.system.wording import count_noun

if TYPE_CHECKING:
    from imdb_gru.config import FitConfig, TrainConfig
    from imdb_gru.records import CorpusStatistics, Epoch, Progress, Start


@dataclass(frozen=True)
class Event:
    """Base class of events; `str` describes an event in one or more lines."""


Observer = Callable[[Event], object]


def ignore(event: Event) -> None:
    """Ignore an event."""


@dataclass(frozen=True)
class Notice(Event):
    """A message for the user that no other event covers."""

    message: str

    def __str__(self) -> str:
        """Return the message."""
        return self.message


@dataclass(frozen=True)
class ReadingReviews(Event):
    """The reviews of a source are about to be read."""

    source: str

    def __str__(self) -> str:
        """Return a message that names the source."""
        return f"reading {self.source}"


@dataclass(frozen=True)
class BuildingModel(Event):
    """The model is about to be built so that a plan can describe it; building it loads TensorFlow."""

    def __str__(self) -> str:
        """Return the message."""
        return "loading TensorFlow and building the model to describe it, without training"


@dataclass(frozen=True)
class CorpusRead(Event):
    """The reviews for training have been read and encoded."""

    statistics: "CorpusStatistics"
    length: int
    """Maximum number of words in a review; longer reviews are cut."""
    validation_split: float
    """Share of the reviews that the config reserves for validation."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """For a next-word model, the number of reviews read from each split; for a classifier, empty."""

    def __str__(self) -> str:
        """Return a description of the reviews, with a warning if validation metrics are missing or optimistic."""
        figures = self.statistics
        lines = []
        if self.counts:
            parts = ", ".join(f"{count_noun(count, 'review')} of split {split}" for split, count in self.counts.items())
            lines.append(f"read {parts}")
        lines.append(
            f"{count_noun(figures.train, 'review')} for training, {figures.validation} for validation"
            f"{f', {figures.test} for the test part' * bool(figures.test)}"
            f"{f', {figures.crops} crops' * bool(figures.crops)}; "
            f"{figures.truncated_share:.1%} cut to {self.length} words; "
            f"vocabulary of {figures.vocabulary} ids, {figures.unknown_share:.1%} of words unknown"
        )
        if self.validation_split and not figures.validation:
            lines.append(
                "there are too few distinct reviews to use any for validation, "
                "so all metrics are for the training reviews"
            )
        if figures.repeated_validation:
            repeated = count_noun(figures.repeated_validation, "validation review")
            verb = "is" if figures.repeated_validation == 1 else "are"
            lines.append(
                f"{repeated} {verb} identical to a training review, so validation figures are optimistic "
                "('imdb-gru data check' shows examples)"
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class StartChosen(Event):
    """The initial weights for training have been chosen."""

    pretrained: str | None
    """The value of `model.pretrained`: the path of a run or the name of a bundled model, or None for random weights."""

    def __str__(self) -> str:
        """Return a message that says where the initial weights come from."""
        return f"starting from {'random weights' if self.pretrained is None else self.pretrained}"


@dataclass(frozen=True)
class ScheduleChosen(Event):
    """The schedule has been chosen to suit the number of training reviews."""

    reviews: int
    """Number of training reviews."""
    steps: int
    """Total number of batches in the training run."""
    train: "TrainConfig"

    def __str__(self) -> str:
        """Return a description of the schedule."""
        from imdb_gru.config.schedule import get_number

        first = "the output layer first, then " if self.train.output_first is True else ""
        last = "; the last epoch is kept" if self.train.monitor == "last" else ""
        return (
            f"schedule for {count_noun(self.reviews, 'training review')}: {first}"
            f"{count_noun(get_number(self.train.epochs), 'epoch')} in batches of {self.train.batch_size}, which is "
            f"{count_noun(self.steps, 'step')}{last}"
        )


@dataclass(frozen=True)
class EngineChosen(Event):
    """The engine that computes the recurrent layers has been chosen."""

    engine: str
    reason: str
    precision: str

    def __str__(self) -> str:
        """Return a message with the engine, the reason for choosing it, and the precision if it is reduced."""
        return f"engine: {self.engine}, {self.reason}{', bfloat16 products' * (self.precision == 'bfloat16')}"


@dataclass(frozen=True)
class TrainingStarted(Event):
    """Training is starting, and its run directory exists."""

    run: str

    def __str__(self) -> str:
        """Return a message that names the run and says what Ctrl-C does."""
        return f"training {self.run} (Ctrl-C stops after the current batch; use --resume to resume later)"


@dataclass(frozen=True)
class Resumed(Event):
    """Training has been resumed."""

    epoch: int
    """Number of completed epochs."""
    epochs: int
    batch: int
    """Number of completed batches in the current epoch."""
    changes: Mapping[str, tuple[object, object]] = field(default_factory=dict)
    """Changes in the environment that may alter the last bits of the weights: (before, now) for each changed item."""

    @classmethod
    def build(
        cls, config: "FitConfig", starts: "Sequence[Start]", progress: "Progress", environment: Mapping[str, object]
    ) -> "Resumed":
        """Build the event, comparing environments only if the config requires deterministic training."""
        from imdb_gru.config.schedule import get_number
        from imdb_gru.system.environment import find_changes

        changes = find_changes(starts[-1].environment, environment) if starts and config.deterministic else {}
        return cls(progress.epoch, get_number(config.epochs), progress.batch, changes)

    def __str__(self) -> str:
        """Return a message that says where training resumes, and warns if the last bits of the weights may change."""
        within = f" and {self.batch} batches of the next epoch" if self.batch else ""
        lines = [f"resuming after epoch {self.epoch} of {self.epochs}{within}"]
        if self.changes:
            changes = ", ".join(f"{name} was {before}, now {here}" for name, (before, here) in self.changes.items())
            lines.append(f"the last bits of the weights may differ from those of an uninterrupted run: {changes}")
        return "\n".join(lines)


@dataclass(frozen=True)
class CompilingEngine(Event):
    """The engine is about to be compiled, which happens once on each machine for each version of the engine."""

    def __str__(self) -> str:
        """Return the message, including how long compilation takes."""
        return "compiling the engine for this machine, which takes about half a minute the first time"


@dataclass(frozen=True)
class EpochDone(Event):
    """An epoch has been completed and saved in the run."""

    record: "Epoch"

    def __str__(self) -> str:
        """Return a description of the epoch's metrics."""
        record = self.record
        parts = []
        if record.perplexity is not None:
            parts.append(f"perplexity {record.perplexity:.1f}")
            if record.validation_perplexity is not None:
                parts.append(f"validation perplexity {record.validation_perplexity:.1f}")
            parts.append(f"{record.words_per_second:,} words/s")
        else:
            parts += [f"loss {record.loss:.4f}", f"accuracy {record.accuracy:.2%}"]
            if record.validation_accuracy is not None:
                parts.append(f"validation loss {record.validation_loss:.4f}")
                parts.append(f"validation accuracy {record.validation_accuracy:.2%}")
        return f"epoch {record.epoch}: {', '.join(parts)}, {record.seconds:.0f} s"


@dataclass(frozen=True)
class StopRequested(Event):
    """The process has received Ctrl-C or SIGTERM."""

    def __str__(self) -> str:
        """Return a message that says when training will stop."""
        return "stopping after the current batch, or after the compilation of the engine"


@dataclass(frozen=True)
class EvaluationStarted(Event):
    """The reviews for an evaluation have been read."""

    reviews: int
    split: str

    def __str__(self) -> str:
        """Return a message with the number of reviews and the split."""
        return f"evaluating on {count_noun(self.reviews, 'review')} of split {self.split}"


@dataclass(frozen=True)
class Stopped(Event):
    """Training was stopped before the last epoch was complete."""

    resumption: str
    """The command that resumes training, or repeats it if nothing was saved."""
    kept: bool
    """Whether the run has a checkpoint to resume from."""
    exit_code: int
    """The exit code of the process: 130 for Ctrl-C, 143 for SIGTERM."""

    def __str__(self) -> str:
        """Return a message that says whether anything was saved and which command resumes or repeats training."""
        if self.kept:
            return f"stopped; resume with: {self.resumption}"
        return f"stopped before the first epoch was complete, so nothing was saved; train again with: {self.resumption}"
