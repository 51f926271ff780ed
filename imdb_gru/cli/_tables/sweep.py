"""Tables for a sweep; in a terminal, a table of the trials is updated live."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._messages import EventPrinter, say
from imdb_gru.cli._tables.comparison import build_comparison_tables
from imdb_gru.cli._tables.table import Column, Table, fit_table, print_line, print_table
from imdb_gru.system.frames import Record

if TYPE_CHECKING:
    from imdb_gru.config.sweep import Dimension, SweepConfig
    from imdb_gru.events import Event
    from imdb_gru.sweep.outcome import Outcome

FRAME = 4
"""Number of terminal lines that are not available for the rows of the live table."""
# Not just "epochs", because train.epochs may be a column too.
FIGURES = (Column("state"), Column("accuracy"), Column("log loss"), Column("epochs done", "done"), Column("seconds"))
FINALISTS = (
    Column("trial"), Column("seeds"), Column("mean accuracy", width=15), Column("mean log loss"),
    Column("accuracy by seed"),
)  # fmt: skip


class SweepPrinter(EventPrinter):
    """An observer that prints the events of a sweep and, in a terminal, shows a live table of the trials."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__()
        self.live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)

    def __call__(self, event: "Event") -> None:
        """Print an event or, if it reports a change in a trial, update the live table."""
        from imdb_gru.sweep.outcome import TrialChanged

        if not isinstance(event, TrialChanged):
            self.live.stop()
            super().__call__(event)
        elif self.live.console.is_terminal:
            self.live.start()
            self._draw(event.outcome, event.trials)
        else:
            _say_end(event.outcome)

    def _draw(self, latest: "Outcome", trials: "Sequence[Outcome]") -> None:
        console = self.live.console
        shown = [latest, *(trial for trial in trials if trial.run != latest.run)]
        shown.sort(key=lambda trial: trial.state != "running")
        keys = list(latest.values)
        rows = [
            (trial.run.removeprefix("trial-"), *_describe(vars(trial), keys))
            for trial in shown[: max(1, console.height - FRAME)]
        ]
        columns = (Column("trial"), *FIGURES, *_name_keys(keys))
        self.live.update(fit_table(rows, columns, console.width), refresh=True)


def _name_keys(keys: Sequence[str]) -> list[Column]:
    """Return a column for each key; if the table is too wide, the column of the last key is omitted first."""
    return [Column(name, drop=len(keys) - index) for index, name in enumerate(shorten_keys(keys))]


