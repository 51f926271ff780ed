"""The charts of an inspection and of gradients through time."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imdb_gru.inspection.inspection import SIGNED
from imdb_gru.report.charts import Chart
from imdb_gru.report.evaluation_charts import FAINT
from imdb_gru.report.matplotlib_setup import NEGATIVE, NEUTRAL, POSITIVE, get_ink, tidy
from imdb_gru.report.timestep_chart import (
    LONG_WIDTH,
    MOST_AXIS_LABELS,
    draw_timesteps,
    label_backward,
    label_run,
    name_token,
)

if TYPE_CHECKING:
    from imdb_gru.inspection import CellTrace, Inspection
    from imdb_gru.inspection.gradients import GradientCurve

MOST_NAMES = 12
"""Maximum number of labelled words in a chart of a long text."""
MOST_UNITS = 12
"""Maximum number of labelled rows in a heat map."""
CELL_STYLES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))
SMALLEST_SHOWN, SMALLEST_GRADIENT = 1e-6, 1e-16


def build_inspection_charts(inspection: "Inspection") -> list[Chart]:
    """Return the charts of an inspected text."""
    return list(_iter_inspection_charts(inspection))


def _iter_inspection_charts(inspection: "Inspection") -> Iterator[Chart]:
    if inspection.probabilities is not None:
        probabilities = inspection.probabilities.tolist()
        yield Chart(
            "probability",
            "Probability after each word",
            "The probability of positive if the text ended at this word.",
            lambda: draw_timesteps(inspection.tokens, probabilities, direction=inspection.direction),
        )
    yield Chart(
        "contributions",
        "Contributions",
        "How much each word adds to the logit, by integrated gradients and by occlusion (the decrease without it).",
        lambda: draw_contributions(inspection),
    )
    for cell in inspection.cells:
        name = f"{cell.layer}_{cell.direction}" if len(inspection.cells) > 1 else ""
        yield Chart(
            f"gates_{name}".rstrip("_"),
            f"Gates {name}".rstrip(),
            "Each row is a unit, with its number, and each column is a word.",
            lambda cell=cell: draw_gates(inspection, cell),  # type: ignore[misc]
        )
    yield Chart(
        "memory",
        "Memory",
        "How much of each word is left at the end, measured by the product of the later gates and by the Jacobian.",
        lambda: draw_memory(inspection),
    )


def build_gradient_charts(curves: Mapping[str, "GradientCurve"]) -> list[Chart]:
    """Return the chart of several runs' gradients through time."""
    return [
        Chart(
            "gradients",
            "Gradients through time",
            "Norm of the gradient at each word, relative to the norm at the last word.",
            lambda: draw_gradients(curves),
        )
    ]


def draw_contributions(inspection: "Inspection") -> Any:
    """Draw the contribution of each word to the logit by both methods."""
    figure, axes = _build_figure(inspection, 3.6)
    measured = inspection.contributions
    steps = np.arange(len(inspection.tokens))
    values = measured.integrated_gradients
    axes.bar(steps, values, color=[POSITIVE if value > 0 else NEGATIVE for value in values], width=0.8)
    axes.plot(steps, measured.occlusion, ls="", marker="_", ms=5, color=get_ink(), alpha=0.6, label="occlusion")
    axes.axhline(0, color=get_ink(), lw=0.6)
    axes.set_ylabel("contribution to the logit")
    axes.bar(0, 0, color=NEUTRAL, label="integrated gradients")
    axes.legend(frameon=False, fontsize="small")
    tidy(axes)
    _label_words(axes, inspection, np.abs(values), values)
    return figure


def draw_gates(inspection: "Inspection", cell: "CellTrace") -> Any:
    """Draw the gates and the hidden states as heat maps.

    Units are sorted by the mean of the gate that keeps the past, or of the hidden state if the cell has no gates.
    Each row is labelled with the index of its unit; if there are many units, only some rows are labelled.
    """
    panels = cell.quantities
    figure, all_axes = _build_figure(inspection, 0.8 + 1.5 * len(panels), len(panels))
    keeping = cell.states if cell.keeping_gate is None else cell.gates[cell.keeping_gate]
    order = np.argsort(keeping.mean(axis=0), kind="stable")
    for axes, (name, values) in zip(np.atleast_1d(all_axes), panels.items(), strict=True):
        signed = name in SIGNED
        image = axes.imshow(
            values[:, order].T,
            aspect="auto",
            cmap=_build_scale() if signed else "cividis",
            vmin=-1 if signed else 0,
            vmax=1,
            interpolation="nearest",
            rasterized=True,
        )
        axes.set_ylabel(f"{'hidden state' if name == 'state' else name}\nunit")
        rows = np.unique(np.linspace(0, len(order) - 1, MOST_UNITS).round().astype(int))
        axes.set_yticks(rows, [str(unit) for unit in order[rows]], fontsize=6)
        figure.colorbar(image, ax=axes, pad=0.01, aspect=12)
    last = np.atleast_1d(all_axes)[-1]
    change = np.abs(np.diff(cell.states, axis=0, prepend=cell.states[:1])).mean(axis=1)
    _label_words(last, inspection, change)
    return figure


