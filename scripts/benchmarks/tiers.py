"""Measure training, bulk prediction and start-up on this machine as if its CPU had fewer features.

python scripts/benchmarks/tiers.py

Each tier hides features from the engine's compiler, from NumPy and from its matrix products. The clock speed and the
caches remain those of this machine, so the table compares instructions, not generations of CPUs.
"""

import os
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

import click
from measurements import Measurements, save

OURS = [sys.executable, "-m", "imdb_gru"]
REVIEW = "I expected it to be dull, but it was wonderful."
FEATURES = {
    "AMX": {"amx-tile", "amx-bf16", "avx512f"},
    "AVX512-BF16": {"avx512bf16", "avx512vnni", "avx512f"},
    "AVX-512": {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"},
    "AVX2": {"avx2", "fma"},
    "generic": set(),
}
"""The features that a CPU must have for each tier, from the most capable to the least."""
LEAST = ("64bit", "cmov", "cx8", "fxsr", "mmx", "sse", "sse2")
"""The features that every 64-bit x86 CPU has."""
CORES = {"AVX-512": "SKYLAKEX", "AVX2": "HASWELL", "generic": "PRESCOTT"}
"""The kernels of OpenBLAS for the tiers that have less than AVX512-BF16."""
TRAINING, BULK, START = "training", "bulk prediction", "cold start"


def restrict(tier: str, host: Collection[str], name: str, dispatched: Collection[str]) -> dict[str, str] | None:
    """Return the environment variables that restrict this machine to a tier, or None if it lacks the tier's features.

    `host` holds the features of the CPU as LLVM names them, `name` is its LLVM name, and `dispatched` holds NumPy's
    names of the features for which it has loops of its own.
    """
    if not FEATURES[tier] <= {*host}:
        return None
    if tier == "AMX":
        return {}
    kept = {feature for feature in host if not feature.startswith("amx")}
    hidden: list[str] = []
    if tier != "AVX512-BF16":
        kept = {feature for feature in kept if not feature.startswith("avx512") or feature in FEATURES["AVX-512"]}
        hidden = [feature for feature in dispatched if feature.startswith("AVX512_") and feature != "AVX512_SKX"]
    if tier in ("AVX2", "generic"):
        kept = {feature for feature in kept if not feature.startswith("avx512")}
        hidden = [feature for feature in dispatched if feature.startswith(("AVX512", "X86_V4"))]
    if tier == "generic":
        kept, hidden, name = set(LEAST), list(dispatched), "generic"
    variables = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": ",".join(f"+{feature}" for feature in sorted(kept))}
    if hidden:
        variables["NPY_DISABLE_CPU_FEATURES"] = " ".join(hidden)
    return variables | ({"OPENBLAS_CORETYPE": CORES[tier]} if tier in CORES else {})


@click.command()
@click.option(
    "--data",
    default=lambda: os.environ.get("IMDB_GRU_DATA", "sample"),
    metavar="PATH",
    help="As in imdb-gru train [default: $IMDB_GRU_DATA, or the sample].",
)
@click.option("--reviews", default=2560, show_default=True, help="Number of reviews to train on, and to predict.")
@click.option("--units", default=512, show_default=True, help="Number of units of the GRU that is trained.")
@click.option("--tier", "tiers", multiple=True, type=click.Choice(list(FEATURES)), help="Measure only this tier.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1))
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to a file.")
def main(data: str, reviews: int, units: int, tiers: tuple[str, ...], rounds: int, json_path: Path | None) -> None:
    """Print the median speeds of each tier, after a round in which the engine is compiled."""
    import llvmlite.binding as llvm
    from numpy._core import _multiarray_umath as core

    host = [name for name, present in llvm.get_host_cpu_features().items() if present]
    chosen = {tier: restrict(tier, host, llvm.get_host_cpu_name(), core.__cpu_dispatch__) for tier in tiers or FEATURES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = write_texts(folder / "reviews.txt", data, reviews)
        commands = {}
        for tier, variables in chosen.items():
            if variables is not None:
                prefix = ["env", *(f"{key}={value}" for key, value in variables.items())]
                for task, command in list_commands(folder, data, reviews, units).items():
                    commands[f"{tier}, {task}"] = [*prefix, *command]
        Measurements(commands).run(1)
        measurements = Measurements(commands)
        measurements.run(rounds)
    described = f"{count:,} reviews of {data}, {units} units; medians of {rounds} alternating rounds"
    click.echo(f"\n{llvm.get_host_cpu_name()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {described}")
    click.echo(
        f"{'':12} {'training, reviews/s':>20} {'predicting, reviews/s':>22} {'cold start, s':>14} {'processor s':>12}"
    )
    for tier, variables in chosen.items():
        if variables is None:
            click.echo(f"{tier:12} not measured: this CPU has no {', '.join(sorted(FEATURES[tier] - {*host}))}")
            continue
        training, bulk = (count / measurements.median(f"{tier}, {task}", "seconds") for task in (TRAINING, BULK))
        start, used = (measurements.median(f"{tier}, {START}", figure) for figure in ("wall", "processor"))
        click.echo(f"{tier:12} {training:20,.0f} {bulk:22,.0f} {start:14.2f} {used:12.2f}")
    save(json_path, [measurements.figures])


def write_texts(path: Path, data: str, reviews: int) -> int:
    """Write the first reviews of the train split, one a line, and return their number."""
    from imdb_gru.config import DataConfig
    from imdb_gru.corpus.corpus import load_reviews
    from imdb_gru.sources import open_source

    texts = [
        " ".join(review.text.split()) for review in load_reviews(open_source(DataConfig(path=data)), "train", reviews)
    ]
    path.write_text("\n".join(texts) + "\n", "utf-8")
    return len(texts)


def list_commands(folder: Path, data: str, reviews: int, units: int) -> dict[str, list[str]]:
    """Return the command of each task; training takes two epochs, of which the better one is counted."""
    settings = {"data.limit": reviews, "model.units": units, "train.epochs": 2, "train.validation_split": 0}
    train = [
        *OURS,
        "train",
        "--config",
        "scratch",
        "--data",
        data,
        "--run",
        str(folder / "run"),
        "--overwrite",
        "--json",
    ]
    in_process = str(Path(__file__).parent / "predict_in_process.py")
    return {
        TRAINING: [*train, *(f"--set={key}={value}" for key, value in settings.items())],
        BULK: ["env", "OPENBLAS_NUM_THREADS=1", sys.executable, in_process, "bundled", str(folder / "reviews.txt")],
        START: [*OURS, "predict", "--run", "bundled", REVIEW],
    }


if __name__ == "__main__":
    main()
