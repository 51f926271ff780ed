"""Time imdb-gru against what a user would otherwise run, in alternation, as whole processes.

python scripts/benchmark.py startup runs/demo
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import click

PEERS = Path(__file__).parent / "peers"
REVIEW = "I expected it to be dull, but it was wonderful."


@click.group()
def benchmark() -> None:
    """Time imdb-gru against its peers."""


@benchmark.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(min=1))
def startup(run: Path, rounds: int) -> None:
    """Time one answer from a cold start: imdb-gru predict against a script that loads model.keras with Keras."""
    ours = [sys.executable, "-m", "imdb_gru"]
    commands = {
        "imdb-gru --help": [*ours, "--help"],
        "imdb-gru predict": [*ours, "predict", "--run", str(run), REVIEW],
        "Keras script": [sys.executable, str(PEERS / "keras_predict.py"), str(run), REVIEW],
    }
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            results[name].append(measure(command))
    click.echo(f"{rounds} alternating rounds, {os.cpu_count()} cores; medians")
    for name, figures in results.items():
        seconds, megabytes = (statistics.median(column) for column in zip(*figures, strict=True))
        click.echo(f"{name:18} {seconds:6.2f} s {megabytes:7.0f} MB")
    for label, column in (("time", 0), ("memory", 1)):
        pairs = zip(results["Keras script"], results["imdb-gru predict"], strict=True)
        ratio = statistics.median(theirs[column] / ours[column] for theirs, ours in pairs)
        click.echo(f"Keras script / imdb-gru predict, {label}: {ratio:.1f}")


def measure(command: list[str]) -> tuple[float, float]:
    """Run a command; return its seconds and its peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{' '.join(command)} ended with {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


if __name__ == "__main__":
    benchmark()
