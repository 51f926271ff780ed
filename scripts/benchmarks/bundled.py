"""Measure what people do with the model in the package, so that a new model or a change cannot slow it unseen.

python scripts/benchmarks/bundled.py
"""

import os
import sys
import tempfile
from pathlib import Path

import click
from measurements import Measurements, save

OURS = [sys.executable, "-m", "imdb_gru"]
RUN = ("--run", "bundled")
REVIEW = "I expected it to be dull, but it was wonderful."
WORDS = 500
START, INSPECT, REPORT, BULK, ALONE = (
    "cold start",
    f"inspect of {WORDS} words",
    "report",
    "text to CSV",
    "reading alone",
)
GOALS = {START: 0.2, INSPECT: 2.0, REPORT: 60.0}
"""Seconds that a command should take at most; that of a report is for the 25,000 reviews of IMDB's test split."""
IMDB_REVIEWS = 25_000


@click.command()
@click.option(
    "--data",
    default=lambda: os.environ.get("IMDB_GRU_DATA", "sample"),
    metavar="PATH",
    help="As in imdb-gru train; its test split is used [default: $IMDB_GRU_DATA, or the sample].",
)
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1))
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to a file.")
def main(data: str, rounds: int, json_path: Path | None) -> None:
    """Print the median times of a prediction, an inspection, a report and bulk prediction, and which goals are met."""
    from imdb_gru.config import DataConfig
    from imdb_gru.corpus.corpus import load_reviews
    from imdb_gru.sources import open_source

    reviews = load_reviews(open_source(DataConfig(path=data)), "test", None)
    texts = [" ".join(review.text.split()) for review in reviews]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "reviews.txt").write_text("\n".join(texts) + "\n", "utf-8")
        (folder / "long.txt").write_text(" ".join(" ".join(texts).split()[:WORDS]) + "\n", "utf-8")
        measurements = Measurements(list_commands(folder, data))
        measurements.run(rounds)
    cores = os.cpu_count()
    click.echo(
        f"\nthe model in the package, {len(texts):,} reviews of {data}; medians of {rounds} rounds, {cores} cores"
    )
    click.echo(f"{'':22} {'seconds':>8} {'processor s':>12} {'reviews/s':>10} {'MB':>6}  goal")
    for name in measurements.commands:
        seconds = measurements.median(name, "seconds" if name == ALONE else "wall")
        rate = f"{len(texts) / seconds:,.0f}" if name in (BULK, ALONE) else ""
        used, memory = (measurements.median(name, figure) for figure in ("processor", "megabytes"))
        goal = judge(name, seconds, len(texts))
        click.echo(f"{name:22} {seconds:8.2f} {used:12.2f} {rate:>10} {memory:6.0f}  {goal}".rstrip())
    save(json_path, [measurements.figures])


def list_commands(folder: Path, data: str) -> dict[str, list[str]]:
    """Return the commands, given a folder with reviews.txt, and with long.txt for the inspection."""
    reviews, output = str(folder / "reviews.txt"), str(folder / "out.csv")
    in_process = str(Path(__file__).parent / "predict_in_process.py")
    return {
        START: [*OURS, "predict", *RUN, REVIEW],
        INSPECT: [*OURS, "inspect", *RUN, "--input", str(folder / "long.txt"), "--json"],
        REPORT: [*OURS, "report", *RUN, "--data", data, "--output", str(folder / "report.html")],
        BULK: [*OURS, "predict", *RUN, "--input", reviews, "--output", output],
        # the command line sets this variable as well: threads that share a batch need no others below them
        ALONE: ["env", "OPENBLAS_NUM_THREADS=1", sys.executable, in_process, "bundled", reviews],
    }


def judge(name: str, seconds: float, reviews: int) -> str:
    """Return whether a command meets its goal, or nothing if it has no goal for this number of reviews."""
    if name not in GOALS or (name == REPORT and reviews != IMDB_REVIEWS):
        return ""
    return f"{'met' if seconds <= GOALS[name] else 'missed'}: at most {GOALS[name]:g} s"


if __name__ == "__main__":
    main()
