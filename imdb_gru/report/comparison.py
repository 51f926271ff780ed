"""Own the pictures of a comparison: accuracy by model, by words read, and by seconds of training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from imdb_gru.errors import ImdbGruError
from imdb_gru.report.plot import SUFFIXES
from imdb_gru.report.timesteps import COLOURS
from imdb_gru.run import write_atomically

SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Eight for seven colours, so that a colour comes back with another shape."""
DASHES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
SIZE = (6.4, 4.2)


def plot_comparison(folder: Path, figures: Mapping[str, Any]) -> None:
    """Draw a comparison's figures into a folder, each as .png and .svg; raises `ImdbGruError` where that fails."""
    models = figures["models"]
    pictures = {"accuracy": _draw_models, "accuracy_by_seconds": _draw_seconds}
    if any(model["accuracy_by_timestep"] for model in models):
        pictures["accuracy_by_timestep"] = _draw_curves
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImdbGruError(f"cannot make {folder}: {error.strerror}; name another folder with --plots") from error
    for name, draw in pictures.items():
        figure, axes = _open_figure()
        draw(axes, models)
        axes.set_title(f"{figures['n']:,} reviews, split {figures['split']}", loc="left", fontsize="medium")
        for suffix in SUFFIXES:
            save_figure(figure, folder / f"{name}{suffix}")


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure as its suffix says, the same figure always as the same bytes."""
    import matplotlib

    kind = path.suffix.lower()[1:]
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.hashsalt"] = "imdb-gru"
        try:
            with write_atomically(path) as temporary:
                figure.savefig(temporary, format=kind, dpi=150, metadata=metadata)
        except OSError as error:
            raise ImdbGruError(f"cannot draw {path}: {error.strerror or error}; name another folder") from error


def _open_figure() -> tuple[Any, Any]:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    return figure, axes


def _choose_style(number: int, count: int) -> dict[str, Any]:
    """Return the colour and the shape of a model out of `count`; colours are as far apart as so many can be."""
    shades = min(count, len(COLOURS))
    shade = round(number % shades * (len(COLOURS) - 1) / max(1, shades - 1))
    return {"color": COLOURS[shade], "marker": SHAPES[number % len(SHAPES)]}


def _draw_models(axes: Any, models: Sequence[Mapping[str, Any]]) -> None:
    """Draw each model's mean with its interval, and beside it every seed."""
    for number, model in enumerate(models):
        style = _choose_style(number, len(models))
        mean = 100 * model["accuracy"]
        low, high = (100 * edge for edge in model["accuracy_interval"])
        axes.errorbar(number, mean, yerr=[[mean - low], [high - mean]], capsize=5, ms=8, lw=1.5, **style)
        seeds = [100 * run["accuracy"] for run in model["runs"]]
        axes.plot([number + 0.2] * len(seeds), seeds, ls="", ms=4, alpha=0.7, **style)
    axes.set_xticks(range(len(models)), [model["model"] for model in models], parse_math=False)
    axes.set(
        xlim=(-0.5, len(models) - 0.5), ylabel="accuracy, %", xlabel="mean with its 95 % interval; beside it, seeds"
    )


def _draw_curves(axes: Any, models: Sequence[Mapping[str, Any]]) -> None:
    for number, model in enumerate(models):
        if curve := model["accuracy_by_timestep"]:
            steps = [row["timestep"] for row in curve]
            accuracies = [100 * row["accuracy"] for row in curve]
            axes.plot(
                steps,
                accuracies,
                ls=DASHES[number % len(DASHES)],
                label=model["model"],
                **_choose_style(number, len(models)),
            )
    axes.set(xlabel="words read", ylabel="accuracy, %")
    _add_legend(axes)


def _draw_seconds(axes: Any, models: Sequence[Mapping[str, Any]]) -> None:
    for number, model in enumerate(models):
        seconds = [run["seconds"] for run in model["runs"]]
        accuracies = [100 * run["accuracy"] for run in model["runs"]]
        axes.plot(seconds, accuracies, ls="", ms=7, label=model["model"], **_choose_style(number, len(models)))
    # A fit on a handful of reviews takes no time that a logarithm could show.
    if all(run["seconds"] > 0 for model in models for run in model["runs"]):
        _scale_by_logarithm(axes)
    axes.set(xlabel="seconds of training, all epochs", ylabel="accuracy, %")
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
