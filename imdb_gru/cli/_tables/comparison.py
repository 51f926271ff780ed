"""Tables for a comparison."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._tables.table import Column, Table, print_line
from imdb_gru.system.frames import Record, flatten, split_intervals

if TYPE_CHECKING:
    from imdb_gru.comparison.results import ComparedModel, ComparedPair, ComparedRun, Comparison, SeedTest

LONGEST_FIGURE = len("100.00%")
PATH_END = 20
"""In a narrow table, longer paths are shortened to this many characters by cutting off the beginning."""
MODELS = (
    Column("model", cut_to=PATH_END), Column("engine", drop=6), Column("seeds"), Column("parameters", "params", drop=5),
    Column("s per epoch", drop=4), Column("total s", drop=3), Column("compile s", drop=1), Column("peak MB", drop=2),
    Column("accuracy", width=15), Column("95 % interval", width=16), Column("log loss"), Column("ece", drop=7),
)  # fmt: skip
RUNS = (
    Column("model", cut_to=PATH_END), Column("run", cut_to=PATH_END), Column("engine"), Column("seed"),
    Column("accuracy"), Column("95 % interval", width=16), Column("log loss"), Column("ece"),
)  # fmt: skip
PAIRS = (
    Column("first", cut_to=PATH_END), Column("second", cut_to=PATH_END), Column("difference"),
    Column("95 % interval", width=16, drop=2), Column("only first correct", "only first", drop=3),
    Column("only second correct", "only second", drop=4), Column("McNemar's p", width=7),
    Column("p over seeds", drop=1),
)  # fmt: skip
SEED = "train.seed"


def print_comparison(comparison: "Comparison") -> None:
    """Print the models, the pairs of models, the accuracy by number of words read, and the verdict."""
    for table in build_comparison_tables(comparison):
        if table.name == "runs":
            continue  # the table of the models contains the means of their runs
        table.print()
        click.echo()
        if table.name == "models":
            for line in list_notes(comparison):
                print_line(line)
            click.echo()
    print_line(comparison.verdict)


def list_notes(comparison: "Comparison") -> list[str]:
    """Return a description of each model and, if the models' costs cannot be compared, the reason why."""
    caveat = [comparison.caveat] if comparison.caveat else []
    return [*(f"{model.model}: {model.description}" for model in comparison.models), *caveat]


def build_comparison_tables(comparison: "Comparison") -> list[Table]:
    """Build the tables of a comparison: models, runs, config keys that differ, pairs, and accuracy by words read."""
    title = f"{comparison.split}, {comparison.n} reviews"
    models = comparison.models
    tables = [
        Table("models", [_describe_model(model) for model in models], MODELS, list(map(_record_model, models)), title),
        Table(
            "runs",
            [_describe_run(model, run) for model in models for run in model.runs],
            RUNS,
            comparison.list_runs(),
            title,
        ),
    ]
    if settings := _compare_settings(models):
        columns = [Column("key"), *(Column(model.model) for model in models)]
        rows = [tuple(map(str, record.values())) for record in settings]
        tables.append(Table("settings", rows, columns, settings, "config keys that differ"))
    if comparison.pairs:
        rows = [_describe_pair(pair) for pair in comparison.pairs]
        tables.append(Table("pairs", rows, PAIRS, list(_iter_tests(comparison.pairs)), _title_pairs(comparison.pairs)))
    curves = {model.model: model.accuracy_by_timestep for model in models if model.accuracy_by_timestep}
    if curves:
        columns = [Column("words read"), *(Column(model, longest_word=LONGEST_FIGURE) for model in curves)]
        accuracies = {name: {row.timestep: row.accuracy for row in curve} for name, curve in curves.items()}
        joined = _join_curves(accuracies)
        rows = [(str(record["words_read"]), *(_show(record[name], ".2%") for name in accuracies)) for record in joined]
        tables.append(Table("accuracy_by_timestep", rows, columns, joined, "accuracy by words read"))
    return tables