def draw_memory(inspection: "Inspection") -> Any:
    """Draw how much of each word's effect is left at the end of the text, on a logarithmic scale."""
    figure, axes = _build_figure(inspection, 3.2)
    steps = np.arange(len(inspection.tokens))
    for (dashes, _), cell in zip(CELL_STYLES * len(inspection.cells), inspection.cells, strict=False):
        name = f" ({inspection.name_cell(cell)})" if len(inspection.cells) > 1 else ""
        curves = [("Jacobian", cell.jacobian, POSITIVE)]
        if cell.kept is not None:
            curves.append((f"product of {cell.keeping_gate} gates", cell.kept, NEGATIVE))
        for label, values, colour in curves:
            axes.plot(steps, np.maximum(values, SMALLEST_SHOWN), dashes, color=colour, lw=1.6, label=label + name)
    axes.axhline(0.5, color=get_ink(), alpha=FAINT, lw=1, ls=":")
    axes.set(yscale="log", ylim=(SMALLEST_SHOWN, 2), ylabel="left at the end")
    axes.legend(frameon=False, fontsize="small")
    tidy(axes)
    weights = np.abs(inspection.contributions.integrated_gradients)
    _label_words(axes, inspection, weights, inspection.contributions.integrated_gradients)
    return figure


def draw_gradients(curves: Mapping[str, "GradientCurve"]) -> Any:
    """Draw two gradients by distance from the last word: that of the loss, and that of the recurrence alone."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    colours = (POSITIVE, NEGATIVE, NEUTRAL, "#4d9221")
    titles = (("loss", "‖∂L/∂h_t‖ relative to the last word"), ("recurrence", "‖∂h_T/∂h_t‖ / √U: recurrence alone"))
    for axes, (name, title) in zip(figure.subplots(1, 2, sharey=True), titles, strict=True):
        for number, (run, curve) in enumerate(curves.items()):
            dashes, marker = CELL_STYLES[number % len(CELL_STYLES)]
            values = np.maximum(getattr(curve, name), SMALLEST_GRADIENT)
            axes.plot(
                values,
                dashes,
                color=colours[number % len(colours)],
                marker=marker,
                markevery=max(1, len(values) // 8),
                ms=4,
                lw=1.6,
                label=label_run(f"{run} ({curve.cell})"),
            )
        axes.set(yscale="log", xlabel="words before the last word", title=title)
        axes.invert_xaxis()
        tidy(axes)
    for text in figure.axes[0].legend(frameon=False, fontsize="small").get_texts():
        text.set_parse_math(False)  # a name may contain $
    return figure


def _build_figure(inspection: "Inspection", height: float, panels: int = 1) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    short = len(inspection.tokens) <= MOST_AXIS_LABELS
    width = max(6.0, 1.8 + 0.2 * len(inspection.tokens)) if short else LONG_WIDTH
    figure = Figure(figsize=(width, height + 0.8), layout="constrained")
    return figure, figure.subplots(panels, 1, sharex=True)


def _label_words(axes: Any, inspection: "Inspection", weights: NDArray[Any], signs: NDArray[Any] | None = None) -> None:
    """Label the x axis with all words of a short text, or with the words of a long text that have large weights."""
    steps = list(range(len(inspection.tokens)))
    if len(inspection.tokens) > MOST_AXIS_LABELS:
        steps = sorted(_space_out(np.argsort(-weights, kind="stable"), len(inspection.tokens) / 60)[:MOST_NAMES])
    names = [name_token(inspection.tokens[step]) for step in steps]
    axes.set_xticks(steps, names, rotation=60, ha="right", rotation_mode="anchor", fontsize=9, parse_math=False)
    for label, step in zip(axes.get_xticklabels(), steps, strict=True):
        if signs is not None and len(inspection.tokens) > MOST_AXIS_LABELS:
            label.set_color(POSITIVE if signs[step] > 0 else NEGATIVE)
    axes.set_xlim(-0.6, len(inspection.tokens) - 0.4)
    label_backward(axes, inspection.direction)


def _space_out(order: NDArray[Any], gap: float) -> list[int]:
    """Return the timesteps in the given order, but skip each timestep closer than `gap` to one already kept."""
    kept: list[int] = []
    for step in order:
        if all(abs(int(step) - other) >= gap for other in kept):
            kept.append(int(step))
    return kept


def _build_scale() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("probability", [NEGATIVE, "#f4f4f4", POSITIVE])
