"""Own the picture of the belief after every word."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imdb_gru.errors import ImdbGruError, MissingExtraError
from imdb_gru.report.timesteps import COLOURS, find_jumps, find_turns, neutralise
from imdb_gru.run import write_atomically

SUFFIXES = (".png", ".svg")
MOST_LABELS = 60
"""Words up to which each has its name on the axis."""
MOST_MARKS = 8
"""Words that are named in the picture of a longer review."""


def check_plot_path(path: Path) -> None:
    """Raise `ImdbGruError` where no picture can be written, or matplotlib is missing."""
    if path.suffix.lower() not in SUFFIXES:
        raise ImdbGruError(f"cannot draw {path}: a plot ends in {' or '.join(SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise ImdbGruError(f"cannot draw {path}: there is no folder {path.parent}")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("a plot", "plot") from error


def plot_timesteps(path: Path, tokens: Sequence[str], probabilities: Sequence[float], title: str | None = None) -> None:
    """Draw the belief after every word into a .png or .svg; raises `ImdbGruError`."""
    check_plot_path(path)
    import matplotlib
    from matplotlib.figure import Figure

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    words = [neutralise(token).replace("$", r"\$") for token in tokens]
    few = len(words) <= MOST_LABELS
    with matplotlib.rc_context({"svg.hashsalt": "imdb-gru", "svg.fonttype": "path"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(
            figsize=(max(6.0, min(14.0, 1.5 + 0.24 * len(words))) if few else 14, 4.2), layout="constrained"
        )
        axes = figure.add_subplot()
        _draw_belief(axes, np.asarray(probabilities, dtype=float))
        if few:
            axes.set_xticks(range(len(words)), words, rotation=60, ha="right", rotation_mode="anchor")
        else:
            axes.set_xlabel("words read")
            _name_marks(axes, words, probabilities)
        if title:
            axes.set_title(title.replace("$", r"\$"), loc="left")
        try:
            with write_atomically(path) as temporary:
                metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
                figure.savefig(temporary, dpi=150, metadata=metadata)
        except OSError as error:
            raise ImdbGruError(f"cannot draw {path}: {error.strerror or error}") from error


def _draw_belief(axes: Any, belief: np.ndarray[Any, Any]) -> None:
    steps = np.arange(len(belief))
    negative, positive = COLOURS[0], COLOURS[-1]
    axes.fill_between(steps, belief, 0.5, where=belief >= 0.5, interpolate=True, color=positive, alpha=0.25, lw=0)
    axes.fill_between(steps, belief, 0.5, where=belief <= 0.5, interpolate=True, color=negative, alpha=0.25, lw=0)
    axes.axhline(0.5, color="0.6", lw=0.8)
    axes.plot(steps, belief, color="0.25", lw=1.2, marker="o" if len(belief) <= MOST_LABELS else None, ms=3)
    axes.set_ylim(0, 1)
    axes.set_xlim(-0.5, len(belief) - 0.5)
    axes.set_ylabel("probability of positive")
    axes.spines[["top", "right"]].set_visible(False)


def _name_marks(axes: Any, words: Sequence[str], probabilities: Sequence[float]) -> None:
    """Name the words at the largest moves and the last turns, no two of them close together."""
    apart = len(words) / 25
    marked: list[int] = []
    for t in [*find_jumps(probabilities, 4 * MOST_MARKS), *reversed(find_turns(probabilities))]:
        if len(marked) < MOST_MARKS and all(abs(t - other) >= apart for other in marked):
            marked.append(t)
    for t in marked:
        up = probabilities[t] < 0.5
        axes.annotate(
            words[t],
            (t, probabilities[t]),
            xytext=(0, 22 if up else -26),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": "0.5", "lw": 0.7},
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8},
        )