def _describe(trial: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    return [
        trial["state"],
        "-" if trial["accuracy"] is None else f"{trial['accuracy']:.2%}",
        "-" if trial["loss"] is None else f"{trial['loss']:.4f}",
        str(trial["epochs"]),
        f"{trial['seconds']:.1f}",
        *(show(trial["values"][key]) for key in keys),
    ]


def _say_end(outcome: "Outcome") -> None:
    if outcome.state == "failed":
        say(f"{outcome.run} failed: {outcome.reason}")
    elif outcome.state in ("finished", "stopped early"):
        values = ", ".join(f"{key} {show(value)}" for key, value in outcome.values.items())
        state, accuracy, loss, epochs, seconds = _describe(vars(outcome), ())
        say(f"{outcome.run} {state}: accuracy {accuracy}, log loss {loss}, epochs {epochs}, {seconds} s ({values})")


def build_sweep_tables(figures: Mapping[str, Any]) -> list[Table]:
    """Build the tables of a sweep: its finalists, its trials, and the comparison of the finalists, if there is one."""
    keys = list(figures["space"])
    rows = [
        (str(rank), str(trial["trial"]), *_describe(trial, keys)) for rank, trial in enumerate(figures["trials"], 1)
    ]
    columns = (Column("rank"), Column("trial"), *FIGURES, *_name_keys(keys))
    finalists = [_describe_finalist(finalist) for finalist in figures["finalists"]]
    comparison = figures.get("comparison")
    return [
        Table("finalists", finalists, FINALISTS, list(map(_record_finalist, figures["finalists"])), "finalists"),
        Table(
            "trials",
            rows,
            columns,
            [_spread_values(trial) for trial in figures["trials"]],
            "trials, by validation " + figures["metric"],
        ),
        *(build_comparison_tables(comparison) if comparison else []),
    ]


def print_sweep(figures: Mapping[str, Any]) -> None:
    """Print the trials (best first), the finalists, and the command that trains a model with the best config."""
    tables = {table.name: table for table in build_sweep_tables(figures)}
    tables["trials"].print()
    failed = [(str(trial["trial"]), trial["reason"]) for trial in figures["trials"] if trial["reason"]]
    if failed:
        click.echo()
        print_table(failed, ("trial", "failed"))
    click.echo()
    tables["finalists"].print()
    if "pairs" in tables:
        click.echo()
        tables["pairs"].print()
    click.echo()
    print_line(describe_result(figures))
    if "config" in figures:
        print_line(f"train a model with the best config: imdb-gru train --config {figures['config']}")


def dump_sweep(figures: Mapping[str, Any]) -> str:
    """Return all results of a sweep as JSON."""
    comparison = figures.get("comparison")
    return json.dumps({**figures, "comparison": comparison and comparison.to_dict()})


def _spread_values(trial: Mapping[str, Any]) -> Record:
    """Return a trial as a flat record, in which each key of the sweep is a column."""
    return {**{name: value for name, value in trial.items() if name != "values"}, **trial["values"]}


def _record_finalist(finalist: Mapping[str, Any]) -> Record:
    figures = {name: value for name, value in finalist.items() if name != "runs"}
    return _spread_values({**figures, "seeds": " ".join(str(run["seed"]) for run in finalist["runs"])})


def show_sweep_plan(config: "SweepConfig", folder: Path, *, as_json: bool) -> None:
    """Print the search space, the budget and the base config of a sweep, without running it."""
    from imdb_gru.system.wording import count_noun

    base = config.build_trial({})
    if as_json:
        click.echo(json.dumps({"sweep": str(folder), **config.model_dump(), "base": base.model_dump()}))
        return
    values = config.read_values(base)
    rows = [(key, describe_dimension(dimension), show(values[key])) for key, dimension in config.space.items()]
    print_table(rows, ("key", "values", "base"), "space")
    click.echo()
    limits = [count_noun(config.trials, "trial")] if config.trials else []
    limits += [f"{config.minutes:g} minutes"] if config.minutes else []
    asha, finalists = config.asha, config.finalists
    print_table(
        [
            ("search", config.search),
            ("budget", " or ".join(limits)),
            ("metric", f"validation {config.metric}"),
            ("early stopping", f"after epoch {asha.grace}, keeps 1 of {asha.reduction} trials" if asha else "-"),
            ("finalists", f"{finalists.count}, each with {finalists.seeds} seeds" if finalists else "-"),
            ("into", str(folder)),
        ]
    )
    click.echo("\n" + base.to_yaml(), nl=False)


def describe_result(figures: Mapping[str, Any]) -> str:
    """Describe the best trial and its improvement over the base config."""
    best, base = figures["best"], figures["base"]
    values = ", ".join(f"{key} {show(value)}" for key, value in best["values"].items())
    if base is None:
        return f"best: trial {best['trial']} ({values}); the base, trial 0, has no result"
    if best["trial"] == base["trial"]:
        return f"best: the unchanged base, trial 0 ({values})"
    gain, change = 100 * (best["accuracy"] - base["accuracy"]), best["loss"] - base["loss"]
    difference = f"{gain:+.2f} percentage points of accuracy and {change:+.4f} of log loss compared with the base"
    return f"best: trial {best['trial']} ({values}), {difference}"


def _describe_finalist(finalist: Mapping[str, Any]) -> tuple[str, ...]:
    spread, runs = finalist["accuracy_spread"], finalist["runs"]
    return (
        str(finalist["trial"]),
        ", ".join(str(run["seed"]) for run in runs) + (f" ({finalist['failed']} failed)" if finalist["failed"] else ""),
        f"{finalist['accuracy']:.2%}" + ("" if spread is None else f" ± {spread:.2%}"),
        f"{finalist['loss']:.4f}",
        ", ".join(f"{run['accuracy']:.2%}" for run in runs),
    )


def describe_dimension(dimension: "Dimension") -> str:
    """Describe the values that a key can take."""
    if dimension.choice:
        return ", ".join(map(show, dimension.choice))
    low, high = map(show, dimension.bounds)
    return f"{low} to {high}" + (", on a log scale" if dimension.log_range else "")


def shorten_keys(keys: Sequence[str]) -> list[str]:
    """Return the last part of each dotted key, or the whole key if another key has the same last part."""
    last = [key.rpartition(".")[2] for key in keys]
    return [short if last.count(short) == 1 else key for key, short in zip(keys, last, strict=True)]


def show(value: Any) -> str:
    """Format a key's value for a table."""
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return "+".join(map(str, value)) or "[]"
    return value if isinstance(value, str) else json.dumps(value)
