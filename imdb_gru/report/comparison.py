"""The charts of a comparison: accuracy by model, by words read, and by training time."""

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from imdb_gru.comparison.results import ComparedModel, Comparison
from imdb_gru.report.charts import Chart
from imdb_gru.report.matplotlib_setup import tidy, widen
from imdb_gru.report.timestep_chart import label_run
from imdb_gru.text.coloured import COLOURS

SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Marker shapes: one more than there are colours, so that models of the same colour differ in shape."""
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
BAND = 0.18
"""Opacity of the bands around curves."""
SIZE = (6.4, 4.2)


def build_comparison_charts(comparison: Comparison) -> list[Chart]:
    """Return the charts of a comparison."""
    charts = [
        ("accuracy", "Accuracy", "Mean accuracy with its 95 % interval; each small mark is one seed.", _draw_models),
        (
            "accuracy_by_seconds",
            "Accuracy by training time",
            "One mark for each training run: higher is more accurate, and farther left is faster. Times on different "
            "engines also compare the engines.",
            _draw_seconds,
        ),
    ]
    if any(model.accuracy_by_timestep for model in comparison.models):
        caption = "Accuracy after the models have read a given number of words of each review."
        charts.append(("accuracy_by_timestep", "Accuracy by words read", caption, _draw_curves))
    return [Chart(name, title, caption, partial(_draw, draw, comparison)) for name, title, caption, draw in charts]


def _draw(draw: Callable[[Any, Sequence[ComparedModel]], None], comparison: Comparison) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.add_subplot()
    draw(axes, comparison.models)
    widen(axes, 100)
    tidy(axes)
    return figure


def _choose_style(number: int, count: int) -> dict[str, Any]:
    """Return the colour and marker shape of the model with index `number` out of `count` models.

    The colours of the models differ as much as possible.
    """
    shades = min(count, len(COLOURS))
    shade = round(number % shades * (len(COLOURS) - 1) / max(1, shades - 1))
    return {"color": COLOURS[shade], "marker": SHAPES[number % len(SHAPES)]}


def _draw_models(axes: Any, models: Sequence[ComparedModel]) -> None:
    """Draw each model's mean accuracy with its interval, and the accuracy for each seed next to it."""
    for number, model in enumerate(models):
        style = _choose_style(number, len(models))
        mean = 100 * model.accuracy
        low, high = (100 * edge for edge in model.accuracy_interval)
        axes.errorbar(
            number, mean, yerr=[[max(0.0, mean - low)], [max(0.0, high - mean)]], capsize=5, ms=8, lw=1.5, **style
        )
        seeds = [100 * run.accuracy for run in model.runs]
        axes.plot([number + 0.2] * len(seeds), seeds, ls="", ms=4, alpha=0.7, **style)
    axes.set_xticks(range(len(models)), [label_run(model.model) for model in models], parse_math=False)
    axes.set(
        xlim=(-0.5, len(models) - 0.5), ylabel="accuracy, %", xlabel="mean with its 95 % interval; small marks: seeds"
    )


def _draw_curves(axes: Any, models: Sequence[ComparedModel]) -> None:
    for number, model in enumerate(models):
        if curve := model.accuracy_by_timestep:
            steps = [row.timestep for row in curve]
            accuracies = [100 * row.accuracy for row in curve]
            style = _choose_style(number, len(models))
            axes.plot(
                steps, accuracies, ls=DASHES[number % len(DASHES)], ms=4, label=label_run(model.model), **style
            )  # fmt: skip
            if len(model.runs) > 1:
                by_seed = [[100 * row.accuracy for row in run.accuracy_by_timestep] for run in model.runs]
                spreads = [statistics.stdev(values) for values in zip(*by_seed, strict=True)]
                lows, highs = (
                    [mean + sign * spread for mean, spread in zip(accuracies, spreads, strict=True)] for sign in (-1, 1)
                )
                axes.fill_between(steps, lows, highs, color=style["color"], alpha=BAND, lw=0)
    several = any(len(model.runs) > 1 for model in models)
    axes.set(xlabel="words read" + "; bands: standard deviation over seeds" * several, ylabel="accuracy, %")
    _add_legend(axes)


def _draw_seconds(axes: Any, models: Sequence[ComparedModel]) -> None:
    """Draw a mark for each training run whose training time is known."""
    times = []
    for number, model in enumerate(models):
        timed = [(run.seconds, 100 * run.accuracy) for run in model.runs if run.seconds is not None]
        seconds, accuracies = [time for time, _ in timed], [accuracy for _, accuracy in timed]
        name = f"{model.model} ({model.engine})" if model.engine else model.model
        axes.plot(seconds, accuracies, ls="", ms=7, label=label_run(name), **_choose_style(number, len(models)))
        times += seconds
    # Training on a few reviews can take 0 seconds, which a logarithmic axis cannot show.
    if times and min(times) > 0:
        _scale_by_logarithm(axes)
    axes.set(xlabel="training time of all epochs, s", ylabel="accuracy, %")
    _add_legend(axes)


def _scale_by_logarithm(axes: Any) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())


def _add_legend(axes: Any) -> None:
    for text in axes.legend(frameon=False).get_texts():
        text.set_parse_math(False)
