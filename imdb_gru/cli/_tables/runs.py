"""Tables for listing and checking runs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from imdb_gru.cli._tables.table import Column, Table, print_table

if TYPE_CHECKING:
    from imdb_gru.runs.integrity import Findings
    from imdb_gru.runs.run import Run

RUNS = (
    Column("run", cut_to=20), Column("state"), Column("task", drop=2), Column("model", width=18),
    Column("epochs", drop=4), Column("best epoch", drop=3), Column("validation", width=15), Column("finished", drop=1),
)  # fmt: skip


def build_runs_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Build the table of the runs in a folder."""
    cells = [[_format(row, column.name.replace(" ", "_")) for column in RUNS] for row in rows]
    records = [{name: value for name, value in row.items() if name != "config"} for row in rows]
    return Table("runs", cells, RUNS, records)


def _format(row: Mapping[str, Any], column: str) -> str:
    if column != "validation":
        return "-" if row[column] is None else str(row[column])
    if row["validation_perplexity"] is not None:
        return f"perplexity {row['validation_perplexity']:.1f}"
    return "-" if row["validation_accuracy"] is None else f"accuracy {row['validation_accuracy']:.2%}"


def print_findings(found: Mapping["Run", "Findings"]) -> None:
    """Print the result of checking each run."""
    print_table([row for run, findings in found.items() for row in _list_findings(run, findings)])


def _list_findings(run: "Run", findings: "Findings") -> list[tuple[str, str]]:
    rows = [("run", f"{run}, {run.model_name}"), *findings.files.items()]
    rows += [("weights", fault) for fault in findings.faults or ["ok"]]
    changes = [(name, f"was {before}, is {here} now") for name, (before, here) in findings.environment.items()]
    return rows + (changes or [("environment", "the same as during training")])
