"""The `imdb-gru runs` command, which lists runs or checks one."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._commands import DefaultGroup
from imdb_gru.cli._messages import say
from imdb_gru.cli._options import PATH, json_option
from imdb_gru.cli._output import Output, output_options
from imdb_gru.cli._tables.runs import build_runs_table, print_findings

if TYPE_CHECKING:
    from imdb_gru.runs.run import Run


@click.group(cls=DefaultGroup, default="list", short_help="List runs, or check one.")
def runs() -> None:
    """List the runs in a folder, or check one run. If no command is given, list the runs in FOLDER [default: runs].

    If the folder is called 'list' or 'check', write ./list or ./check.

    \b
    imdb-gru runs
    imdb-gru runs check runs/demo
    """


@runs.command("list", short_help="List the runs in a folder; the default command.")
@click.argument("folder", default="runs", type=PATH)
@output_options("runs", several=False)
def list_folder(folder: Path, output: Output) -> None:
    """List the runs in FOLDER [default: runs], oldest first, with their state, model and validation metric.

    --json and --table csv add the seed and the engine of each run; --json also adds the whole config.

    \b
    imdb-gru runs list --json
    """
    from imdb_gru.errors import RunError
    from imdb_gru.runs.catalogue import list_runs

    if not folder.is_dir():
        raise RunError(f"there is no folder {folder}: create runs/ with 'imdb-gru train', or choose another folder")
    rows = [_describe(run) for run in list_runs(folder)]
    table = build_runs_table(rows)
    if not rows:
        say(f"there are no runs in {folder}")
    if rows or output.as_json:
        output.show([table], as_json=lambda: json.dumps(rows), as_text=table.print)


@runs.command(short_help="Check the files and weights of a complete run.")
@click.argument("run_path", metavar="RUN", type=PATH)
@json_option
def check(run_path: Path, as_json: bool) -> None:
    """Check the files and weights of a complete run (or 'bundled'), and compare its environment with the current one.

    The exit code is 1 if a file is missing or has changed, or if the weights do not match the config. A different
    environment is not an error.

    \b
    imdb-gru runs check bundled
    """
    from imdb_gru.errors import RunError
    from imdb_gru.runs.catalogue import find_runs
    from imdb_gru.runs.integrity import check_run

    found = {run: check_run(run) for run in find_runs(run_path)}
    if as_json:
        rows = [{"run": str(run), "task": run.task, "whole": one.whole, **asdict(one)} for run, one in found.items()]
        click.echo(json.dumps(rows))
    else:
        print_findings(found)
    if not all(findings.whole for findings in found.values()):
        raise RunError(f"{run_path} has changed since it was completed: restore the original files, or start a new run")


def _describe(run: "Run") -> dict[str, Any]:
    from imdb_gru.errors import RunError

    row: dict[str, Any] = {
        "run": str(run),
        "state": run.state,
        "task": run.task,
        "model": None,
        "seed": None,
        "engine": None,
        "epochs": None,
        "best_epoch": None,
        "validation_accuracy": None,
        "validation_perplexity": None,
        "finished": None,
        "config": None,
    }
    if row["state"] == "newer":
        return row
    try:
        config = run.load_any_config()
        row["model"] = config.model.brief
        row["seed"] = config.train.seed
        row["config"] = config.model_dump(mode="json")
        history = run.load_history()
        row["epochs"] = f"{len(history)}/{config.train.epochs}"
        if row["state"] == "complete":
            metrics = run.load_metrics()
            row["engine"] = metrics.environment.get("engine")
            row["best_epoch"] = metrics.best.epoch
            row["validation_accuracy"] = metrics.best.validation_accuracy
            row["validation_perplexity"] = metrics.best.validation_perplexity
            row["finished"] = metrics.finished_at
    except (RunError, ValueError, KeyError):
        row["state"] = "damaged"
    return row
