"""The charts of a report with their captions, saved as files or embedded in a page."""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from imdb_gru.models.evaluation import Evaluation
from imdb_gru.models.metrics import ReliabilityBin
from imdb_gru.records import Epoch
from imdb_gru.report import evaluation_charts as drawings
from imdb_gru.report.matplotlib_setup import (
    SUFFIXES,
    check_matplotlib,
    choose_metadata,
    prepare_matplotlib,
    save_figure,
)
from imdb_gru.report.timestep_chart import add_title
from imdb_gru.system.writing import make_folder

INK = "#010203"
"""Placeholder colour; a page replaces it with its text colour, so that charts suit both light and dark mode."""
_STYLED = ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A chart with its title, its caption and the function that draws it."""

    name: str
    """Name of the chart's files, without the suffix."""
    title: str
    caption: str
    draw: Callable[[], Any]
    """Function that draws the matplotlib figure."""


def build_charts(
    evaluation: Evaluation, bins: Sequence[ReliabilityBin], history: Sequence[Epoch], best_epoch: int | None
) -> list[Chart]:
    """Return a report's charts, drawn from the evaluation, its reliability bins and the run's epochs."""
    return list(_iter_charts(evaluation, bins, history, best_epoch))


def _iter_charts(
    evaluation: Evaluation, bins: Sequence[ReliabilityBin], history: Sequence[Epoch], best_epoch: int | None
) -> Iterator[Chart]:
    if history:
        yield Chart(
            "learning_curves",
            "Learning curves",
            "Loss and accuracy after each epoch. If the validation metrics stop improving while the training metrics "
            "still improve, the model is overfitting.",
            lambda: drawings.draw_learning_curves(history, best_epoch),
        )
    yield Chart(
        "confusion_matrix",
        "Confusion matrix",
        "The rows are labels, and the columns are predictions; blue is correct, and orange is wrong.",
        lambda: drawings.draw_confusion_matrix(evaluation.confusion_matrix),
    )
    yield Chart(
        "reliability",
        "Reliability",
        "Share of positive reviews among reviews with similar probabilities. On the dashed line, the share equals the "
        "probability; the orange gaps are the calibration error.",
        lambda: drawings.draw_reliability(bins, evaluation.ece),
    )
    if evaluation.accuracy_by_timestep:
        yield Chart(
            "accuracy_by_words_read",
            "Accuracy by words read",
            "Accuracy after a given number of words; a shorter review keeps its final probability.",
            lambda: drawings.draw_accuracy_by_words_read(evaluation.accuracy_by_timestep, evaluation.direction),
        )
    yield Chart(
        "accuracy_by_coverage",
        "Accuracy by confidence",
        "Accuracy on the reviews with the most confident predictions, by their share of all reviews. It shows what is "
        "gained by labelling the other reviews unsure.",
        lambda: drawings.draw_accuracy_by_coverage(evaluation.coverage),
    )
    yield Chart(
        "accuracy_by_length",
        "Accuracy by length of review",
        "Each dot is the accuracy on reviews in that range of lengths; its bar is the 95 % interval.",
        lambda: drawings.draw_accuracy_by_length(evaluation.accuracy_by_length),
    )


def check_charts(folder: Path, *, extra: str = "plot") -> None:
    """Create a folder for charts; raise `ImdbGruError` if that fails or if matplotlib is not installed.

    If matplotlib is not installed, the error tells the user to install the extra `extra`.
    """
    check_matplotlib(extra=extra)
    make_folder(folder, "draw into")


def save_charts(charts: Sequence[Chart], folder: Path, subject: str) -> list[Path]:
    """Save every chart as a .png, an .svg and a .pdf file; create the folder if needed, and return the paths.

    `subject` is added to each chart's title; it says what the chart is about, such as a run and its reviews.
    """
    make_folder(folder, "draw into")
    paths = []
    with prepare_matplotlib():
        for chart in charts:
            for suffix in SUFFIXES:
                figure = chart.draw()
                add_title(figure, f"{chart.title}: {subject}")
                paths.append(folder / f"{chart.name}{suffix}")
                save_figure(figure, paths[-1])
    return paths


def render_svg(chart: Chart) -> str:
    """Draw a chart as an svg element for a page; it takes on the page's text colour, and its ids are unique."""
    settings = {"svg.fonttype": "none", "savefig.transparent": True, **dict.fromkeys(_STYLED, INK)}
    stream = io.StringIO()
    with prepare_matplotlib(**settings):
        chart.draw().savefig(stream, format="svg", metadata=choose_metadata("svg"))
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    # A style element would affect the whole page, and metadata is not visible.
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{chart.name}-", svg)
    svg = svg.replace(INK, "currentColor")
    label = escape(f"{chart.title}. {chart.caption}")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
