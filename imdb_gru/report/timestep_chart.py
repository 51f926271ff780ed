"""The chart of the probability after each word."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imdb_gru.config import Direction
from imdb_gru.errors import ImdbGruError
from imdb_gru.models.timesteps import choose_marker, find_jumps, find_turns, shorten
from imdb_gru.report.matplotlib_setup import (
    NEGATIVE,
    POSITIVE,
    SUFFIXES,
    check_matplotlib,
    prepare_matplotlib,
    save_figure,
)
from imdb_gru.system.escaping import neutralise
from imdb_gru.system.writing import check_parent
from imdb_gru.text.direction import name_words_read

MOST_AXIS_LABELS = 61
"""In a review with at most this many tokens, every token is labelled; in a longer one, only important words are."""
MOST_NAMES, MOST_JUMPS = 12, 8
LONGEST_LABEL = 18
"""Maximum number of characters in a label; a longer label would leave no space for the chart."""
FONT_SIZE = 9
LONG_WIDTH = 14.0
"""Width of a long review's chart, in inches."""
CHARACTERS_PER_INCH = 14
"""Number of a title's characters that fit into one inch of a figure's width."""
NAME_HEIGHT = 1.1
"""Vertical position of the labels above the chart, as a value on the probability axis."""
NAME_GAP = 10
"""Smallest gap between neighbouring labels, in pixels."""