def _describe_model(model: "ComparedModel") -> tuple[str, ...]:
    spread = model.accuracy_spread
    return (
        model.model,
        model.engine or "-",
        _list_seeds(model, ", "),
        _show(model.parameters, ",d"),
        _show(model.seconds_per_epoch, ".1f"),
        _show(model.seconds, ".1f"),
        _show(model.compile_seconds, ".1f"),
        _show(model.peak_memory_mb, ",.0f"),
        f"{model.accuracy:.2%}" + ("" if spread is None else f" ± {spread:.2%}"),
        _show_interval(model.accuracy_interval),
        f"{model.log_loss:.4f}",
        f"{model.ece:.4f}",
    )


def _record_model(model: "ComparedModel") -> Record:
    left_out = ("accuracy_by_timestep", "runs")
    figures = {name: value for name, value in vars(model).items() if name not in left_out}
    return split_intervals({**figures, "seeds": _list_seeds(model, " ")})


def _list_seeds(model: "ComparedModel", separator: str) -> str:
    return separator.join(str(run.seed) for run in model.runs)


def _describe_run(model: "ComparedModel", run: "ComparedRun") -> tuple[str, ...]:
    return (
        model.model,
        run.run,
        run.engine or "-",
        str(run.seed),
        f"{run.accuracy:.2%}",
        _show_interval(run.accuracy_interval),
        f"{run.log_loss:.4f}",
        f"{run.ece:.4f}",
    )


def _show(figure: float | None, layout: str) -> str:
    return "-" if figure is None else f"{figure:{layout}}"


def _show_interval(interval: tuple[float, float], sign: str = "") -> str:
    low, high = interval
    return f"{low:{sign}.2%} to {high:{sign}.2%}"


def _title_pairs(pairs: Sequence["ComparedPair"]) -> str:
    corrected = f", p corrected for {len(pairs)} pairs (Holm)" if len(pairs) > 1 else ""
    seeds = list(dict.fromkeys(str(test.seeds[0]) for pair in pairs for test in pair.seeds))
    several = f"seeds {', '.join(seeds)}, and a paired t-test over seeds" if len(seeds) > 1 else f"seed {seeds[0]}"
    return f"McNemar's exact test, {several}{corrected}"


def _describe_pair(pair: "ComparedPair") -> tuple[str, ...]:
    return (
        *pair.models,
        f"{pair.difference:+.2%}",
        _show_interval(pair.difference_interval, "+"),
        ", ".join(str(test.only_first_right) for test in pair.seeds),
        ", ".join(str(test.only_second_right) for test in pair.seeds),
        ", ".join(_show_p_value(test.p_adjusted) for test in pair.seeds),
        _show_p_value(pair.p_adjusted),
    )


def _show_p_value(p_value: float | None) -> str:
    return "-" if p_value is None else "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _iter_tests(pairs: Sequence["ComparedPair"]) -> Iterator[Record]:
    """For each pair of models, yield one record for each seed."""
    for pair in pairs:
        over_seeds = {
            "difference": pair.difference,
            "difference_interval": pair.difference_interval,
            "p_value_over_seeds": pair.p_value,
            "p_adjusted_over_seeds": pair.p_adjusted,
        }
        first, second = pair.models
        for test in pair.seeds:
            yield split_intervals({"first": first, "second": second, **_record_test(test), **over_seeds})


def _record_test(test: "SeedTest") -> dict[str, Any]:
    first, second = test.seeds
    figures = {name: value for name, value in vars(test).items() if name != "seeds"}
    return {"first_seed": first, "second_seed": second, **figures}


def _join_curves(curves: Mapping[str, Mapping[int, float]]) -> list[dict[str, Any]]:
    timesteps = sorted({timestep for curve in curves.values() for timestep in curve})
    return [
        {"words_read": timestep, **{name: curve.get(timestep) for name, curve in curves.items()}}
        for timestep in timesteps
    ]


def _compare_settings(models: Sequence["ComparedModel"]) -> list[dict[str, Any]]:
    """Return rows for the config keys (except the seed) that differ between networks; [] if only the cells differ."""
    networks = [model for model in models if model.runs[0].C is None]
    flat = {model.model: dict(flatten(model.runs[0].config)) for model in networks}
    keys = dict.fromkeys(key for values in flat.values() for key in values)
    rows = []
    for key in keys:
        values = {name: config.get(key) for name, config in flat.items()}
        if key != SEED and any(value != next(iter(values.values())) for value in values.values()):
            rows.append({"key": key, **{model.model: values.get(model.model, "-") for model in models}})
    return [] if [row["key"] for row in rows] == ["model.cell"] else rows
