"""Own how a comparison is shown to a person."""

from typing import Any

import click

from imdb_gru.cli.options import print_table


def print_comparison(figures: dict[str, Any]) -> None:
    """Print the models, the pairs of them, their accuracy by words read, and the verdict."""
    models = figures["models"]
    columns = (
        "model", "seeds", "parameters", "s an epoch", "s in all", "peak MB", "accuracy", "95 % interval", "log loss",
        "ece",
    )  # fmt: skip
    print_table([_describe_model(model) for model in models], columns, f"{figures['split']}, {figures['n']} reviews")
    click.echo()
    # A pair of models stands once, with its first seed.
    pairs = {tuple(pair["models"]): pair for pair in reversed(figures["pairs"])}
    rows = [_describe_pair(pairs[tuple(pair["models"])]) for pair in figures["pairs"] if pair in pairs.values()]
    print_table(
        rows,
        ("first", "second", "only first right", "only second right", "p"),
        f"McNemar's exact test, seed {figures['pairs'][0]['seeds'][0]}",
    )
    curves = {model["model"]: model["accuracy_by_timestep"] for model in models if model["accuracy_by_timestep"]}
    if curves:
        click.echo()
        print_table(_join_curves(list(curves.values())), ("words read", *curves), "accuracy by words read")
    from imdb_gru.text.neutral import neutralise

    click.echo(f"\n{neutralise(figures['verdict'])}")


def _describe_model(model: dict[str, Any]) -> tuple[str, ...]:
    low, high = model["accuracy_interval"]
    spread = model["accuracy_spread"]
    return (
        model["model"],
        ", ".join(str(run["seed"]) for run in model["runs"]),
        _format(model["parameters"], ",.0f"),
        _format(model["seconds_per_epoch"], ".1f"),
        _format(model["seconds"], ".1f"),
        _format(model["peak_memory_mb"], ",.0f"),
        f"{model['accuracy']:.2%}" + ("" if spread is None else f" ± {spread:.2%}"),
        f"{low:.2%} to {high:.2%}",
        f"{model['log_loss']:.4f}",
        f"{model['ece']:.4f}",
    )


def _format(value: float | None, layout: str) -> str:
    """Write a figure, or a dash if the run did not record it."""
    return "-" if value is None else format(value, layout)


def _describe_pair(pair: dict[str, Any]) -> tuple[str, ...]:
    p_value = "< 0.001" if pair["p_value"] < 0.001 else f"{pair['p_value']:.3f}"
    return (*pair["models"], str(pair["only_first_right"]), str(pair["only_second_right"]), p_value)


def _join_curves(curves: list[list[dict[str, float]]]) -> list[tuple[str, ...]]:
    tables = [{int(row["timestep"]): f"{row['accuracy']:.2%}" for row in curve} for curve in curves]
    timesteps = sorted(set().union(*tables))
    return [(str(timestep), *(table.get(timestep, "-") for table in tables)) for timestep in timesteps]
