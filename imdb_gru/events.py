"""What a training and an evaluation tell their observer, as data; each event reads as a sentence, too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imdb_gru.records import CorpusStatistics, Epoch, Progress, Start
from imdb_gru.system.environment import find_changes

if TYPE_CHECKING:
    from imdb_gru.config.schema import FitConfig


@dataclass(frozen=True)
class Event:
    """Something that happened; `str` says it in plain English, a line for each thing to say."""


Observer = Callable[[Event], object]


def ignore(event: Event) -> None:
    """Observe nothing."""


@dataclass(frozen=True)
class Notice(Event):
    """Something to tell a person that no other event says."""

    message: str

    def __str__(self) -> str:
        """Return the message."""
        return self.message


@dataclass(frozen=True)
class ReadingReviews(Event):
    """The reviews of a source are about to be read."""

    source: str

    def __str__(self) -> str:
        """Name the source."""
        return f"reading {self.source}"


@dataclass(frozen=True)
class BuildingModel(Event):
    """The model of a plan is about to be built, for which TensorFlow is loaded."""

    def __str__(self) -> str:
        """Say so."""
        return "building the model, which loads TensorFlow; nothing is trained"


@dataclass(frozen=True)
class CorpusRead(Event):
    """The reviews of a training were read and encoded."""

    statistics: CorpusStatistics
    length: int
    """Number of words that a review is cut to."""
    validation_split: float
    counts: Mapping[str, int] = field(default_factory=dict)
    """Reviews read of each split, if several were put together."""

    def __str__(self) -> str:
        """Give the numbers of reviews and words, and warn of validation figures that cannot be trusted."""
        figures = self.statistics
        lines = []
        if self.counts:
            parts = ", ".join(f"{count_noun(count, 'review')} of split {split}" for split, count in self.counts.items())
            lines.append(f"read {parts}")
        lines.append(
            f"{count_noun(figures.train, 'review')} to train on, {figures.validation} for validation; "
            f"{figures.truncated_share:.1%} cut to {self.length} words; "
            f"{figures.vocabulary} ids, {figures.unknown_share:.1%} of words unknown"
        )
        if self.validation_split and not figures.validation:
            lines.append(
                "there are no validation reviews, because there are too few reviews or too few different ones; "
                "all figures are of the training reviews"
            )
        if figures.repeated_validation:
            repeated = count_noun(figures.repeated_validation, "validation review")
            verb = "is" if figures.repeated_validation == 1 else "are"
            lines.append(
                f"{repeated} {verb} word for word among the training reviews, so validation figures are optimistic "
                "('imdb-gru data check' shows some)"
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class StartChosen(Event):
    """The weights that a training starts from are known."""

    pretrained: str | None
    """The next-word run, or None for random weights."""

    def __str__(self) -> str:
        """Name the start."""
        return f"starting from {'random weights' if self.pretrained is None else self.pretrained}"


@dataclass(frozen=True)
class EngineChosen(Event):
    """It is known what computes the recurrent layers."""

    engine: str
    reason: str
    precision: str

    def __str__(self) -> str:
        """Name the engine, the reason and a reduced precision."""
        return f"engine: {self.engine}, {self.reason}{', bfloat16 products' * (self.precision == 'bfloat16')}"


@dataclass(frozen=True)
class TrainingStarted(Event):
    """A training has begun to write into its run."""

    run: str

    def __str__(self) -> str:
        """Name the run and say what Ctrl-C does."""
        return f"training into {self.run} (Ctrl-C stops after the current batch; --resume continues later)"


@dataclass(frozen=True)
class Resumed(Event):
    """A training continues where it was stopped."""

    epoch: int
    """Number of complete epochs."""
    epochs: int
    batch: int
    """Number of complete batches of the epoch after those."""
    changes: Mapping[str, tuple[object, object]] = field(default_factory=dict)
    """What is different from before, of what decides the last bit of deterministic weights."""

    @classmethod
    def build(
        cls, config: "FitConfig", starts: Sequence[Start], progress: Progress, environment: Mapping[str, object]
    ) -> "Resumed":
        """Compare with the last start; the environment matters only if the weights are to be the same to the bit."""
        changes = find_changes(starts[-1].environment, environment) if starts and config.deterministic else {}
        return cls(progress.epoch, config.epochs, progress.batch, changes)

    def __str__(self) -> str:
        """Say where the training continues, and whether its last bits may differ."""
        within = f" and {self.batch} batches of the next" if self.batch else ""
        lines = [f"resuming after epoch {self.epoch} of {self.epochs}{within}"]
        if self.changes:
            changes = ", ".join(f"{name} was {before}, is {here}" for name, (before, here) in self.changes.items())
            lines.append(f"the last bits of the weights may differ from those of a training without a stop: {changes}")
        return "\n".join(lines)


@dataclass(frozen=True)
class CompilingEngine(Event):
    """The engine's functions are being compiled, once for this version and machine."""

    def __str__(self) -> str:
        """Say that it takes a while, once."""
        return "compiling the engine for this machine: about half a minute, once"


@dataclass(frozen=True)
class EpochDone(Event):
    """An epoch is complete and the run holds it."""

    record: Epoch

    def __str__(self) -> str:
        """Give the epoch's figures."""
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
                parts.append(f"accuracy {record.validation_accuracy:.2%}")
        return f"epoch {record.epoch}: {', '.join(parts)}, {record.seconds:.0f} s"


@dataclass(frozen=True)
class StopRequested(Event):
    """Ctrl-C or SIGTERM came in."""

    def __str__(self) -> str:
        """Say when the training will stop."""
        return "stopping after the current batch, or once the engine is compiled"


@dataclass(frozen=True)
class EvaluationStarted(Event):
    """Reviews to evaluate a model on were read."""

    reviews: int
    split: str

    def __str__(self) -> str:
        """Give the number of reviews and the split."""
        return f"evaluating on {count_noun(self.reviews, 'review')} of split {self.split}"


@dataclass(frozen=True)
class Stopped(Event):
    """A training was stopped before its end."""

    resumption: str
    """The command that resumes it."""
    kept: bool
    """Whether the run holds anything to resume from."""
    exit_code: int
    """130 for Ctrl-C, 143 for SIGTERM."""

    def __str__(self) -> str:
        """Give the command that resumes the training."""
        if self.kept:
            return f"stopped; resume with: {self.resumption}"
        return f"stopped before the first epoch was complete, so nothing is kept; start again with: {self.resumption}"


def count_noun(number: int, noun: str) -> str:
    """Write a number with its noun, in the plural unless it is one."""
    return f"{number} {noun}{'s' * (number != 1)}"
