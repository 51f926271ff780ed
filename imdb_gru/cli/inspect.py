"""imdb-gru inspect: explain what a model does with a text, word by word, and with its units and gradients."""

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import DefaultGroup
from imdb_gru.cli._messages import EventPrinter, say
from imdb_gru.cli._options import (
    FILE_PATH,
    FOLDER_PATH,
    PATH,
    RUN_HELP,
    input_options,
    json_option,
    open_run,
    run_option,
)
from imdb_gru.cli._reviews import ReviewChoice, review_options
from imdb_gru.cli._texts import open_reader

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.inspection import Inspection
    from imdb_gru.inspection.gradients import GradientCurve
    from imdb_gru.models.classifier import Classifier

MOST_TEXTS = 200
"""Texts that a page holds."""
MIN_COUNT = 20
"""Times that a word must occur before its mean effect on a unit is meaningful."""
GRADIENT_REVIEWS = 100


@click.group(cls=DefaultGroup, default="text", short_help="Explain a model: word by word, its units, its gradients.")
def inspect() -> None:
    """Explain a model: with a TEXT, what moved the probability word by word, what the gates did, and what remains.

    A first TEXT that is only the word units, gradients or text is taken for a command below, unless -- stands before
    it; --input reads it from a file.

    \b
    imdb-gru inspect "A slow start, but the ending is superb."
    imdb-gru inspect -- units
    imdb-gru inspect units
    imdb-gru inspect gradients --run runs/gru --run runs/simple_rnn
    """


@dataclass(frozen=True)
class Files:
    """The files that an inspection is written to."""

    html: Path | None
    plots: Path | None
    npz: Path | None

    def are_wanted(self) -> bool:
        """Tell whether any file is to be written."""
        return bool(self.html or self.plots or self.npz)

    def check(self) -> None:
        """Raise an error if a file could not be written after all the work."""
        if self.html and self.npz and self.html.absolute() == self.npz.absolute():
            raise click.UsageError(f"--html and --npz both name {self.html}: name two files")
        if self.html:
            from imdb_gru.report.page import check_page

            check_page(self.html)
        if self.plots:
            from imdb_gru.report.charts import check_charts

            check_charts(self.plots)
        if self.npz:
            from imdb_gru.system.writing import check_parent

            check_parent(self.npz, "write")

    def limit(self, texts: Iterable[str]) -> list[str]:
        """Return the texts; raises `UsageError` if there are none, or more than a file can hold."""
        most = 1 if self.npz or self.plots else MOST_TEXTS
        taken = list(itertools.islice(texts, most + 1))
        if not taken:
            raise click.UsageError("no text came in: give one, or a file that holds some")
        if len(taken) > most:
            only = "one text" if most == 1 else f"{most} texts at most"
            raise click.UsageError(
                f"{'--npz and --plots take' if most == 1 else '--html takes'} {only}, and more came in"
            )
        return taken

    def write(self, inspections: list["Inspection"]) -> None:
        """Write the files."""
        if self.npz:
            from imdb_gru.inspection import save_arrays

            save_arrays(self.npz, inspections[0])
            say(f"wrote {self.npz}")
        if self.plots:
            from imdb_gru.report.charts import save_charts
            from imdb_gru.report.inspections import build_inspection_charts

            charts = build_inspection_charts(inspections[0])
            save_charts(charts, self.plots)
            say(f"drew {len(charts)} charts into {self.plots}")
        if self.html:
            from imdb_gru.report.page import write_explorer

            write_explorer(self.html, inspections)
            say(f"wrote {self.html}")


