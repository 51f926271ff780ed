"""Own what an inspection holds: everything that a model did with one text, timestep by timestep.

T counts the timesteps, the start token's included, U the units. Timestep t belongs to token t, whichever way a cell
reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class CellTrace:
    """What one cell did."""

    layer: int
    """Counted from 1."""
    direction: str
    """forward or backward."""
    cell: str
    """gru, lstm or simple_rnn."""
    gates: Mapping[str, Array]
    """By name, each `(T, U)`: update, reset, candidate; input, forget, candidate, output; none in a SimpleRNN."""
    states: Array
    """h_t, `(T, U)`."""
    gradients: Array
    """∂ logit / ∂h_t, by all ways from there to the verdict, `(T, U)`."""
    kept: Array | None
    """Share of the state after each timestep that later gates let through to the final one, `(T,)`.

    The product of the later update gates (a GRU's) or forget gates (an LSTM's), mean over units; None without gates.
    """
    jacobian: Array
    """‖∂h_T/∂h_t‖ / √U (Frobenius), `(T,)`: what the recurrence alone leaves of a small change; 1 at the last word."""

    @property
    def units(self) -> int:
        """Count the units."""
        return int(self.states.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """How much each word did for the verdict, in logits of positive, by two methods."""

    integrated_gradients: Array
    """`(T,)`; from a text whose every word is unknown (Sundararajan et al. 2017, equation 1)."""
    occlusion: Array
    """`(T,)`; how far the logit falls where the word alone is unknown."""
    baseline: float
    """The logit of the text with every word unknown."""
    gap: float
    """Sum of the integrated gradients less (logit − baseline): completeness says 0."""
    steps: int
    """Points on the way from the baseline at which gradients were taken."""


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """What a model did with one text."""

    text: str
    label: str
    probability: float
    """Of positive."""
    logit: float
    words: int
    """Words in the text, before truncation."""
    tokens: Sequence[str]
    """One a timestep, the start token first."""
    known: Sequence[bool]
    """Whether the vocabulary holds each token."""
    probabilities: Array | None
    """Belief after each timestep, `(T,)`; None where the model reads backwards too."""
    contributions: Contributions
    cells: Sequence[CellTrace]
    """Layer by layer, forwards before backwards."""
    pooled: Mapping[str, Array]
    """What each pooling adds to the logit through each timestep, `(T,)` each; empty where dense layers come between."""

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON's types."""
        raise NotImplementedError
