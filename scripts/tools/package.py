"""Build the wheel and the sdist, and test both as a user would: installed in clean environments, outside the checkout.

    python scripts/tools/package.py

Both must contain the models, the JavaScript module and the configs, and the sdist must also contain the tests. Pip
builds a wheel from it.
"""

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import click

ROOT = Path(__file__).parents[2]
SOURCES = ("tests/conftest.py", "configs/default.yaml", "scripts/tools/package.py", "Makefile")
"""Examples of files that only the sdist must contain."""
MODELS = (
    "vocabulary.json",
    "sentiment/weights.npz",
    "sentiment/seen.npz",
    "sentiment/calibration.json",
    "next_word/weights.npz",
    "sentiment/config.yaml",
)
MODULE = ("imdb-gru.js", "imdb-gru.d.ts")
"""Files of the JavaScript module in exports."""
CONFIGS = ("default", "fast", "scratch", "tutorial", "best", "best-pretrain", "sample", "sweep", "pretrain")
TINY = ("model.units=8", "model.embedding=8", "train.epochs=1", "data.limit=200")


@click.command(help=__doc__)
@click.option(
    "--trials", type=click.Choice(["wheel", "all"]), default="all", show_default=True, help="What to install."
)
def main(trials: str) -> None:
    """Build both distributions, check their content, install them and run them."""
    with tempfile.TemporaryDirectory(prefix="imdb-gru-package-") as name:
        folder = Path(name)
        call(sys.executable, "-m", "build", "--outdir", folder / "dist", ROOT)
        (wheel,), (sdist,) = (list((folder / "dist").glob(pattern)) for pattern in ("*.whl", "*.tar.gz"))
        check_contents(wheel, sdist)
        for distribution in (wheel, sdist) if trials == "all" else (wheel,):
            try_out(distribution, folder / f"try-{distribution.suffix[1:]}")
            click.echo(f"{distribution.name}: {distribution.stat().st_size / 2**20:.1f} MiB, installs and runs")


def check_contents(wheel: Path, sdist: Path) -> None:
    """Raise an error if a file is missing from a distribution."""
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    data = {f"imdb_gru/bundled/{name}" for name in MODELS} | {f"imdb_gru/exporting/web/{name}" for name in MODULE}
    configs = {f"imdb_gru/configs/{name}.yaml" for name in CONFIGS}
    if missing := [*({*data, *configs} - in_wheel), *(({*data, *SOURCES}) - in_sdist)]:
        raise click.ClickException(f"not in the wheel or the sdist: {', '.join(sorted(missing))}")


def try_out(distribution: Path, folder: Path) -> None:
    """Install a distribution into a new environment, and train, evaluate, predict and inspect there."""
    call(sys.executable, "-m", "venv", folder)
    call(folder / "bin" / "pip", "install", "--quiet", distribution)
    command = folder / "bin" / "imdb-gru"
    settings = [part for setting in TINY for part in ("--set", setting)]
    call(command, "config", "check", *CONFIGS, cwd=folder)
    call(command, "train", "--config", "scratch", "--data", "sample", "--run", "demo", *settings, cwd=folder)
    call(command, "evaluate", "--run", "demo", "--data", "sample", cwd=folder)
    call(command, "runs", "check", "bundled", cwd=folder)
    call(command, "predict", "--run", "bundled", "A slow start, but the ending is superb.", cwd=folder)
    call(command, "inspect", "--run", "bundled", "--html", "page.html", "A slow start.", cwd=folder)


def call(*command: object, cwd: Path | None = None) -> None:
    """Run a command; exit if it fails."""
    click.echo(f"$ {' '.join(map(str, command))}", err=True)
    if code := subprocess.run(list(map(str, command)), check=False, cwd=cwd).returncode:
        raise click.ClickException(f"{command[0]} exited with {code}: see above")


if __name__ == "__main__":
    main()
