"""Options and output of the `train` and `pretrain` commands."""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._data_options import data_options
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import FOLDER_PATH, PATH, config_options, json_option
from imdb_gru.cli._tables.training import print_plan, print_run

if TYPE_CHECKING:
    from imdb_gru.config import Config, DataConfig, NextWordConfig
    from imdb_gru.runs.run import Run
    from imdb_gru.tasks.training import Plan


@dataclass(frozen=True)
class TrainingOptions:
    """The options that the user gave to a training command."""

    config: str
    """The path or name of the config; the command's default config if the user gave none."""
    overrides: dict[str, Any]
    data: "DataConfig | None"
    run_path: Path | None
    resume: Path | None
    overwrite: bool
    dry_run: bool
    as_json: bool


def training_options(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Build a decorator that adds the options of a training command; `default` is the name of its default config.

    The command receives these options as one `TrainingOptions`, and its own options as separate arguments.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def check_and_call(config_path: str | None, as_json: bool, **values: Any) -> Any:
            names = [field.name for field in fields(TrainingOptions) if field.name in values]
            options = TrainingOptions(
                config=config_path or default, as_json=as_json, **{name: values.pop(name) for name in names}
            )
            _check_options(options, config_path)
            return command(options, **values)

        added: Callable[..., Any] = check_and_call
        for option in (
            json_option,
            click.option(
                "--dry-run",
                is_flag=True,
                help="Show the data, model, memory and config that training would use, without training.",
            ),
            click.option("--overwrite", is_flag=True, help="Replace the run in the folder given by --run."),
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
            added = option(added)
        return added

    return add


def _check_options(options: TrainingOptions, config_path: str | None) -> None:
    """Raise `click.UsageError` for options that cannot be combined, and for --overwrite without --run."""
    others = (options.run_path, options.overwrite, config_path, options.overrides, options.dry_run)
    if options.resume and any(others):
        raise click.UsageError(
            "--resume uses the run's own config: omit --run, --overwrite, --config, --set and --dry-run"
        )
    if options.overwrite and not options.run_path:
        raise click.UsageError("--overwrite needs --run: use --run DIR to say which run to replace")


def start_training(
    options: TrainingOptions,
    train: Callable[..., "Run"],
    kind: "type[Config | NextWordConfig]",
    more: Mapping[str, Any] | None = None,
    **chosen: Any,
) -> None:
    """Start, resume or plan a training run, depending on the options, and print the result.

    `train` is the training function, and `kind` is the type of its config. Metrics printed as JSON also include `more`.
    """
    import imdb_gru

    printer = EventPrinter()
    chosen |= {"data": options.data, "observer": printer}
    if options.dry_run:
        plan = imdb_gru.plan(options.config, overrides=options.overrides, kind=kind, **chosen)
        _show_plan(plan, as_json=options.as_json)
        return
    if options.resume:
        run = imdb_gru.resume(options.resume, **chosen)
    else:
        settings = {"overrides": options.overrides, "overwrite": options.overwrite}
        run = train(options.config, run=options.run_path, **settings, **chosen)
    _show_run(run, printer, more or {}, as_json=options.as_json)


def _show_run(run: "Run", printer: EventPrinter, more: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the metrics of a training run; if a signal stopped it, exit with the exit code for that signal."""
    if as_json:
        click.echo(json.dumps({"run": str(run), **run.load_metrics().to_dict(), **more}))
    else:
        print_run(run)
    if printer.stopped:
        raise click.exceptions.Exit(printer.stopped.exit_code)


def _show_plan(plan: "Plan", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(plan.to_dict()))
    else:
        print_plan(plan)
