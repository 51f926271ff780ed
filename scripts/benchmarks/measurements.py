"""Measurements of commands that run in turn: wall time, memory, medians and ratios."""

import json
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import click


@dataclass
class Measurements:
    """Commands that do the same work, and the measured figures of each."""

    commands: dict[str, list[str]]
    figures: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def run(self, rounds: int) -> None:
        """Run every command once per round, in turn."""
        for number in range(1, rounds + 1):
            for name, command in self.commands.items():
                figures = measure(command)
                self.figures.setdefault(name, []).append(figures)
                click.echo(f"round {number}/{rounds}, {name}: {figures['wall']:.1f} s", err=True)

    def median(self, name: str, figure: str) -> float:
        """Return the median over all rounds of one of a command's figures."""
        return statistics.median(figures[figure] for figures in self.figures[name])

    def compare(self, name: str, ours: str, figure: str) -> float:
        """Return the median over all rounds of the ratio between a command's figure and ours."""
        pairs = zip(self.figures[name], self.figures[ours], strict=True)
        return statistics.median(theirs[figure] / own[figure] for theirs, own in pairs)


def measure(command: list[str]) -> dict[str, float]:
    """Run a command; return its times, its peak memory in MB, and the numbers in its last line of JSON.

    `wall` is the time that passed and `processor` the time of all cores, which other work on the machine changes less.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise click.ClickException(f"{' '.join(command)} exited with {process.returncode}: {errors.read()[-2000:]}")
        output.seek(0)
        lines = output.read().splitlines()
    printed = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    printed |= printed.get("best", {})  # the best epoch of imdb-gru train
    numbers = {name: value for name, value in printed.items() if isinstance(value, float | int)}
    processor = usage.ru_utime + usage.ru_stime
    return {"wall": wall, "processor": processor, "megabytes": usage.ru_maxrss / 1024, **numbers}


def draw(path: Path, charts: dict[str, dict[str, list[tuple[float, float]]]], unit: str) -> None:
    """Draw a chart for each x axis in `charts`, with a line for each name; both axes are logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(charts), figsize=(5 * len(charts), 3.6), sharey=True, layout="constrained")
    for axis, (label, lines) in zip([axes] if len(charts) == 1 else axes, charts.items(), strict=True):
        for name, points in lines.items():
            axis.plot(*zip(*sorted(points), strict=True), marker="o", label=name)
        axis.set(xscale="log", yscale="log", xlabel=label)
        ticks = sorted({x for points in lines.values() for x, _ in points})
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
        axis.minorticks_off()
        axis.grid(alpha=0.3)
    (axes if len(charts) == 1 else axes[0]).set_ylabel(unit)
    (axes if len(charts) == 1 else axes[-1]).legend(frameon=False)
    figure.savefig(path, dpi=150)


def save(path: Path | None, records: list[object]) -> None:
    """Write figures to a JSON file, if one was requested."""
    if path:
        path.write_text(json.dumps(records, indent=2) + "\n")
