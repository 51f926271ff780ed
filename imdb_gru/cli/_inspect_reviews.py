"""What imdb-gru inspect shows over many reviews: what drives each unit, and how far gradients reach."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from imdb_gru.cli._options import open_run, print_table, say

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.inspection.gradients import GradientCurve
    from imdb_gru.inspection.units import DrivenUnit
    from imdb_gru.runs.run import Run

DISTANCES = (0, 1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 400, 500, 1000)
"""Words back from the last at which the way of the gradients is printed."""
GRADIENT_REVIEWS = 100
MIN_COUNT = 20
"""How often a word must come before its mean says something of a unit."""
SEED = 0


class ReviewChoice(NamedTuple):
    """Which reviews were asked for."""

    texts: tuple[str, ...]
    input_path: Path | None
    data: "DataConfig | None"
    split: str | None
    reviews: int | None

    def load(self, run: "Run", most: int | None = None) -> list[str]:
        """Return the texts given, or those of a split, `most` of them unless another number was asked for."""
        from imdb_gru.tasks.evaluation import choose_reviews

        if self.texts or self.input_path:
            from imdb_gru.models.texts import TextReader

            text_column = self.data.text_column if self.data else None
            return list(TextReader(self.texts, self.input_path, text_column).follow("reading"))
        split = self.split or (None if self.data and self.data.path else "validation")
        split, reviews = choose_reviews(run, data=self.data, split=split)
        most = self.reviews or most or len(reviews)
        if most < len(reviews):
            import numpy as np

            rows = np.random.default_rng(SEED).choice(len(reviews), most, replace=False)
            reviews = [reviews[row] for row in sorted(rows)]
        say(f"reading {len(reviews)} reviews of split {split} of {(self.data and self.data.path) or run}")
        return [review.text for review in reviews]


def show_units(run_path: Path | None, chosen: ReviewChoice, words: int, *, as_json: bool) -> None:
    """Print, for each unit of the last layer, the words that drive it."""
    from imdb_gru.inspection.units import find_drivers
    from imdb_gru.models.classifier import Classifier

    run = open_run(run_path)
    classifier = Classifier.load(run)
    driven = find_drivers(classifier, chosen.load(run), words=words, min_count=MIN_COUNT)
    if not any(unit.raised_by or unit.lowered_by for unit in driven):
        say(f"no word comes {MIN_COUNT} times: take more reviews")
    if as_json:
        from imdb_gru.system.escaping import dump_json

        click.echo(dump_json([unit._asdict() for unit in driven]))
        return
    print_table(*_build_unit_table(driven))


def _build_unit_table(driven: Sequence["DrivenUnit"]) -> tuple[list[list[str]], list[str]]:
    poolings = list(driven[0].weights)
    rows = [
        [
            str(unit.unit),
            *(f"{unit.weights[pooling]:+.2f}" for pooling in poolings),
            _join(unit.raised_by),
            _join(unit.lowered_by),
        ]
        for unit in driven
    ]
    return rows, ["unit", *(f"weight of {pooling}" for pooling in poolings), "raised by", "lowered by"]


def _join(words: Sequence[tuple[str, float]]) -> str:
    from imdb_gru.system.escaping import neutralise

    return ", ".join(f"{neutralise(word)} {change:+.2f}" for word, change in words) or "-"


def show_gradients(run_paths: Sequence[Path], chosen: ReviewChoice, plots: Path | None, *, as_json: bool) -> None:
    """Print how much of the gradient is left so many words back, run by run."""
    from imdb_gru.inspection.gradients import measure_curve
    from imdb_gru.models.classifier import Classifier

    if plots:
        from imdb_gru.report.charts import check_charts

        check_charts(plots)
    runs = [open_run(path) for path in run_paths] or [open_run(None)]
    texts = chosen.load(runs[0], GRADIENT_REVIEWS)
    if not texts:
        raise click.UsageError("no reviews came in: give texts, --input, or --data")
    curves = {str(run): measure_curve(Classifier.load(run), texts) for run in runs}
    if plots:
        from imdb_gru.report.charts import save_charts
        from imdb_gru.report.inspections import build_gradient_charts

        save_charts(build_gradient_charts(curves), plots)
        say(f"drew into {plots}")
    if as_json:
        click.echo(json.dumps({run: curve.to_dict() for run, curve in curves.items()}))
    else:
        _print_curves(curves)


def _print_curves(curves: dict[str, "GradientCurve"]) -> None:
    longest = max(len(curve.loss) for curve in curves.values())
    shown = [distance for distance in DISTANCES if distance < longest]
    for title, name in (
        ("gradient of the loss, as a multiple of that at the last word", "loss"),
        ("through the recurrence alone: ‖∂h_T/∂h_t‖ / √U", "recurrence"),
    ):
        rows = []
        for distance in shown:
            values = [getattr(curve, name) for curve in curves.values()]
            cells = [f"{value[distance]:.2e}" if distance < len(value) else "-" for value in values]
            reviews = max(int(curve.reviews[distance]) for curve in curves.values() if distance < len(curve.reviews))
            rows.append([str(distance), *cells, str(reviews)])
        columns = [f"{path} ({curve.cell})" for path, curve in curves.items()]
        click.echo(title)
        print_table(rows, ["words back", *columns, "reviews"])
        click.echo()
