"""Own what every picture shares: how matplotlib is set, and how a picture reaches a file."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from imdb_gru.errors import ImdbGruError, MissingExtraError
from imdb_gru.text.coloured import COLOURS
from imdb_gru.writing import write_atomically

NEGATIVE, NEUTRAL, POSITIVE = COLOURS[0], COLOURS[len(COLOURS) // 2], COLOURS[-1]


def check_matplotlib() -> None:
    """Raise `MissingExtraError` where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("Plotting", "plot") from error


@contextlib.contextmanager
def prepare_matplotlib(**settings: Any) -> Iterator[None]:
    """Draw inside as matplotlib does out of the box, with these settings on top and whatever the user set aside."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        # Without a random salt, the same figures make the same file.
        matplotlib.rcParams.update({"svg.hashsalt": "imdb-gru", **settings})
        # No font has every script; a glyph it lacks is drawn as a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing|Matplotlib currently does not support")
        yield


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure into a .png or .svg file, whole or not at all; raises `ImdbGruError` where that fails."""
    kind = path.suffix.lower()[1:]
    try:
        with write_atomically(path) as temporary:
            figure.savefig(temporary, format=kind, dpi=150, metadata=choose_metadata(kind))
    except OSError as error:
        raise ImdbGruError(f"cannot draw {path}: {error.strerror or error}; name another file") from error


def choose_metadata(kind: str) -> dict[str, None]:
    """Return what keeps the date out of an svg and the version out of a png, so that files can be compared."""
    return {"Date": None} if kind == "svg" else {"Software": None}


def get_ink() -> str:
    """Return the colour of letters and lines that the settings at hand say."""
    from matplotlib import rcParams

    return str(rcParams["text.color"])


def tidy(axes: Any) -> None:
    """Leave of a chart's frame what the eye needs, and faint lines behind it."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=get_ink(), alpha=0.12, lw=0.8)
    axes.set_axisbelow(True)
