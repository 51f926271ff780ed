"""imdb-gru runs: list what was trained."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli.options import json_option, print_table, say

if TYPE_CHECKING:
    from imdb_gru.run import Run


@click.command()
@click.argument("folder", default="runs", type=click.Path(path_type=Path))
@json_option
def runs(folder: Path, as_json: bool) -> None:
    """List the runs of a folder, oldest first, with their state, config in brief, and validation figure.

    \b
    imdb-gru runs
    """
    from imdb_gru.errors import RunError
    from imdb_gru.runs import list_runs

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
    try:
        config = run.load_any_config()
        row["model"] = config.model.brief
        history = run.load_history()
        row["epochs"] = f"{len(history)}/{config.train.epochs}"
        if row["state"] == "complete":
            metrics = run.load_metrics()
            row["best_epoch"] = metrics["best"]["epoch"]
            for figure in ("validation_accuracy", "validation_perplexity"):
                row[figure] = metrics["best"].get(figure)
            row["finished"] = metrics["finished_at"]
    except (RunError, ValueError, KeyError):
        row["state"] = "damaged"
    return row


def _format(row: dict[str, Any], column: str) -> str:
    if column != "validation":
        return "-" if row[column] is None else str(row[column])
    if row["validation_perplexity"] is not None:
        return f"perplexity {row['validation_perplexity']:.1f}"
    return "-" if row["validation_accuracy"] is None else f"accuracy {row['validation_accuracy']:.2%}"
