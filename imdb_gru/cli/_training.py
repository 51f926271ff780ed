"""What the commands that train have in common: their options, and how events and results are shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._options import FOLDER_PATH, PATH, config_options, data_options, json_option, print_table, say

if TYPE_CHECKING:
    from imdb_gru.events import Event
    from imdb_gru.runs.run import Run
    from imdb_gru.tasks.training import Plan


def training_options(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Build a decorator that adds all options of a command that trains, given the name of its default config."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            json_option,
            click.option("--dry-run", is_flag=True, help="Show data, model, memory and config; train nothing."),
            click.option("--overwrite", is_flag=True, help="Replace the run at --run."),
            click.option("--resume", type=FOLDER_PATH, metavar="DIR", help="Resume a run that was stopped."),
            click.option("--run", "run_path", type=PATH, metavar="DIR", help="Where to write the run."),
            data_options,
            config_options(default),
        ):
            command = option(command)
        return command

    return add


def check_training_options(resume: Path | None, run_path: Path | None, overwrite: bool, *others: object) -> None:
    """Raise `click.UsageError` for options that exclude each other."""
    if resume and any((run_path, overwrite, *others)):
        raise click.UsageError("--resume continues with the run's own config: use it without the other options")
    if overwrite and not run_path:
        raise click.UsageError("--overwrite replaces the run at --run: say which")


class Narrator:
    """Tells a person what happens, and remembers whether the training was stopped."""

    def __init__(self) -> None:
        self.stopped: Event | None = None

    def __call__(self, event: "Event") -> None:
        """Tell of an event."""
        from imdb_gru.events import Stopped

        for line in str(event).splitlines():
            say(line)
        if isinstance(event, Stopped):
            self.stopped = event


def show_run(run: "Run", narrator: Narrator, *, as_json: bool) -> None:
    """Print the figures of a trained run; exit with the code of the signal that stopped it, if one did."""
    from imdb_gru.events import Stopped

    metrics = run.load_metrics()
    if as_json:
        click.echo(json.dumps({"run": str(run), **metrics.to_dict()}))
    else:
        best = metrics.best
        rows = [("best epoch", f"{best.epoch} of {metrics.epochs}")]
        if best.validation_perplexity is not None:
            rows.append(("validation perplexity", f"{best.validation_perplexity:.1f}"))
        if best.validation_accuracy is not None:
            rows.append(("validation accuracy", f"{best.validation_accuracy:.2%}"))
        if best.validation_loss is not None:
            rows.append(("validation loss", f"{best.validation_loss:.4f}"))
        print_table([*rows, ("training", f"{metrics.seconds:.0f} s"), ("run", str(run))])
    if isinstance(narrator.stopped, Stopped):
        raise click.exceptions.Exit(narrator.stopped.exit_code)


def show_plan(plan: "Plan", *, as_json: bool) -> None:
    """Print what a training would do."""
    if as_json:
        click.echo(json.dumps(plan.to_dict()))
        return
    from imdb_gru.events import EngineChosen

    figures = [(name, "-" if value is None else str(value)) for name, value in plan.data.to_dict().items()]
    print_table([(name.replace("_", " "), value) for name, value in figures], title="data")
    click.echo(f"\nmodel\n{plan.summary}")
    click.echo(f"parameters: {plan.parameters:,}; memory in training: about {plan.memory_bytes / 2**20:,.0f} MiB")
    click.echo(f"{EngineChosen(plan.engine, plan.reason, plan.precision)}\n")
    click.echo(plan.config.to_yaml(), nl=False)
