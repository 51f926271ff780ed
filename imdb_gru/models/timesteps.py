"""The probability after each word, shown as text: a coloured view for a terminal, or plain lines for a pipe.

In all functions, `tokens` holds the token of each timestep. The first is the start token, so timestep t is word t.
`probabilities` holds the probability of positive after each timestep. If the model's `direction` is backward, word 1 is
the last word of the text.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from imdb_gru.config.prediction import Direction
from imdb_gru.system.escaping import neutralise
from imdb_gru.text.coloured import COLOURS
from imdb_gru.text.direction import find_written_spaces, note_direction, reorder

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

BLOCKS = "▁▂▃▄▅▆▇█"
"""The eight blocks for probabilities from 0 to 1; ▅ and taller blocks mean positive."""
MARKERS = ("▼", "▲")
"""Markers of words that changed the prediction to negative or to positive."""
MOST_TURNS = MOST_JUMPS = 5
CONTEXT = 3
"""Number of words shown on either side of a word that changed the prediction."""
SMALLEST_MOVE = 0.005
"""Smallest change in probability that is listed; smaller changes would be printed as 0.00."""


def find_turns(probabilities: Sequence[float], threshold: float = 0.5) -> list[int]:
    """Return the timesteps at which the label changes; a probability equal to `threshold` counts as positive."""
    positive = np.asarray(probabilities) >= threshold
    return [int(timestep) for timestep in np.flatnonzero(positive[1:] != positive[:-1]) + 1]


def find_jumps(probabilities: Sequence[float], count: int) -> list[int]:
    """Return the timesteps that changed the probability most, at most `count` of them, largest change first."""
    moves = np.abs(np.diff(np.asarray(probabilities, dtype=float)))
    order = np.argsort(-moves, kind="stable")[:count]
    return [int(index) + 1 for index in order if moves[index] > 0]


def sparkline(probabilities: Sequence[float], width: int) -> str:
    """Draw probabilities as blocks on a scale from 0 to 1: one block per timestep, but at most `width` blocks."""
    return "".join(_pick(BLOCKS, probabilities[timestep]) for timestep in _sample(probabilities, width))


def choose_marker(probability: float, threshold: float = 0.5) -> str:
    """Return the marker of a word that changed the prediction, given the probability after that word."""
    return MARKERS[int(probability >= threshold)]


def shorten(text: str, length: int) -> str:
    """Escape a text's control characters, and shorten it to `length` characters; a shortened text ends with "…"."""
    text = neutralise(text)
    return text if len(text) <= length else text[: length - 1] + "…"


def format_plain(tokens: Sequence[str], probabilities: Sequence[float]) -> str:
    """Return one line per timestep: its number, the probability and the token, separated by tabs."""
    steps = zip(tokens, probabilities, strict=True)
    return "".join(
        f"{timestep}\t{probability:.4f}\t{neutralise(token)}\n" for timestep, (token, probability) in enumerate(steps)
    )


def iter_view(
    tokens: Sequence[str],
    probabilities: Sequence[float],
    console: "Console",
    threshold: float = 0.5,
    direction: Direction = "forward",
) -> "Iterator[Text]":
    """Yield the lines of the view: a sparkline, the coloured words, and the words that changed the probability most.

    The lines fit the width of `console` and use the colours that it supports.
    """
    from rich.text import Text

    turns = find_turns(probabilities, threshold)
    words = _build_words(tokens, probabilities, turns, threshold, direction)
    header = _build_header(probabilities, console.width, direction)
    header.no_wrap, header.overflow = True, "crop"
    yield header
    yield Text()
    if not words:
        yield Text("(no words)", style="dim")
        return  # the label is "unsure", whatever the probability
    review = Text().join(reorder(words, direction))
    for line in review.wrap(console, console.width):
        line.rstrip()
        yield line
    yield Text()
    # Without colours, the legend would be seven identical squares.
    coloured = console.color_system is not None and not console.no_color
    if legend := _build_legend(coloured=coloured, turned=bool(turns)):
        yield legend
    for line in (*_list_turns(turns, words, probabilities, threshold, direction), *_list_jumps(tokens, probabilities)):
        line.no_wrap, line.overflow = True, "ellipsis"
        yield line


