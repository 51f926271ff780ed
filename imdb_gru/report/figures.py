"""Own the drawing of a run's charts: one function a chart, from figures to a matplotlib figure.

All are drawn within `prepare_matplotlib`; ink is what its settings say, so that a page can have its own.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from imdb_gru.metrics import compute_interval
from imdb_gru.report.drawing import NEGATIVE, NEUTRAL, POSITIVE, get_ink, tidy

Row = Mapping[str, Any]

WIDTH = 5.2
"""Inches; a page shows a chart at this width or less, so its letters stay as large as the text's."""
CLOSEST_TICKS = 1.26
"""Ratio of two numbers of words that can stand side by side on an axis."""
FAINT = 0.35
"""Opacity of lines that guide the eye."""


def draw_learning_curves(history: Sequence[Row], best_epoch: int | None) -> Any:
    """Draw loss and accuracy by epoch, in training and on held-out reviews where there are some."""
    figure = _build_figure(2.7)
    epochs = [row["epoch"] for row in history]
    names = [name for name in ("loss", "accuracy") if all(name in row for row in history)]
    for number, name in enumerate(names, 1):
        axes = figure.add_subplot(1, len(names), number)
        held_out = f"validation_{name}"
        for key, label, colour, dashes in (
            (name, "training", NEUTRAL, "--"),
            (held_out, "held out", POSITIVE, "-"),
        ):
            if all(key in row for row in history):
                values = [row[key] for row in history]
                axes.plot(epochs, values, dashes, color=colour, marker="o", ms=4, lw=1.8, label=label)
        if best_epoch is not None:
            axes.axvline(best_epoch, color=get_ink(), alpha=2 * FAINT, lw=1, ls=":", label="best epoch")
        axes.set(xlabel="epoch", title=name)
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        if name == "accuracy":
            axes.yaxis.set_major_formatter(_format_percent)
        tidy(axes)
    figure.axes[0].legend(frameon=False, fontsize="small")
    return figure


def draw_confusion_matrix(matrix: Sequence[Sequence[int]]) -> Any:
    """Draw how many reviews of each label were called what, coloured by their share of that label."""
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
            axes.text(column + 0.485, row + 0.64, f"{share:.1%} of them", fontsize="small", **middle)
    axes.set(xlim=(0, 2), ylim=(2, 0), xlabel="called", ylabel="label")
    axes.set_xticks([0.485, 1.485], ["negative", "positive"])
    axes.set_yticks([0.485, 1.485], ["negative", "positive"], rotation=90, va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def draw_reliability(bins: Sequence[Row], ece: float) -> Any:
    """Draw the share of positive reviews against the probability said, and how many reviews each bin holds."""
    figure = _build_figure(4.4, width=4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    said, found = [row["probability"] for row in bins], [row["positive_share"] for row in bins]
    above.plot([0, 1], [0, 1], color=get_ink(), alpha=FAINT, lw=1, ls="--", label="as often as said")
    above.vlines(said, said, found, color=NEGATIVE, lw=3, alpha=0.6, label=f"gap (mean {ece:.3f}, the ECE)")
    above.plot(said, found, color=POSITIVE, marker="o", ms=4.5, lw=1.5, label="as it was")
    above.set(xlim=(0, 1), ylim=(-0.02, 1.02), ylabel="share that is positive")
    above.legend(frameon=False, fontsize="small", loc="upper left")
    for row in bins:
        below.bar((row["from"] + row["to"]) / 2, row["n"], width=(row["to"] - row["from"]) * 0.9, color=NEUTRAL)
    below.set(xlabel="probability of positive", ylabel="reviews")
    below.yaxis.get_major_locator().set_params(nbins=3, integer=True)
    below.yaxis.set_major_formatter(_format_count)
    tidy(above)
    tidy(below)
    return figure


def draw_accuracy_by_words_read(rows: Sequence[Row]) -> Any:
    """Draw the accuracy after so many words, and the calibration error below where the figures hold it."""
    calibrated = all(row.get("ece") is not None for row in rows)
    figure = _build_figure(4.2 if calibrated else 2.9)
    all_axes = figure.subplots(2 if calibrated else 1, 1, sharex=True, squeeze=False)[:, 0]
    steps = [row["timestep"] for row in rows]
    names = (("accuracy", "accuracy", POSITIVE), ("ece", "calibration error", NEGATIVE))
    for axes, (key, label, colour) in zip(all_axes, names, strict=False):
        axes.plot(steps, [row[key] for row in rows], color=colour, marker="o", ms=4.5, lw=1.8)
        axes.set(xscale="log", ylabel=label)
        axes.minorticks_off()
        ticks = [step for step, following in pairwise(steps) if following > CLOSEST_TICKS * step] + steps[-1:]
        axes.set_xticks(ticks, [str(step) for step in ticks])
        tidy(axes)
    first, last = all_axes[0], all_axes[-1]
    first.yaxis.set_major_formatter(_format_percent)
    for place, side, height in ((0, "left", -14), (-1, "right", 7)):  # off the line, which rises
        first.annotate(
            f"{rows[place]['accuracy']:.1%}",
            (steps[place], rows[place]["accuracy"]),
            xytext=(0, height),
            textcoords="offset points",
            ha=side,
            fontsize="small",
        )
    first.margins(y=0.2)
    last.set_xlabel("words read")
    return figure


def draw_accuracy_by_length(rows: Sequence[Row]) -> Any:
    """Draw the accuracy of reviews of like length with its 95 % intervals."""
    figure = _build_figure(3.1)
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        low, high = compute_interval(round(row["accuracy"] * row["n"]), row["n"])
        axes.vlines(place, low, high, color=POSITIVE, lw=6, alpha=0.3)
        axes.plot(place, row["accuracy"], color=POSITIVE, marker="o", ms=6)
    names = [f"{row['from']}+" if row["to"] is None else f"{row['from']}–{row['to']}" for row in rows]
    labels = [f"{name}\n{row['n']:,}" for name, row in zip(names, rows, strict=True)]
    axes.set_xticks(range(len(rows)), labels, fontsize=7.5)
    axes.set(xlabel="words in the review; below, reviews", ylabel="accuracy", xlim=(-0.6, len(rows) - 0.4))
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