@inspect.command("text", short_help="Explain texts word by word; the default command.")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@run_option
@input_options()
@click.option(
    "--words",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    metavar="N",
    help="List the N words that contribute most.",
)
@click.option("--layer", type=click.IntRange(min=1), metavar="L", help="The recurrent layer to list [default: last].")
@click.option("--unit", type=click.IntRange(min=0), metavar="K", help="Follow one unit, counted from 0.")
@click.option("--html", type=FILE_PATH, metavar="FILE", help="Write a page that explains every word of the texts.")
@click.option("--plots", type=FOLDER_PATH, metavar="DIR", help="Draw one text's charts, as .png and .svg.")
@click.option("--npz", type=FILE_PATH, metavar="FILE", help="Write all arrays of one text.")
@json_option
def inspect_texts(
    texts: tuple[str, ...],
    run_path: Path | None,
    file: "DataConfig | None",
    words: int,
    layer: int | None,
    unit: int | None,
    html: Path | None,
    plots: Path | None,
    npz: Path | None,
    as_json: bool,
) -> None:
    """Explain texts: what moved the probability word by word, what the gates did, and what remains at the end.

    \b
    imdb-gru inspect text "A slow start, but the ending is superb."
    """
    files = Files(html, plots, npz)
    files.check()
    reader = open_reader(texts, file, "inspect")
    came_in: Iterable[str] = reader.follow("inspecting")
    if files.are_wanted():
        came_in = files.limit(came_in)
    from imdb_gru.cli._tables.inspection import show_inspection
    from imdb_gru.models.bulk import count_seen
    from imdb_gru.models.classifier import Classifier

    classifier = Classifier.load(open_run(run_path))
    _check_view(classifier, layer, unit)
    made = (classifier.inspect(text) for text in came_in)
    inspections: Iterable[Inspection] = count_seen(made, classifier.config.text, reader, EventPrinter())
    if files.are_wanted():  # written before anything is printed, as whoever reads stdout may not read it to its end
        inspections = list(inspections)
        files.write(inspections)
    for inspection in inspections:
        show_inspection(inspection, words, layer, unit, as_json=as_json)


def _check_view(classifier: "Classifier", layer: int | None, unit: int | None) -> None:
    model = classifier.config.model
    if layer is not None and layer > model.layers:
        raise click.UsageError(f"--layer {layer}: this run has {model.layers} recurrent layer(s)")
    if unit is not None and unit >= model.units:
        raise click.UsageError(f"--unit {unit}: this run's layers have units 0 to {model.units - 1}")


@inspect.command(short_help="Name the words that drive each unit, over reviews.")
@review_options
@run_option
@click.option(
    "--words",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    metavar="N",
    help="Name N words that raise a unit, and N that lower it.",
)
@json_option
def units(chosen: ReviewChoice, run_path: Path | None, words: int, as_json: bool) -> None:
    """Name the words at which each unit of the last layer rises and falls most, over texts or reviews.

    Without TEXT and --input, the reviews are those of a split of the run's own data, or of --data.

    \b
    imdb-gru inspect units --words 3
    """
    from imdb_gru.cli._tables.inspection import print_units
    from imdb_gru.inspection.units import find_drivers
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.system.escaping import dump_json

    run = open_run(run_path)
    classifier = Classifier.load(run)
    driven = find_drivers(classifier, chosen.load(run), words=words, min_count=MIN_COUNT)
    if not any(unit.raised_by or unit.lowered_by for unit in driven):
        say(f"no word comes {MIN_COUNT} times: take more reviews")
    if as_json:
        click.echo(dump_json([unit._asdict() for unit in driven]))
    else:
        print_units(driven)


@inspect.command(short_help="Follow the gradient back through time, over reviews.")
@review_options
@click.option(
    "--run", "run_paths", multiple=True, type=PATH, metavar="DIR", help=f"{RUN_HELP} Give several to compare them."
)
@click.option("--plots", type=FOLDER_PATH, metavar="DIR", help="Draw the curves, as .png and .svg.")
@json_option
def gradients(chosen: ReviewChoice, run_paths: tuple[Path, ...], plots: Path | None, as_json: bool) -> None:
    """Measure how much of the gradient is left so many words before the last, over texts or reviews.

    Without TEXT and --input, the reviews are those of a split of the run's own data, or of --data.

    \b
    imdb-gru inspect gradients --run runs/gru --run runs/simple_rnn
    """
    if plots:
        from imdb_gru.report.charts import check_charts

        check_charts(plots)
    from imdb_gru.cli._tables.inspection import print_curves
    from imdb_gru.inspection.gradients import measure_curve
    from imdb_gru.models.classifier import Classifier

    runs = [open_run(path) for path in run_paths] or [open_run(None)]
    texts = chosen.load(runs[0], GRADIENT_REVIEWS)
    if not texts:
        raise click.UsageError("no reviews came in: give texts, --input, or --data")
    curves = {str(run): measure_curve(Classifier.load(run), texts) for run in runs}
    if plots:
        _draw_curves(curves, plots)
    if as_json:
        click.echo(json.dumps({run: curve.to_dict() for run, curve in curves.items()}))
    else:
        print_curves(curves)


def _draw_curves(curves: Mapping[str, "GradientCurve"], folder: Path) -> None:
    from imdb_gru.report.charts import save_charts
    from imdb_gru.report.inspections import build_gradient_charts

    save_charts(build_gradient_charts(curves), folder)
    say(f"drew into {folder}")