def _sample(probabilities: Sequence[float], width: int) -> list[int]:
    """Choose at most `width` timesteps that preserve the shape of the curve.

    This is a variant of "largest triangle three buckets" (Steinarsson 2013, section 4.2): keep the first and the last
    timestep and, from each bucket between them, the timestep that is farthest from the line between the previously
    chosen point and the mean of the next bucket. A dip at a single word stays visible, whereas the mean of a bucket
    would flatten it.
    """
    values = np.asarray(probabilities, dtype=float)
    last = len(values) - 1
    if last < width:
        return list(range(len(values)))
    if width < 3:
        return [0, last][2 - width :]
    buckets = [*np.array_split(np.arange(1, last), width - 2), np.array([last])]
    chosen = [0]
    for bucket, following in pairwise(buckets):
        ends = [chosen[-1], following.mean()], [values[chosen[-1]], values[following].mean()]
        chosen.append(int(bucket[np.argmax(np.abs(values[bucket] - np.interp(bucket, *ends)))]))
    return [*chosen, last]


def _pick(scale: Sequence[str], probability: float) -> str:
    return scale[min(int(probability * len(scale)), len(scale) - 1)]


def _build_header(probabilities: Sequence[float], width: int, direction: Direction) -> "Text":
    from rich.text import Text

    first, last, scale = (
        f"{probabilities[0]:.2f} ",
        f" {probabilities[-1]:.2f}",
        f"   ▁ is 0, █ is 1{note_direction(direction)}",
    )
    header = Text(first)
    for timestep in _sample(probabilities, max(1, width - len(first + last + scale))):
        header.append(_pick(BLOCKS, probabilities[timestep]), style=_pick(COLOURS, probabilities[timestep]))
    return header.append(last).append(scale, style="dim")


def _build_words(
    tokens: Sequence[str],
    probabilities: Sequence[float],
    turns: Sequence[int],
    threshold: float,
    direction: Direction,
) -> list["Text"]:
    """Return a coloured text for each token after the start token, including any space written before the token."""
    from rich.text import Text

    words = []
    spaces = find_written_spaces(tokens, direction)
    for timestep, (token, space) in enumerate(zip(tokens[1:], spaces[1:], strict=True), 1):
        style = _pick(COLOURS, probabilities[timestep])
        word = Text(" " if space else "")
        if timestep in turns:
            word.append(choose_marker(probabilities[timestep], threshold), style=f"bold {style}")
            style = f"bold underline {style}"
        words.append(word.append(neutralise(token), style=style))
    return words


def _build_legend(*, coloured: bool, turned: bool) -> "Text":
    from rich.text import Text

    legend = Text()
    if coloured:
        legend.append("negative ", style="dim")
        legend.append_tokens(("■", colour) for colour in COLOURS)
        legend.append(" positive", style="dim")
    if turned:
        negative, positive = MARKERS
        legend.append(f"{'   ' if coloured else ''}{positive} turned positive  {negative} turned negative", style="dim")
    return legend


def _list_turns(
    turns: Sequence[int],
    words: Sequence["Text"],
    probabilities: Sequence[float],
    threshold: float,
    direction: Direction,
) -> list["Text"]:
    from rich.text import Text

    if not turns:
        label = "positive" if probabilities[-1] >= threshold else "negative"
        return [Text(f"prediction never changed: {label} throughout")]
    shown = turns[-MOST_TURNS:]
    count = f" (the last {len(shown)} of {len(turns)})" if len(shown) < len(turns) else ""
    lines = [Text("prediction changed at", style="bold").append(count, style="not bold")]
    written, places = reorder(words, direction), reorder(range(len(words)), direction)
    for timestep in shown:
        place = places[timestep - 1]
        start, stop = max(place - CONTEXT, 0), min(place + 1 + CONTEXT, len(words))
        # With only two decimals, a change would often read "0.50 → 0.50".
        before, after = probabilities[timestep - 1], probabilities[timestep]
        line = Text(f"  word {timestep:{len(str(shown[-1]))}}  {before:.3f} → {after:.3f}  {'…' if start else ''}")
        lines.append(line.append(Text().join(written[start:stop])).append(" …" if stop < len(words) else ""))
    return lines


def _list_jumps(tokens: Sequence[str], probabilities: Sequence[float]) -> list["Text"]:
    from rich.text import Text

    lines = [Text("probability changed most", style="bold")]
    for timestep in find_jumps(probabilities, MOST_JUMPS):
        move = probabilities[timestep] - probabilities[timestep - 1]
        if abs(move) >= SMALLEST_MOVE:
            line = Text("  ").append(f"{move:+.2f}", style=COLOURS[-1 if move > 0 else 0])
            lines.append(line.append(f' at word {timestep} "{neutralise(tokens[timestep])}"'))
    return lines if len(lines) > 1 else []
