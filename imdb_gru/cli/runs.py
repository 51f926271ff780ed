"""imdb-gru runs: list what was trained, and check it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._options import PATH, Group, json_option, print_table, say

if TYPE_CHECKING:
    from imdb_gru.runs.integrity import Findings
    from imdb_gru.runs.run import Run


class Listing(Group):
    """A group that lists where no command of its own is named."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Put the command in that is meant."""
        if not arguments or arguments[0] not in {*self.commands, *context.help_option_names}:
            arguments = ["list", *arguments]
        return super().parse_args(context, arguments)


@click.group(cls=Listing)
def runs() -> None:
    """List the runs of a folder, or check one; without a command, list those under runs/.

    \b
    imdb-gru runs
    imdb-gru runs check runs/demo
    """


@runs.command("list")
@click.argument("folder", default="runs", type=PATH)
@json_option
def list_folder(folder: Path, as_json: bool) -> None:
    """List the runs of a folder, oldest first, with their state, config in brief, and validation figure.

    \b
    imdb-gru runs list --json
    """
    from imdb_gru.errors import RunError
    from imdb_gru.runs.catalogue import list_runs

    if not folder.is_dir():
        raise RunError(f"there is no folder {folder}: 'imdb-gru train' makes runs/, or name another folder")
    rows = [_describe(run) for run in list_runs(folder)]
    if as_json:
        click.echo(json.dumps(rows))
    elif rows:
        columns = ("run", "state", "task", "model", "epochs", "best epoch", "validation", "finished")
        print_table([[_format(row, column.replace(" ", "_")) for column in columns] for row in rows], columns)
    else:
        say(f"no runs in {folder}")


@runs.command()
@click.argument("run_path", metavar="RUN", type=PATH)
@json_option
def check(run_path: Path, as_json: bool) -> None:
    """Check a finished run, or 'bundled': every file, the weights, and what is otherwise here than where it was made.

    Exits with 1 where a file is missing or changed, or weights do not fit. Another environment is told, and no fault.

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
        print_table([row for run, findings in found.items() for row in _list_findings(run, findings)])
    if not all(findings.whole for findings in found.values()):
        raise RunError(f"{run_path} is not what it was when it was finished: put the original back, or train again")


def _list_findings(run: "Run", findings: "Findings") -> list[tuple[str, str]]:
    rows = [("run", f"{run}, {run.model_name}"), *findings.files.items()]
    rows += [("weights", fault) for fault in findings.faults or ["as config and vocabulary ask for"]]
    changes = [(name, f"{before} then, {here} here") for name, (before, here) in findings.environment.items()]
    return rows + (changes or [("environment", "nothing recorded differs here")])


def _describe(run: "Run") -> dict[str, Any]:
    from imdb_gru.errors import RunError

    row: dict[str, Any] = {
        "run": str(run),
        "state": run.state,
        "task": run.task,
        "model": None,
        "epochs": None,
        "best_epoch": None,
        "validation_accuracy": None,
        "validation_perplexity": None,
        "finished": None,
    }
    if row["state"] == "newer":
        return row
    try:
        config = run.load_any_config()
        row["model"] = config.model.brief
        history = run.load_history()
        row["epochs"] = f"{len(history)}/{config.train.epochs}"
        if row["state"] == "complete":
            metrics = run.load_metrics()
            row["best_epoch"] = metrics.best.epoch
            row["validation_accuracy"] = metrics.best.validation_accuracy
            row["validation_perplexity"] = metrics.best.validation_perplexity
            row["finished"] = metrics.finished_at
    except (RunError, ValueError, KeyError):
        row["state"] = "damaged"
    return row


def _format(row: dict[str, Any], column: str) -> str:
    if column != "validation":
        return "-" if row[column] is None else str(row[column])
    if row["validation_perplexity"] is not None:
        return f"perplexity {row['validation_perplexity']:.1f}"
    return "-" if row["validation_accuracy"] is None else f"accuracy {row['validation_accuracy']:.2%}"
