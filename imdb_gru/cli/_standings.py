"""The tables that show a comparison to a person."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._options import print_table

if TYPE_CHECKING:
    from imdb_gru.comparison.results import ComparedModel, ComparedPair, Comparison
    from imdb_gru.models.metrics import TimestepScores


def print_comparison(comparison: "Comparison") -> None:
    """Print the models, the pairs of them, their accuracy by words read, and the verdict."""
    models = comparison.models
    columns = (
        "model", "seeds", "parameters", "s an epoch", "s in all", "peak MB", "accuracy", "95 % interval", "log loss",
        "ece",
    )  # fmt: skip
    print_table([_describe_model(model) for model in models], columns, f"{comparison.split}, {comparison.n} reviews")
    click.echo()
    # A pair of models is listed once, with its first seed.
    pairs = {pair.models: pair for pair in reversed(comparison.pairs)}
    rows = [_describe_pair(pairs[pair.models]) for pair in comparison.pairs if pair in pairs.values()]
    print_table(
        rows,
        ("first", "second", "only first correct", "only second correct", "p"),
        f"McNemar's exact test, seed {comparison.pairs[0].seeds[0]}",
    )
    curves = {model.model: model.accuracy_by_timestep for model in models if model.accuracy_by_timestep}
    if curves:
        click.echo()
        print_table(_join_curves(list(curves.values())), ("words read", *curves), "accuracy by words read")
    from imdb_gru.system.escaping import neutralise

    click.echo(f"\n{neutralise(comparison.verdict)}")


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
