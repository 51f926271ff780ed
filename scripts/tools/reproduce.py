"""Train and evaluate the models of the README's table, and print the table: python scripts/tools/reproduce.py [NAME]...

Complete runs are not trained again, and stopped runs are resumed, so you can stop the script and start it again.
Without a name, all recipes are trained, one after another.
"""

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from imdb_gru.errors import RunError
from imdb_gru.runs.run import Run

OURS = [sys.executable, "-m", "imdb_gru"]


@dataclass(frozen=True)
class Recipe:
    """A config, its seeds, and the config of its next-word model."""

    config: str
    seeds: tuple[int, ...] = (0, 1, 2)
    pretraining: str | None = None
    """Config of the next-word model to train first; None to start training as the config specifies."""


RECIPES = {
    "scratch": Recipe("scratch"),
    "fast": Recipe("fast"),
    "default": Recipe("default"),
    "best": Recipe("best", (0,), pretraining="best-pretrain"),
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(RECIPES)))
@click.option("--runs", default=Path("runs/reproduced"), show_default=True, type=click.Path(path_type=Path))
def reproduce(names: tuple[str, ...], runs: Path) -> None:
    """Train and evaluate the models of the README's table."""
    rows = []
    for name in names or RECIPES:
        recipe = RECIPES[name]
        encoder = runs / f"{name}-encoder"
        pretraining = train("pretrain", recipe.pretraining, encoder) if recipe.pretraining else 0.0
        accuracies, seconds = [], []
        for seed in recipe.seeds:
            run = runs / f"{name}-{seed}"
            settings = [f"--set=train.seed={seed}"]
            if recipe.pretraining:
                settings.append(f"--set=model.pretrained={encoder}")
            seconds.append(train("train", recipe.config, run, *settings))
            accuracies.append(judge(run))
        rows.append((name, accuracies, pretraining, statistics.mean(seconds)))
    click.echo("| recipe | test accuracy, % | seeds | pretraining, s | training, s |\n|---|---|---|---|---|")
    for name, accuracies, pretraining, seconds in rows:
        spread = f" ± {100 * statistics.stdev(accuracies):.2f}" if len(accuracies) > 1 else ""
        mean = 100 * statistics.mean(accuracies)
        click.echo(f"| {name} | {mean:.2f}{spread} | {len(accuracies)} | {pretraining:.0f} | {seconds:.0f} |")


def train(command: str, config: str, run: Path, *settings: str) -> float:
    """Train a run, resume it if it was stopped, or skip it if it is complete; return its training time in seconds."""
    if Run(run).state != "complete" or Run(run).load_metrics().interrupted:
        started = [f"--config={config}", f"--run={run}", *settings]
        call(command, *(["--resume", str(run)] if Run(run).config_path.exists() else started))
    return float(Run(run).load_metrics().seconds or 0)


def judge(run: Path) -> float:
    """Return a run's accuracy on the test split; evaluate it only once."""
    kept = run / "test.json"
    if not kept.exists():
        kept.write_text(call("evaluate", "--run", str(run), "--json"))
    return float(json.loads(kept.read_text())["accuracy"])


def call(*arguments: str) -> str:
    """Run imdb-gru with visible progress; return its output."""
    click.echo(f"$ imdb-gru {' '.join(arguments)}", err=True)
    done = subprocess.run([*OURS, *arguments], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise click.ClickException(f"imdb-gru {arguments[0]} exited with {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    try:
        reproduce()
    except RunError as error:
        sys.exit(f"Error: {error}")
