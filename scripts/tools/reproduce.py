"""Train and evaluate the models of the README's table, and print the table: python scripts/tools/reproduce.py [NAME]...

With --list, the rows that a recipe makes are listed with their commands and times, and nothing is trained.
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

    row: str
    """What the row of the table is called."""
    config: str
    time: str
    """How long the recipe takes on two cores of a Xeon with AMX."""
    seeds: tuple[int, ...] = (0, 1, 2)
    pretraining: str | None = None
    """Config of the next-word model to train first; None to start training as the config specifies."""
    distilled: bool = False
    """Whether the model is only a teacher, with n-grams, of the final model."""
    baseline: bool = False
    """Whether the row is the linear baseline, which is fitted next to the config's GRU."""


RECIPES = {
    "scratch": Recipe("GRU of 128 units from random weights", "scratch", "6 minutes"),
    "ngrams": Recipe("n-grams of up to three words", "scratch", "6 minutes", (0, 1), baseline=True),
    "fast": Recipe("GRU of 512 units from the next-word model in the package", "fast", "5 minutes"),
    "package": Recipe(
        "the model in the package", "default", "43 minutes", (0,), pretraining="pretrain", distilled=True
    ),
    "default": Recipe("GRU of 512 units from the next-word model, adversarial", "default", "18 minutes"),
    "best": Recipe("GRU of 1,024 units, adversarial", "best", "2.8 hours", (0,), pretraining="best-pretrain"),
}

DISTILLATION = (
    "train.teacher_weights=[1, 0.5]",
    "train.unlabelled=true",
    "train.crops=1",
    "train.epochs=2",
    "train.monitor=loss",
)
"""The settings of a final model, whose teachers are a classifier and n-grams."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(RECIPES)))
@click.option("--runs", default=Path("runs/reproduced"), show_default=True, type=click.Path(path_type=Path))
@click.option("--list", "listing", is_flag=True, help="List the rows, their commands and their times; train nothing.")
def reproduce(names: tuple[str, ...], runs: Path, listing: bool) -> None:
    """Train and evaluate the models of the README's table."""
    chosen = {name: RECIPES[name] for name in names or RECIPES}
    if listing:
        click.echo("| row | command | seeds | time |\n|---|---|---|---|")
        for name, recipe in chosen.items():
            command = f"`python scripts/tools/reproduce.py {name}`"
            click.echo(f"| {recipe.row} | {command} | {', '.join(map(str, recipe.seeds))} | {recipe.time} |")
        return
    rows = []
    for name, recipe in chosen.items():
        make = fit_baseline if recipe.baseline else train_all
        accuracies, pretraining, seconds = make(name, recipe, runs)
        rows.append((recipe.row, accuracies, pretraining, statistics.mean(seconds)))
    click.echo("| row | test accuracy, % | seeds | pretraining, s | training, s |\n|---|---|---|---|---|")
    for row, accuracies, pretraining, seconds in rows:
        spread = f" ± {100 * statistics.stdev(accuracies):.2f}" if len(accuracies) > 1 else ""
        mean = 100 * statistics.mean(accuracies)
        click.echo(f"| {row} | {mean:.2f}{spread} | {len(accuracies)} | {pretraining:.0f} | {seconds:.0f} |")


def train_all(name: str, recipe: Recipe, runs: Path) -> tuple[list[float], float, list[float]]:
    """Train a recipe with all seeds; return the test accuracies, the seconds of pretraining and those of training."""
    encoder = runs / f"{name}-encoder"
    pretraining = train("pretrain", recipe.pretraining, encoder) if recipe.pretraining else 0.0
    accuracies, seconds = [], []
    for seed in recipe.seeds:
        run = runs / f"{name}-{seed}"
        settings = [f"--set=train.seed={seed}"]
        if recipe.pretraining:
            settings.append(f"--set=model.pretrained={encoder}")
        seconds.append(train("train", recipe.config, run, *settings))
        if recipe.distilled:
            settings += [f"--set={setting}" for setting in (f"train.teachers=[{run}, ngrams]", *DISTILLATION)]
            run = runs / f"{name}-student-{seed}"
            seconds[-1] += train("train", recipe.config, run, *settings)
        accuracies.append(judge(run))
    return accuracies, pretraining, seconds


def fit_baseline(name: str, recipe: Recipe, runs: Path) -> tuple[list[float], float, list[float]]:
    """Fit the linear baseline with all seeds; return the same as `train_all`."""
    seeds = "".join(f"{seed}," for seed in recipe.seeds)
    models = ["--models", "linear,gru", "--seeds", seeds, "--into", str(runs / name)]
    figures = json.loads(call("compare", "--config", recipe.config, *models, "--json"))
    linear = next(model for model in figures["models"] if model["model"] == "linear")["runs"]
    return [run["accuracy"] for run in linear], 0.0, [run["seconds"] for run in linear]


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
