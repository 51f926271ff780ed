"""Own how the belief after every word is shown in text: a view for a terminal, plain lines for a pipe.

Everywhere `tokens` holds one token a timestep, the start token first, and `probabilities` the belief after each.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

BLOCKS = "▁▂▃▄▅▆▇█"
COLOURS = ("#d95f02", "#e08b45", "#b0906f", "#8c8c8c", "#7593ad", "#4a90c8", "#1f78c8")
"""From negative to positive: orange over grey to blue, apart for colour-blind eyes and on either background."""
CLOSING = frozenset("!?.,;:)")
MOST_TURNS = MOST_JUMPS = 5


def find_turns(probabilities: Sequence[float]) -> list[int]:
    """Return the timesteps at which the label changes from what it was before them."""
    positive = np.asarray(probabilities) >= 0.5
    return [int(t) for t in np.flatnonzero(positive[1:] != positive[:-1]) + 1]


def find_jumps(probabilities: Sequence[float], count: int) -> list[int]:
    """Return the timesteps that moved the belief most, the largest move first."""
    moves = np.abs(np.diff(probabilities))
    return [int(t) + 1 for t in np.argsort(-moves, kind="stable")[:count]]


def sparkline(probabilities: Sequence[float], width: int) -> str:
    """Draw beliefs as blocks on a scale from 0 to 1, at most `width` of them.

    A block that stands for several timesteps shows the one farthest from 0.5, so that no strong belief is lost.
    """
    values = np.asarray(probabilities, dtype=float)
    parts = np.array_split(values, min(width, len(values))) if len(values) else []
    strongest = [part[np.argmax(np.abs(part - 0.5))] for part in parts]
    return "".join(BLOCKS[min(int(value * len(BLOCKS)), len(BLOCKS) - 1)] for value in strongest)


def neutralise(text: str) -> str:
    """Replace control characters, which a terminal would obey, with their escapes."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in text
    )


def format_plain(tokens: Sequence[str], probabilities: Sequence[float]) -> str:
    """Write a line a timestep: its number, the probability and the token, with tabs between."""
    steps = zip(tokens, probabilities, strict=True)
    return "".join(f"{t}\t{probability:.4f}\t{neutralise(token)}\n" for t, (token, probability) in enumerate(steps))


def print_view(tokens: Sequence[str], probabilities: Sequence[float], console: "Console") -> None:
    """Print a sparkline, the words coloured by the belief after them, where it turned, and what moved it most."""
    from rich.text import Text

    scale = (f"{probabilities[0]:.2f} ", f" {probabilities[-1]:.2f}")
    line = Text(scale[0], style="dim")
    room = console.width - len(scale[0]) - len(scale[1])
    for start, block in zip(_starts(len(probabilities), room), sparkline(probabilities, room), strict=True):
        line.append(block, style=_colour(probabilities[start]))
    console.print(line.append(scale[1], style="dim"), no_wrap=True)
    console.print(_colour_words(tokens, probabilities))
    legend = Text("negative ", style="dim")
    for colour in COLOURS:
        legend.append("■", style=colour)
    console.print(legend.append(" positive   ▲ ▼ turned positive, negative", style="dim"))
    turns = find_turns(probabilities)
    if turns:
        shown = turns[-MOST_TURNS:]
        count = f"turned {len(turns)} times, last" if len(turns) > len(shown) else "turned"
        console.print(Text(f"{count} at: " + ", ".join(_describe(t, tokens, probabilities) for t in shown)))
    jumps = find_jumps(probabilities, MOST_JUMPS)
    if jumps:
        moves = (f"{probabilities[t] - probabilities[t - 1]:+.2f} at {_quote(t, tokens)}" for t in jumps)
        console.print(Text("moved most: " + ", ".join(moves)))


def _starts(length: int, width: int) -> list[int]:
    """Return the last timestep of each of a sparkline's blocks."""
    return [int(part[-1]) for part in np.array_split(np.arange(length), min(width, length))] if length else []


def _colour(probability: float) -> str:
    return COLOURS[min(int(probability * len(COLOURS)), len(COLOURS) - 1)]


def _colour_words(tokens: Sequence[str], probabilities: Sequence[float]) -> "Text":
    from rich.text import Text

    turns = set(find_turns(probabilities))
    text = Text()
    for t in range(1, len(tokens)):
        word = neutralise(tokens[t])
        after_opening = t > 1 and tokens[t - 1] in ("(", "-")
        if t > 1 and not after_opening and word not in CLOSING and word != "-":
            text.append(" ")
        style = _colour(probabilities[t])
        if t in turns:
            text.append("▲" if probabilities[t] >= 0.5 else "▼", style=f"bold {style}")
            style = f"bold underline {style}"
        text.append(word, style=style)
    return text


def _describe(t: int, tokens: Sequence[str], probabilities: Sequence[float]) -> str:
    return f"{_quote(t, tokens)} ({probabilities[t - 1]:.2f} → {probabilities[t]:.2f})"


def _quote(t: int, tokens: Sequence[str]) -> str:
    return f'word {t} "{neutralise(tokens[t])}"'
