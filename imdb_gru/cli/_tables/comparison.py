"""Tables for a comparison."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._tables.table import Column, print_line, print_table

if TYPE_CHECKING:
    from imdb_gru.comparison.results import ComparedModel, ComparedPair, Comparison
    from imdb_gru.models.metrics import TimestepScores

LONGEST_FIGURE = len("100.00%")
PATH_END = 20
"""Number of characters that a narrow table keeps from the end of a model's name (the path of its run)."""
MODELS = (
    Column("model", cut_to=PATH_END), Column("seeds"), Column("parameters", "params", drop=5),
    Column("s per epoch", drop=3), Column("total s", drop=2), Column("peak MB", drop=1),
    Column("accuracy", width=15), Column("95 % interval", width=16), Column("log loss"), Column("ece", drop=4),
)  # fmt: skip
PAIRS = (
    Column("first", cut_to=PATH_END), Column("second", cut_to=PATH_END),
    Column("only first correct"), Column("only second correct"), Column("p"),
)  # fmt: skip


def print_comparison(comparison: "Comparison") -> None:
    """Print the models, the pairs of models, the accuracy by number of words read, and the verdict."""
    models = comparison.models
    print_table([_describe_model(model) for model in models], MODELS, f"{comparison.split}, {comparison.n} reviews")
    click.echo()
    # Only the first seed of each pair is listed.
    pairs = {pair.models: pair for pair in reversed(comparison.pairs)}
    rows = [_describe_pair(pairs[pair.models]) for pair in comparison.pairs if pair in pairs.values()]
    print_table(rows, PAIRS, f"McNemar's exact test, seed {comparison.pairs[0].seeds[0]}")
    curves = {model.model: model.accuracy_by_timestep for model in models if model.accuracy_by_timestep}
    if curves:
        click.echo()
        columns = [Column("words read"), *(Column(model, longest_word=LONGEST_FIGURE) for model in curves)]
        print_table(_join_curves(list(curves.values())), columns, "accuracy by words read")
    click.echo()
    print_line(comparison.verdict)


def _describe_model(model: "ComparedModel") -> tuple[str, ...]:
    low, high = model.accuracy_interval
    spread = model.accuracy_spread
    return (
        model.model,
        ", ".join(str(run.seed) for run in model.runs),
        _show(model.parameters, ",d"),
        _show(model.seconds_per_epoch, ".1f"),
        _show(model.seconds, ".1f"),
        _show(model.peak_memory_mb, ",.0f"),
        f"{model.accuracy:.2%}" + ("" if spread is None else f" ± {spread:.2%}"),
        f"{low:.2%} to {high:.2%}",
        f"{model.log_loss:.4f}",
        f"{model.ece:.4f}",
    )


def _show(figure: float | None, layout: str) -> str:
    return "-" if figure is None else f"{figure:{layout}}"


def _describe_pair(pair: "ComparedPair") -> tuple[str, ...]:
    p_value = "< 0.001" if pair.p_value < 0.001 else f"{pair.p_value:.3f}"
    return (*pair.models, str(pair.only_first_right), str(pair.only_second_right), p_value)


def _join_curves(curves: Sequence[Sequence["TimestepScores"]]) -> list[tuple[str, ...]]:
    tables = [{row.timestep: f"{row.accuracy:.2%}" for row in curve} for curve in curves]
    timesteps = sorted(set().union(*tables))
    return [(str(timestep), *(table.get(timestep, "-") for table in tables)) for timestep in timesteps]
