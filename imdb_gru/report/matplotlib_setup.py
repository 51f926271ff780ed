"""Functions shared by all charts: they configure matplotlib and save figures."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imdb_gru.errors import ImdbGruError, MissingExtraError
from imdb_gru.system.writing import write_atomically
from imdb_gru.text.coloured import COLOURS

SUFFIXES = (".png", ".svg", ".pdf")
"""The formats in which charts are saved."""
LEAST_SPAN = 0.05
"""Smallest range of an accuracy axis: on a smaller range, differences that may be due to chance would look large."""
NEGATIVE, NEUTRAL, POSITIVE = COLOURS[0], COLOURS[len(COLOURS) // 2], COLOURS[-1]


def check_matplotlib(feature: str = "Plotting", extra: str = "plot") -> None:
    """If matplotlib is not installed, raise a `MissingExtraError` that names the feature and the extra."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(feature, extra) from error


@contextlib.contextmanager
def prepare_matplotlib(**settings: Any) -> Iterator[None]:
    """Inside the context, use matplotlib's defaults and `settings`, and ignore the user's own configuration."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        # With a fixed salt, the same data produces the same file. Publishers refuse type 3 fonts, the default in PDF.
        matplotlib.rcParams.update({"svg.hashsalt": "imdb-gru", "pdf.fonttype": 42, **settings})
        # No font covers every script; missing glyphs are drawn as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing|Matplotlib currently does not support")
        yield


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure to a .png, .svg or .pdf file atomically, or raise `ImdbGruError` if that fails."""
    kind = path.suffix.lower()[1:]
    try:
        with write_atomically(path) as temporary:
            figure.savefig(temporary, format=kind, dpi=150, metadata=choose_metadata(kind))
    except OSError as error:
        raise ImdbGruError(f"cannot draw a chart to {path}: {error.strerror or error}; choose another file") from error


def choose_metadata(kind: str) -> dict[str, None]:
    """Return metadata without a date or a matplotlib version, so that the same data always produces the same file."""
    return {"svg": {"Date": None}, "pdf": {"CreationDate": None, "Producer": None}}.get(kind, {"Software": None})


def get_ink() -> str:
    """Return the colour of text and lines in the current settings."""
    from matplotlib import rcParams

    return str(rcParams["text.color"])


def widen(axes: Any, scale: float = 1.0) -> None:
    """Widen the y axis to a range of at least `LEAST_SPAN * scale`; `scale` is the axis value for 100 %."""
    low, high = axes.get_ylim()
    missing = LEAST_SPAN * scale - (high - low)
    if missing > 0:
        low, high = low - missing / 2, high + missing / 2
        edge = 1.005 * scale  # so that a mark at 100 % is not cut in half
        moved = min(0.0, edge - high) if low > 0 else -low
        axes.set_ylim(low + moved, high + moved)


def tidy(axes: Any) -> None:
    """Remove the top and right edges of a chart's frame, and draw faint grid lines behind it."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=get_ink(), alpha=0.12, lw=0.8)
    axes.set_axisbelow(True)