def check_plot_path(path: Path) -> None:
    """Raise `ImdbGruError` if a chart cannot be written to `path`, or if matplotlib is not installed."""
    if path.suffix.lower() not in SUFFIXES:
        raise ImdbGruError(
            f"cannot draw a chart to {path}: choose a name that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        )
    check_parent(path, "draw a chart to")
    check_matplotlib()


def plot_timesteps(
    path: Path,
    tokens: Sequence[str],
    probabilities: Sequence[float],
    title: str | None = None,
    direction: Direction = "forward",
) -> None:
    """Save a chart of the probability after each token as a .png, .svg or .pdf; raise `ImdbGruError` if that fails."""
    check_plot_path(path)
    with prepare_matplotlib():
        save_figure(draw_timesteps(tokens, probabilities, title, direction), path)


def draw_timesteps(
    tokens: Sequence[str],
    probabilities: Sequence[float],
    title: str | None = None,
    direction: Direction = "forward",
) -> Any:
    """Draw the probability after each token; the words are labels, in the order in which the model read them."""
    from matplotlib.figure import Figure

    labels = [name_token(token) for token in tokens]
    short = len(tokens) <= MOST_AXIS_LABELS
    width = max(5.0, 1.5 + 0.2 * len(tokens)) if short else LONG_WIDTH
    figure = Figure(figsize=(width, 4.2), layout="constrained")
    axes = figure.add_subplot()
    _draw_probabilities(axes, probabilities, marked=short)
    if short:
        _label_axis(axes, labels, probabilities)
        label_backward(axes, direction)
    else:
        words = name_words_read(direction)
        axes.set_xlabel(f"{words}; labelled: largest changes and last turns (▲ to positive, ▼ to negative)")
        _name_words(axes, labels, probabilities)
    if title:
        pad = 40 if axes.texts else 8
        axes.set_title(shorten(_spare_xml(title), int(9 * width)), loc="left", pad=pad, parse_math=False)
    return figure


def name_token(token: str) -> str:
    """Return the label of a token on an axis."""
    return shorten(_spare_xml(token), LONGEST_LABEL)


def label_backward(axes: Any, direction: Direction) -> None:
    """If a backward model read the words, say so below the axis, because the words alone do not show it."""
    if direction == "backward":
        axes.set_xlabel(name_words_read(direction))


def label_run(name: str) -> str:
    """Return a run's label in a legend, without a leading `_`, because matplotlib omits labels that begin with one."""
    return _spare_xml(neutralise(name)).removeprefix("_")


def add_title(figure: Any, title: str) -> None:
    """Write a title above a figure, cut to the figure's width."""
    most = int(CHARACTERS_PER_INCH * figure.get_figwidth())
    figure.suptitle(shorten(_spare_xml(title), most), x=0.01, ha="left", fontsize=9, parse_math=False)


def _spare_xml(text: str) -> str:
    """Replace U+FFFE and U+FFFF, which XML, and therefore SVG, cannot contain."""
    return text.translate(dict.fromkeys((0xFFFE, 0xFFFF), "�"))


def _draw_probabilities(axes: Any, probabilities: Sequence[float], *, marked: bool) -> None:
    steps = np.arange(len(probabilities))
    values = np.asarray(probabilities, dtype=float)
    for colour, side in ((NEGATIVE, values <= 0.5), (POSITIVE, values >= 0.5)):
        axes.fill_between(steps, values, 0.5, where=side, interpolate=True, color=colour, alpha=0.35, lw=0)
    axes.axhline(0.5, color="0.6", lw=0.8)
    axes.plot(steps, values, color="0.25", lw=1.2, marker="o" if marked else None, ms=3)
    axes.set(xlim=(-0.5, len(steps) - 0.5), ylim=(0, 1), ylabel="probability of positive")
    axes.spines[["top", "right"]].set_visible(False)


def _direction(probabilities: Sequence[float], timestep: int) -> str:
    """Return the colour that shows in which direction the probability changed."""
    return POSITIVE if probabilities[timestep] > probabilities[timestep - 1] else NEGATIVE


def _label_axis(axes: Any, labels: Sequence[str], probabilities: Sequence[float]) -> None:
    """Label every timestep with its token; tokens that changed the prediction are bold and coloured."""
    axes.set_xticks(range(len(labels)))
    axes.set_xticklabels(labels, rotation=60, ha="right", rotation_mode="anchor", fontsize=FONT_SIZE, parse_math=False)
    for timestep in find_turns(probabilities):
        axes.get_xticklabels()[timestep].set(color=_direction(probabilities, timestep), fontweight="bold")


def _name_words(axes: Any, labels: Sequence[str], probabilities: Sequence[float]) -> None:
    """Above the chart, write a row of the words that reversed the prediction or changed the probability most."""
    turns = find_turns(probabilities)
    # The last change decided the prediction, so it is labelled first.
    wanted = dict.fromkeys([*turns[-1:], *find_jumps(probabilities, MOST_JUMPS), *reversed(turns)])
    timesteps_per_pixel = len(labels) / (axes.figure.dpi * (LONG_WIDTH - 1))  # the margins take up an inch
    named: dict[int, Any] = {}
    widths: dict[int, float] = {}
    for timestep in list(wanted)[:MOST_NAMES]:
        name = labels[timestep] if any(map(str.isalnum, labels[timestep])) else f'"{labels[timestep]}"'
        if timestep in turns:
            name = f"{choose_marker(probabilities[timestep])} {name}"
        colour = _direction(probabilities, timestep)
        text = axes.text(0, NAME_HEIGHT, name, ha="center", fontsize=FONT_SIZE, color=colour, parse_math=False)
        width = (text.get_window_extent().width + NAME_GAP) * timesteps_per_pixel
        if sum(widths.values()) + width > len(labels):
            text.remove()
            continue
        named[timestep], widths[timestep] = text, width
    timesteps = sorted(named)
    centres = _spread(timesteps, [widths[timestep] for timestep in timesteps], len(labels))
    for timestep, centre in zip(timesteps, centres, strict=True):
        named[timestep].set_x(centre)
        elbow = [centre, timestep, timestep], [NAME_HEIGHT - 0.02, 1.01, probabilities[timestep]]
        axes.plot(*elbow, color="0.7", lw=0.7, clip_on=False, zorder=1)
        axes.plot(timestep, probabilities[timestep], marker="o", ms=4, color=named[timestep].get_color())


def _spread(wanted: Sequence[float], widths: Sequence[float], room: float) -> list[float]:
    """Return positions close to `wanted`, in the same order, at which labels of these widths do not overlap.

    A label's shift is its distance to the right of the place that it would have if there were no gaps between labels.
    Labels do not overlap if their shifts never decrease from left to right. The running maximum of the wanted shifts,
    taken from the left, never decreases, and neither does their running minimum, taken from the right. The mean of the
    two is used.
    """
    sizes = np.asarray(widths, dtype=float)
    packed = np.cumsum(sizes) - sizes / 2
    shifts = np.asarray(wanted, dtype=float) - packed
    pushed_right = np.maximum.accumulate(shifts)
    pushed_left = np.minimum.accumulate(shifts[::-1])[::-1]
    centres = packed + np.clip((pushed_right + pushed_left) / 2, -0.5, room - 0.5 - sizes.sum())
    return [float(centre) for centre in centres]
