"""Options and output of the commands train and pretrain."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import FOLDER_PATH, PATH, config_options, data_options, json_option
from imdb_gru.cli._tables.training import print_plan, print_run

if TYPE_CHECKING:
    from imdb_gru.runs.run import Run


def training_options(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Build a decorator that adds the options of a command that trains; `default` is the name of its default config."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            json_option,
            click.option(
                "--dry-run",
                is_flag=True,
                help="Show the data, model, memory and config of the training, without training.",
            ),
            click.option("--overwrite", is_flag=True, help="Replace the run in the folder --run."),
            click.option("--resume", type=FOLDER_PATH, metavar="DIR", help="Resume the stopped run in this folder."),
            click.option(
                "--run",
                "run_path",
                type=PATH,
                metavar="DIR",
                help="The folder to write the run to [default: a new folder under runs/].",
            ),
            data_options,
            config_options(default),
        ):
            command = option(command)
        return command

    return add


def check_training_options(resume: Path | None, run_path: Path | None, overwrite: bool, *others: object) -> None:
    """Raise `click.UsageError` for options that exclude each other."""
    if resume and any((run_path, overwrite, *others)):
        raise click.UsageError(
            "--resume uses the run's own config: omit --run, --overwrite, --config, --set and --dry-run"
        )
    if overwrite and not run_path:
        raise click.UsageError("--overwrite needs --run: give the run to replace with --run DIR")


def show_run(run: "Run", printer: EventPrinter, *, as_json: bool) -> None:
    """Print the figures of a trained run; if a signal stopped the training, exit with its exit code."""
    if as_json:
        click.echo(json.dumps({"run": str(run), **run.load_metrics().to_dict()}))
    else:
        print_run(run)
    if printer.stopped:
        raise click.exceptions.Exit(printer.stopped.exit_code)


def show_plan(config: str, *, as_json: bool, **options: Any) -> None:
    """Plan a training, and print what it would do."""
    import imdb_gru

    plan = imdb_gru.plan(config, **options)
    if as_json:
        click.echo(json.dumps(plan.to_dict()))
    else:
        print_plan(plan)
