"""The functions that draw a run's charts; each returns the matplotlib figure of one chart.

Call them within `prepare_matplotlib`, whose settings determine the text colour.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from imdb_gru.config import Direction
from imdb_gru.models.metrics import CoverageScores, LengthScores, ReliabilityBin, TimestepScores, compute_interval
from imdb_gru.records import Epoch
from imdb_gru.report.matplotlib_setup import NEGATIVE, NEUTRAL, POSITIVE, get_ink, tidy, widen
from imdb_gru.text.direction import name_words_read

WIDTH = 5.2
"""Width of a chart in inches. Pages never enlarge charts, because their text would then be larger than the page's."""
CLOSEST_TICKS = 1.26
"""Smallest ratio of two neighbouring tick values whose labels do not overlap."""
FAINT = 0.35
"""Opacity of reference lines."""


def draw_learning_curves(history: Sequence[Epoch], best_epoch: int | None) -> Any:
    """Draw the loss and the accuracy by epoch for the training reviews and for any validation reviews."""
    figure = _build_figure(2.7)
    epochs = [record.epoch for record in history]
    names = [name for name in ("loss", "accuracy") if _list_values(history, name)]
    for number, name in enumerate(names, 1):
        axes = figure.add_subplot(1, len(names), number)
        for key, label, colour, dashes in (
            (name, "training", NEUTRAL, "--"),
            (f"validation_{name}", "validation", POSITIVE, "-"),
        ):
            if values := _list_values(history, key):
                axes.plot(epochs, values, dashes, color=colour, marker="o", ms=4, lw=1.8, label=label)
        if best_epoch is not None:
            axes.axvline(best_epoch, color=get_ink(), alpha=2 * FAINT, lw=1, ls=":", label="best epoch")
        axes.set(xlabel="epoch", title=name)
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        if name == "accuracy":
            axes.yaxis.set_major_formatter(_format_percent)
            widen(axes)
        tidy(axes)
    figure.axes[0].legend(frameon=False, fontsize="small")
    return figure


def _list_values(history: Sequence[Epoch], name: str) -> list[float]:
    """Return a metric's value for every epoch, or an empty list if it is missing for any epoch."""
    values = [getattr(record, name) for record in history]
    return [] if None in values else values


