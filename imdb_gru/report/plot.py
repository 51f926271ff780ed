"""Own the picture of the belief after every word."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imdb_gru.errors import ImdbGruError, MissingExtraError
from imdb_gru.report.timesteps import COLOURS, choose_marker, find_jumps, find_turns, neutralise
from imdb_gru.run import write_atomically

SUFFIXES = (".png", ".svg")
MOST_AXIS_LABELS = 61
"""Tokens up to which each has its name on the axis; the words of a longer review are named where it mattered."""
NAMED_JUMPS, NAMED_TURNS = 8, 6
LONGEST_LABEL = 18
"""Characters of a token; the rest would take the picture's place."""
ROWS = 3
"""Rows of names above the picture of a long review."""
FONT_SIZE = 9
ROW_HEIGHT = 15
"""Both in points."""

NEGATIVE, POSITIVE = COLOURS[0], COLOURS[-1]


def check_plot_path(path: Path) -> None:
    """Raise `ImdbGruError` where no picture can be written, or matplotlib is missing."""
    if path.suffix.lower() not in SUFFIXES:
        raise ImdbGruError(f"cannot draw {path}: name a file that ends in {' or '.join(SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise ImdbGruError(f"cannot draw {path}: there is no folder {path.parent}; make it, or name another file")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("Plotting", "plot") from error


def plot_timesteps(path: Path, tokens: Sequence[str], probabilities: Sequence[float], title: str | None = None) -> None:
    """Draw the belief after every token into a .png or .svg file; raises `ImdbGruError` where that fails."""
    check_plot_path(path)
    import matplotlib

    kind = path.suffix.lower()[1:]
    # Without the date or a random salt, the same beliefs make the same file.
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.hashsalt"] = "imdb-gru"
        # No font has every script; a glyph it lacks is drawn as a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing|Matplotlib currently does not support")
        figure = _build_figure(tokens, probabilities, title)
        try:
            with write_atomically(path) as temporary:
                figure.savefig(temporary, format=kind, dpi=150, metadata=metadata)
        except OSError as error:
            raise ImdbGruError(f"cannot draw {path}: {error.strerror or error}; name another file") from error


def _build_figure(tokens: Sequence[str], probabilities: Sequence[float], title: str | None) -> Any:
    from matplotlib.figure import Figure

    labels = [_shorten(token, LONGEST_LABEL) for token in tokens]
    short = len(tokens) <= MOST_AXIS_LABELS
    width = max(5.0, 1.5 + 0.2 * len(tokens)) if short else 14.0
    figure = Figure(figsize=(width, 4.2), layout="constrained")
    axes = figure.add_subplot()
    _draw_belief(axes, probabilities, marked=short)
    rows = 0
    if short:
        _label_axis(axes, labels, probabilities)
    else:
        axes.set_xlabel("words read; above, the largest moves and the last turns (▲ to positive, ▼ to negative)")
        rows = _name_words(axes, labels, probabilities, points=72 * (width - 1))
    if title:
        pad = 8 + rows * ROW_HEIGHT
        axes.set_title(_shorten(title, int(9 * width)), loc="left", pad=pad, parse_math=False)
    return figure


def _shorten(text: str, length: int) -> str:
    # XML, and so SVG, cannot hold these two.
    text = neutralise(text).translate(dict.fromkeys((0xFFFE, 0xFFFF), "�"))
    return text if len(text) <= length else text[: length - 1] + "…"


def _draw_belief(axes: Any, probabilities: Sequence[float], *, marked: bool) -> None:
    steps = np.arange(len(probabilities))
    values = np.asarray(probabilities, dtype=float)
    for colour, side in ((NEGATIVE, values <= 0.5), (POSITIVE, values >= 0.5)):
        axes.fill_between(steps, values, 0.5, where=side, interpolate=True, color=colour, alpha=0.35, lw=0)
    axes.axhline(0.5, color="0.6", lw=0.8)
    axes.plot(steps, values, color="0.25", lw=1.2, marker="o" if marked else None, ms=3)
    axes.set(xlim=(-0.5, len(steps) - 0.5), ylim=(0, 1), ylabel="probability of positive")
    axes.spines[["top", "right"]].set_visible(False)


def _direction(probabilities: Sequence[float], timestep: int) -> str:
    """Return the colour of the side that a move went towards."""
    return POSITIVE if probabilities[timestep] > probabilities[timestep - 1] else NEGATIVE


def _label_axis(axes: Any, labels: Sequence[str], probabilities: Sequence[float]) -> None:
    """Write every token under its timestep, those that turned the belief in bold and in the colour of the turn."""
    axes.set_xticks(range(len(labels)))
    axes.set_xticklabels(labels, rotation=60, ha="right", rotation_mode="anchor", fontsize=FONT_SIZE, parse_math=False)
    for timestep in find_turns(probabilities):
        axes.get_xticklabels()[timestep].set(color=_direction(probabilities, timestep), fontweight="bold")


def _name_words(axes: Any, labels: Sequence[str], probabilities: Sequence[float], points: float) -> int:
    """Write the words that moved or last turned the belief above the picture, and return how many rows they take.

    `points` is how wide the axes are. Each word stands over its timestep, in the lowest row where it overlaps neither
    another nor the line from another down to its timestep; one that finds no such row is left out.
    """
    turns = find_turns(probabilities)
    placed: list[tuple[int, int, float]] = []
    named = [*find_jumps(probabilities, NAMED_JUMPS), *turns[::-1][:NAMED_TURNS]]
    for timestep in dict.fromkeys(named):
        label = labels[timestep]
        if not any(map(str.isalnum, label)):
            label = f'"{label}"'  # a bare comma above the picture looks like a speck
        if timestep in turns:
            label = f"{choose_marker(probabilities[timestep])} {label}"
        half = 0.31 * FONT_SIZE * (len(label) + 1) * len(labels) / points
        row = next((row for row in range(ROWS) if _is_free(placed, timestep, row, half)), None)
        if row is None:
            continue
        placed.append((timestep, row, half))
        colour = _direction(probabilities, timestep)
        axes.plot(timestep, probabilities[timestep], marker="o", ms=4, color=colour)
        axes.annotate(
            label,
            (timestep, probabilities[timestep]),
            xytext=(timestep, 1.03 + 0.065 * row),
            textcoords=("data", "axes fraction"),
            ha="center",
            fontsize=FONT_SIZE,
            color=colour,
            arrowprops={"arrowstyle": "-", "color": "0.7", "lw": 0.7, "shrinkA": 0, "shrinkB": 2, "relpos": (0.5, 0)},
            parse_math=False,
        )
    return 1 + max((row for _, row, _ in placed), default=-1)


def _is_free(placed: Sequence[tuple[int, int, float]], timestep: int, row: int, half: float) -> bool:
    """Tell whether a word as wide as `2 * half` timesteps can stand over its timestep in a row."""
    for other, other_row, other_half in placed:
        apart = abs(timestep - other)
        # A line runs down through all rows below its word.
        needed = {0: half + other_half, 1: other_half, -1: half}[(row > other_row) - (row < other_row)]
        if apart < needed:
            return False
    return True
