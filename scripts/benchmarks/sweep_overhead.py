"""Compare a sweep with a shell loop of imdb-gru train over the same configs, in alternation.

python scripts/benchmarks/sweep_overhead.py
"""

import shlex
import sys
import tempfile
from pathlib import Path

import click
import yaml
from measurements import Measurements

OURS = [sys.executable, "-m", "imdb_gru"]
SWEEP = {
    "task": "sweep",
    "base": "scratch",
    "space": {"train.learning_rate": {"log_range": [0.001, 0.02]}},
    "search": "random",
    "asha": None,
    "finalists": None,
}
BASE = ("data.path=sample", "model.embedding=32", "model.units=64", "train.objective=linear")
"""Settings for the base, which is the config `scratch`."""


@click.command()
@click.option("--trials", default=6, show_default=True, help="Number of configs to train.")
@click.option("--epochs", default=3, show_default=True, help="Number of epochs of each training.")
@click.option(
    "--cpus",
    default=1,
    show_default=True,
    help="Number of cores per trial; the loop uses all cores for each training.",
)
@click.option("--rounds", default=3, show_default=True, help="Number of timed rounds.")
def main(trials: int, epochs: int, cpus: int, rounds: int) -> None:
    """Print the median times of the sweep and the loop in seconds, and the median of their ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "s.yaml").write_text(yaml.safe_dump({**SWEEP, "trials": trials, "cpus": cpus}))
        settings = [f"--set={setting}" for setting in (*BASE, f"train.epochs={epochs}")]
        sweep = [*OURS, "sweep", str(folder / "s.yaml"), "--into", str(folder / "sweep"), "--overwrite", "--json"]
        sweep += settings
        first = Measurements({"sweep": sweep})
        first.run(1)  # writes the configs, and compiles once for all rounds
        for path in (folder / "sweep").glob("trial-*/config.yaml"):
            path.rename(folder / f"{path.parent.name}.yaml")
        train = f"{shlex.join(OURS)} train --config $config --run {folder}/loop --overwrite"
        loop = f"set -e; for config in {folder}/trial-*.yaml; do {train}; done"
        measurements = Measurements({"loop": ["bash", "-c", loop], "sweep": sweep})
        measurements.run(rounds)
    for command in measurements.commands:
        click.echo(f"{command}: {measurements.median(command, 'wall'):.1f} s for {trials} trainings")
    click.echo(f"the loop takes {measurements.compare('loop', 'sweep', 'wall'):.2f} times as long")


if __name__ == "__main__":
    main()