def draw_confusion_matrix(matrix: Sequence[Sequence[int]]) -> Any:
    """Draw the number of reviews by label and prediction.

    The larger a number is in relation to all reviews with that label, the stronger is its colour.
    """
    from matplotlib.patches import Rectangle

    figure = _build_figure(3.2, width=4.2)
    axes = figure.add_subplot()
    for row, counts in enumerate(matrix):
        for column, count in enumerate(counts):
            share = count / sum(counts) if sum(counts) else 0.0
            colour = POSITIVE if row == column else NEGATIVE
            axes.add_patch(Rectangle((column, row), 0.97, 0.97, facecolor=colour, alpha=0.08 + 0.42 * share, lw=0))
            middle = {"ha": "center", "va": "center"}
            axes.text(column + 0.485, row + 0.42, f"{count:,}", fontsize="x-large", fontweight="bold", **middle)
            axes.text(column + 0.485, row + 0.64, f"{share:.1%} of the label", fontsize="small", **middle)
    axes.set(xlim=(0, 2), ylim=(2, 0), xlabel="prediction", ylabel="label")
    axes.set_xticks([0.485, 1.485], ["negative", "positive"])
    axes.set_yticks([0.485, 1.485], ["negative", "positive"], rotation=90, va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def draw_reliability(bins: Sequence[ReliabilityBin], ece: float) -> Any:
    """Draw the share of positive reviews against the predicted probability, and the number of reviews in each bin."""
    figure = _build_figure(4.4, width=4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    predicted, found = [row.probability for row in bins], [row.positive_share for row in bins]
    above.plot([0, 1], [0, 1], color=get_ink(), alpha=FAINT, lw=1, ls="--", label="perfect calibration")
    above.vlines(predicted, predicted, found, color=NEGATIVE, lw=3, alpha=0.6, label=f"gap (mean {ece:.3f}, the ECE)")
    above.plot(predicted, found, color=POSITIVE, marker="o", ms=4.5, lw=1.5, label="this model")
    above.set(xlim=(0, 1), ylim=(-0.02, 1.02), ylabel="share that is positive")
    above.legend(frameon=False, fontsize="small", loc="upper left")
    for row in bins:
        below.bar((row.low + row.high) / 2, row.n, width=(row.high - row.low) * 0.9, color=NEUTRAL)
    below.set(xlabel="probability of positive", ylabel="reviews")
    below.yaxis.get_major_locator().set_params(nbins=3, integer=True)
    below.yaxis.set_major_formatter(_format_count)
    tidy(above)
    tidy(below)
    return figure


def draw_accuracy_by_words_read(rows: Sequence[TimestepScores], direction: Direction = "forward") -> Any:
    """Draw the accuracy and, below it, the calibration error, both by number of words read."""
    figure = _build_figure(4.2)
    first, last = figure.subplots(2, 1, sharex=True)
    steps = [row.timestep for row in rows]
    accuracies, errors = [row.accuracy for row in rows], [row.ece for row in rows]
    for axes, values, label, colour in (
        (first, accuracies, "accuracy", POSITIVE),
        (last, errors, "calibration error", NEGATIVE),
    ):
        axes.plot(steps, values, color=colour, marker="o", ms=4.5, lw=1.8)
        axes.set(xscale="log", ylabel=label)
        axes.minorticks_off()
        ticks = [step for step, following in pairwise(steps) if following > CLOSEST_TICKS * step] + steps[-1:]
        axes.set_xticks(ticks, [str(step) for step in ticks])
        tidy(axes)
    first.yaxis.set_major_formatter(_format_percent)
    for place, side, height in ((0, "left", -14), (-1, "right", 7)):  # so that the rising line does not cross the label
        first.annotate(
            f"{accuracies[place]:.1%}",
            (steps[place], accuracies[place]),
            xytext=(0, height),
            textcoords="offset points",
            ha=side,
            fontsize="small",
        )
    first.margins(y=0.2)
    widen(first)
    widen(last)
    last.set_xlabel(name_words_read(direction))
    return figure


def draw_accuracy_by_coverage(rows: Sequence[CoverageScores]) -> Any:
    """Draw the accuracy on the most confident predictions, by their share of all reviews, with 95 % intervals."""
    labels = [f"{row.share:.0%}\n≥ {row.confidence:.2f}" for row in rows]
    return _draw_accuracies(rows, labels, "most confident reviews (below: their confidence)", lw=1.8)


def draw_accuracy_by_length(rows: Sequence[LengthScores]) -> Any:
    """Draw the accuracy by review length, with 95 % intervals."""
    names = [f"{row.shortest}+" if row.longest is None else f"{row.shortest}–{row.longest}" for row in rows]
    labels = [f"{name}\n{row.n:,}" for name, row in zip(names, rows, strict=True)]
    return _draw_accuracies(rows, labels, "words in the review (below: number of reviews)", lw=0)


def _draw_accuracies(
    rows: Sequence[CoverageScores | LengthScores], labels: Sequence[str], title: str, *, lw: float
) -> Any:
    """Draw the accuracy of each row with its 95 % interval, and join the points with a line of width `lw`."""
    figure = _build_figure(3.1)
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        low, high = compute_interval(round(row.accuracy * row.n), row.n)
        axes.vlines(place, low, high, color=POSITIVE, lw=6, alpha=0.3)
    axes.plot([row.accuracy for row in rows], color=POSITIVE, marker="o", ms=6, lw=lw)
    axes.set_xticks(range(len(rows)), labels, fontsize=7.5)
    axes.set(xlabel=title, ylabel="accuracy", xlim=(-0.6, len(rows) - 0.4))
    widen(axes)
    axes.yaxis.set_major_formatter(_format_percent)
    tidy(axes)
    return figure


def _build_figure(height: float, width: float = WIDTH) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _format_percent(value: float, _: int | None = None) -> str:
    return f"{value:.4%}".rstrip("%").rstrip("0").rstrip(".") + "%"


def _format_count(value: float, _: int | None = None) -> str:
    return f"{value:,.0f}"
