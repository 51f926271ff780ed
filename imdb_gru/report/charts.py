"""Own which charts a report has, what is said under each, and how they become files or a part of a page."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from imdb_gru.errors import ImdbGruError
from imdb_gru.report import figures as drawings
from imdb_gru.report.drawing import check_matplotlib, choose_metadata, prepare_matplotlib, save_figure

INK = "#010203"
"""A colour that nothing else has; a page puts that of its text in its place, so that charts follow light and dark."""
_STYLED = ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A chart that can be drawn."""

    name: str
    """Of its files."""
    title: str
    caption: str
    draw: Callable[[], Any]
    """Makes the matplotlib figure."""


def build_charts(
    figures: Mapping[str, Any],
    bins: Sequence[Mapping[str, float]],
    history: Sequence[Mapping[str, Any]],
    best_epoch: int | None,
) -> list[Chart]:
    """Return the charts that these figures, bins of reliability and epochs are enough for."""
    return list(_iter_charts(figures, bins, history, best_epoch))


def _iter_charts(
    figures: Mapping[str, Any],
    bins: Sequence[Mapping[str, float]],
    history: Sequence[Mapping[str, Any]],
    best_epoch: int | None,
) -> Iterator[Chart]:
    if history:
        yield Chart(
            "learning_curves",
            "Learning curves",
            "Loss and accuracy after each epoch: where held-out reviews stop gaining while training goes on, the model "
            "has begun to learn its training reviews by heart.",
            lambda: drawings.draw_learning_curves(history, best_epoch),
        )
    yield Chart(
        "confusion_matrix",
        "Confusion matrix",
        "Rows are what the reviews are, columns what they were called: blue was right, orange wrong.",
        lambda: drawings.draw_confusion_matrix(figures["confusion_matrix"]),
    )
    yield Chart(
        "reliability",
        "Reliability",
        "Of the reviews given a probability, as many should be positive: on the dashed line it keeps its word, and the "
        "orange gaps are where it does not.",
        lambda: drawings.draw_reliability(bins, figures["ece"]),
    )
    if figures["accuracy_by_timestep"]:
        yield Chart(
            "accuracy_by_words_read",
            "Accuracy by words read",
            "How often the belief after so many words has the right side already; a review that has ended keeps its "
            "verdict.",
            lambda: drawings.draw_accuracy_by_words_read(figures["accuracy_by_timestep"]),
        )
    yield Chart(
        "accuracy_by_length",
        "Accuracy by length of review",
        "Each dot is the accuracy on reviews of that length, each bar its 95 % interval: few reviews make long bars.",
        lambda: drawings.draw_accuracy_by_length(figures["accuracy_by_length"]),
    )


def check_charts(folder: Path) -> None:
    """Make a folder for pictures; raise `ImdbGruError` where that fails, or matplotlib is missing."""
    check_matplotlib()
    _make_folder(folder)


def save_charts(charts: Sequence[Chart], folder: Path) -> list[Path]:
    """Draw every chart into a .png and an .svg file of a folder, which is made; return the files."""
    _make_folder(folder)
    paths = [folder / f"{chart.name}{suffix}" for chart in charts for suffix in (".png", ".svg")]
    with prepare_matplotlib():
        for index, path in enumerate(paths):
            save_figure(charts[index // 2].draw(), path)
    return paths


def _make_folder(folder: Path) -> None:
    if folder.is_file():
        raise ImdbGruError(f"cannot draw into {folder}: it is a file; name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImdbGruError(f"cannot draw into {folder}: {error.strerror}; name another folder") from error


def render_svg(chart: Chart) -> str:
    """Draw a chart as an svg element for a page: ink the page's, letters text, ids like no other chart's."""
    settings = {"svg.fonttype": "none", "savefig.transparent": True, **dict.fromkeys(_STYLED, INK)}
    stream = io.StringIO()
    with prepare_matplotlib(**settings):
        chart.draw().savefig(stream, format="svg", metadata=choose_metadata("svg"))
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    # A style or a metadata element would hold for the whole page, or tell a reader nothing.
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{chart.name}-", svg)
    svg = svg.replace(INK, "currentColor")
    label = escape(f"{chart.title}. {chart.caption}")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
