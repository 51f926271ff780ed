"""The charts of a sweep: the importance of its config keys, and the values that its trials used."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from imdb_gru.report.charts import Chart
from imdb_gru.report.matplotlib_setup import LEAST_SPAN, POSITIVE, get_ink, tidy
from imdb_gru.report.timestep_chart import name_token

SHADES = "viridis"
"""Colour map of the trials, from the worst (dark) to the best (bright)."""
AXIS_WIDTH = 1.35
"""Distance between neighbouring axes, in inches."""


def build_sweep_charts(figures: Mapping[str, Any]) -> list[Chart]:
    """Return the charts of a sweep; the importance chart is omitted if the importance could not be computed."""
    charts = []
    if figures["importance"]:
        caption = "How much each key matters for the difference between the best trials and the others (PED-ANOVA)."
        charts.append(
            Chart("importance", "Importance", caption, partial(_draw_importance, figures["importance"], figures))
        )
    trials = [trial for trial in figures["trials"] if trial["accuracy"] is not None]
    caption = "Each line is a trial and runs through its values to its result; better trials are brighter."
    charts.append(
        Chart("parallel_coordinates", "Parallel coordinates", caption, partial(_draw_parallel, trials, figures))
    )
    return charts


def _draw_importance(importance: Mapping[str, float], figures: Mapping[str, Any]) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 1.2 + 0.35 * len(importance)), layout="constrained")
    axes = figure.add_subplot()
    shares = dict(reversed(list(importance.items())))  # largest on top
    bars = axes.barh(range(len(shares)), list(shares.values()), color=POSITIVE)
    axes.bar_label(bars, [f"{share:.0%}" for share in shares.values()], padding=4)
    axes.set_yticks(range(len(shares)), list(shares), parse_math=False)
    axes.set(xlabel=f"importance for validation {figures['metric']}", xlim=(0, 1.12 * max(shares.values())))
    tidy(axes)
    axes.grid(visible=False)
    return figure


def _draw_parallel(trials: Sequence[Mapping[str, Any]], figures: Mapping[str, Any]) -> Any:
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    metric, keys = figures["metric"], list(figures["space"])
    columns = [_place_values([trial["values"][key] for trial in trials], figures["space"][key]) for key in keys]
    results = [trial[metric] for trial in trials]
    columns.append(_place_results(results))
    figure = Figure(figsize=(max(6.4, AXIS_WIDTH * len(columns)), 4.4), layout="constrained")
    axes = figure.add_subplot()
    for rank in reversed(range(len(trials))):  # best on top
        shade = colormaps[SHADES](0.95 * (1 - rank / max(1, len(trials) - 1)))
        heights = [places[rank] for places, _ in columns]
        early = trials[rank]["state"] != "finished"
        axes.plot(
            heights, color=shade, lw=2.2 if rank == 0 else 1.2, ls=":" if early else "-", zorder=len(trials) - rank
        )
    for number, (_, ticks) in enumerate(columns):
        axes.axvline(number, color=get_ink(), lw=0.8, alpha=0.6, zorder=0)
        for label, height in ticks.items():
            box = {"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 0.8}
            axes.annotate(
                name_token(label), (number, height), (-4, 0), textcoords="offset points", ha="right", va="center",
                fontsize=7, parse_math=False, bbox=box, zorder=len(trials) + 1,
            )  # fmt: skip
    names = [key.replace(".", ".\n") for key in keys]
    axes.set_xticks(range(len(columns)), [*names, f"validation\n{metric}"], fontsize=8, parse_math=False)
    axes.set_yticks([])
    axes.set(xlim=(-0.6, len(columns) - 0.85), ylim=(-0.06, 1.06))
    axes.set_title(f"{len(trials)} trials; dotted: stopped before their last epoch", loc="left", fontsize="medium")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure


def _place_values(values: Sequence[Any], dimension: Mapping[str, Any]) -> tuple[list[float], dict[str, float]]:
    """Return the height of each value on the axis, from 0 to 1, and each axis label with its height."""
    if "choice" in dimension:
        choices = [*dimension["choice"], *values]  # the base's value may be missing from the choices
        names = list(dict.fromkeys(map(_name, choices)))
        marks = {name: index / max(1, len(names) - 1) for index, name in enumerate(names)}
        return [marks[_name(value)] for value in values], marks
    scale = math.log if "log_range" in dimension else float
    bounds = dimension.get("log_range") or dimension["range"]
    low, high = map(scale, bounds)
    return [(scale(value) - low) / (high - low) for value in values], {f"{bounds[0]:g}": 0.0, f"{bounds[1]:g}": 1.0}


def _place_results(results: Sequence[float]) -> tuple[list[float], dict[str, float]]:
    """Return the heights of the results, and each axis label with its height.

    If the results span less than `LEAST_SPAN`, they are drawn near the middle of the axis.
    """
    low, high = min(results), max(results)
    span = max(high - low, LEAST_SPAN)
    heights = [0.5 + (result - (low + high) / 2) / span for result in results]
    return heights, {f"{low:.4f}": min(heights), f"{high:.4f}": max(heights)}


def _name(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else "null" if value is None else str(value)
