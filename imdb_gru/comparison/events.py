"""The events of a comparison, in addition to those of its training runs and evaluations."""

from dataclasses import dataclass

from imdb_gru.comparison.candidates import CandidateState
from imdb_gru.events import Event


@dataclass(frozen=True)
class CandidateChosen(Event):
    """A comparison has reached a model, which it will train, resume or use as it is."""

    number: int
    """Position of the model in the comparison, starting at 1."""
    count: int
    run: str
    state: CandidateState

    def __str__(self) -> str:
        """Return a message that says what the comparison will do with the model."""
        done = {
            "new": f"training {self.run}",
            "unfinished": f"resuming {self.run}",
            "complete": f"{self.run} is complete",
        }
        return f"{self.number} of {self.count}: {done[self.state]}"


@dataclass(frozen=True)
class ComparisonStopped(Event):
    """A comparison was stopped before all of its models were trained."""

    def __str__(self) -> str:
        """Return a message that says how to resume the comparison."""
        return "stopped; to resume, repeat the command"
