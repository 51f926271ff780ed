"""The `imdb-gru inspect` command, which explains a model's predictions, units and gradients."""

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import DefaultGroup
from imdb_gru.cli._data_options import input_options
from imdb_gru.cli._messages import EventPrinter, say
from imdb_gru.cli._options import (
    FILE_PATH,
    FOLDER_PATH,
    PATH,
    RUN_HELP,
    json_option,
    number_option,
    open_run,
    plots_option,
    run_option,
)
from imdb_gru.cli._reviews import ReviewChoice, review_options
from imdb_gru.cli._texts import open_reader

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.corpus.encoded import EncodedText
    from imdb_gru.inspection import Inspection
    from imdb_gru.inspection.gradients import GradientCurve
    from imdb_gru.models.classifier import Classifier

MOST_TEXTS = 200
"""Maximum number of texts on one page."""
MIN_COUNT = 20
"""Minimum number of times a word must occur for its mean effect on a unit to be meaningful."""
LONGEST_TEXT = 40
"""Maximum length in characters of a text in an error message."""
GRADIENT_REVIEWS = 100
"""Default number of reviews on which gradients are measured."""


@click.group(cls=DefaultGroup, default="text", short_help="Explain a model's predictions, units and gradients.")
def inspect() -> None:
    """Explain a model: how each word of TEXT changes the probability, what the gates do, and what the model remembers.

    If TEXT is just the name of a command, such as units or step, put -- before it.

    \b
    imdb-gru inspect "A slow start, but the ending is superb."
    imdb-gru inspect -- units
    imdb-gru inspect units
    imdb-gru inspect step "A slow start, but the ending is superb." --word 9 --unit 7
    imdb-gru inspect diff "A slow start." "A superb start."
    imdb-gru inspect gradients --run runs/gru --run runs/simple_rnn
    """


@dataclass(frozen=True)
class Files:
    """The files to which an inspection is written."""

    html: Path | None
    plots: Path | None
    npz: Path | None

    def are_wanted(self) -> bool:
        """Return whether the user asked for any file."""
        return bool(self.html or self.plots or self.npz)

    def check(self) -> None:
        """Raise an error, before any work is done, if one of the files cannot be written."""
        if self.html and self.npz and self.html.absolute() == self.npz.absolute():
            raise click.UsageError(f"--html and --npz both write {self.html}: choose different files")
        if self.html:
            from imdb_gru.system.writing import check_file

            check_file(self.html)
        if self.plots:
            from imdb_gru.report.charts import check_charts

            check_charts(self.plots)
        if self.npz:
            from imdb_gru.system.writing import check_parent

            check_parent(self.npz, "write")

    def limit(self, texts: Iterable[str]) -> list[str]:
        """Return the texts, or raise `UsageError` if there are none, or more texts than a file can hold."""
        most = 1 if self.npz or self.plots else MOST_TEXTS
        taken = list(itertools.islice(texts, most + 1))
        if not taken:
            raise click.UsageError("the input contains no text: give a text, or a file with texts")
        if len(taken) > most:
            raise click.UsageError(
                "--npz and --plots accept only one text, but the input has more"
                if most == 1
                else f"--html accepts at most {most} texts, but the input has more"
            )
        return taken

    def write(self, inspections: list["Inspection"], run: str) -> None:
        """Write the files that the user asked for; the charts name the run."""
        if self.npz:
            from imdb_gru.inspection import save_arrays

            save_arrays(self.npz, inspections[0])
            say(f"wrote {self.npz}")
        if self.plots:
            from imdb_gru.report.charts import save_charts
            from imdb_gru.report.inspections import build_inspection_charts

            charts = build_inspection_charts(inspections[0])
            save_charts(charts, self.plots, f"{run}: {inspections[0].text}")
            say(f"saved {len(charts)} charts in {self.plots}")
        if self.html:
            from imdb_gru.report.page import write_explorer

            write_explorer(self.html, inspections)
            say(f"wrote {self.html}")


@inspect.command("text", short_help="Explain texts word by word; the default command.")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@run_option
@input_options()
@number_option("--words", "List the N words that contribute most to the prediction.", default=30)
@number_option("--layer", "The recurrent layer to show [default: the last].", metavar="L")
@number_option("--unit", "Show the gates of one unit; the first unit is 0.", least=0, metavar="K")
@click.option(
    "--html", type=FILE_PATH, metavar="FILE", help="Write an HTML page that explains every word of the texts."
)
@plots_option("Save the charts of one text", path_type=FOLDER_PATH)
@click.option("--npz", type=FILE_PATH, metavar="FILE", help="Save all arrays of one text in this .npz file.")
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
    """Explain texts: how each word changes the probability, what the gates do, and what the model remembers.

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
    inspections: Iterable[Inspection] = count_seen(made, classifier.text, reader, EventPrinter())
    if files.are_wanted():  # files are written first, because the reader of stdout may close it early
        inspections = list(inspections)
        files.write(inspections, str(classifier.run))
    headed = len(reader.texts) != 1
    for inspection in inspections:
        show_inspection(inspection, words, layer, unit, headed=headed, as_json=as_json)


def _check_view(classifier: "Classifier", layer: int | None, unit: int | None) -> None:
    model = classifier.config.model
    if layer is not None and layer > model.layers:
        raise click.UsageError(f"--layer {layer}: the number of recurrent layers in this run is {model.layers}")
    if unit is not None and unit >= model.units:
        raise click.UsageError(f"--unit {unit}: this run's layers have units 0 to {model.units - 1}")


@inspect.command(short_help="Work out one unit at one word: the equations in numbers.")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@number_option("--word", "The word to work out, by its number; 0 is the start token [default: the last].", least=0)
@number_option(
    "--unit", "The unit to work out; the first unit is 0 [default: the one that changes most].", least=0, metavar="K"
)
@number_option("--layer", "The recurrent layer to work out [default: the last].", metavar="L")
@number_option("--terms", "List the N largest terms of each product.", default=3)
@run_option
@input_options()
@json_option
def step(
    texts: tuple[str, ...],
    word: int | None,
    unit: int | None,
    layer: int | None,
    terms: int,
    run_path: Path | None,
    file: "DataConfig | None",
    as_json: bool,
) -> None:
    """Work out what one unit computes at one word: the equations of its cell, in symbols and in numbers.

    The numbers are rounded to four decimals. With a calculator, they give the next state from the one before it.

    \b
    imdb-gru inspect step "A slow start, but the ending is superb." --word 9 --unit 7
    """
    reader = open_reader(texts, file, "inspect step")
    from imdb_gru.cli._tables.step import show_step
    from imdb_gru.models.bulk import count_seen
    from imdb_gru.models.classifier import Classifier

    classifier = Classifier.load(open_run(run_path))
    _check_view(classifier, layer, unit)
    encoded = map(classifier.encode, reader.follow("inspecting"))
    for text in count_seen(encoded, classifier.text, reader, EventPrinter()):
        _check_word(text, word)
        worked_out = classifier.inspect_step(text.text, word=word, unit=unit, layer=layer)
        show_step(worked_out, terms, headed=len(reader.texts) != 1, as_json=as_json)


def _check_word(text: "EncodedText", word: int | None) -> None:
    if word is not None and word > text.read:
        from imdb_gru.models.timesteps import shorten

        shown = shorten(text.text, LONGEST_TEXT)
        raise click.UsageError(f'--word {word}: the words of "{shown}" are 0 (the start token) to {text.read}')


@inspect.command(short_help="Compare two texts word by word, side by side.")
@click.argument("text", metavar="TEXT")
@click.argument("other", metavar="OTHER")
@run_option
@json_option
def diff(text: str, other: str, run_path: Path | None, as_json: bool) -> None:
    """Compare TEXT with an OTHER text word by word: what was changed, and how the probability changed with it.

    \b
    imdb-gru inspect diff "A slow start." "A superb start."
    """
    reader = open_reader((text, other), None, "inspect diff")
    from imdb_gru.cli._tables.diff import show_diff
    from imdb_gru.models.bulk import count_seen
    from imdb_gru.models.classifier import Classifier

    classifier = Classifier.load(open_run(run_path))
    compared = classifier.inspect_diff(*reader)
    show_diff(compared, as_json=as_json)
    list(count_seen((compared.inspection, compared.other), classifier.text, reader, EventPrinter()))


@inspect.command(short_help="List the words that change each unit most.")
@review_options
@run_option
@number_option("--words", "List the N words that raise each unit most, and the N that lower it most.", default=5)
@json_option
def units(chosen: ReviewChoice, run_path: Path | None, words: int, as_json: bool) -> None:
    """List the words that raise and lower each unit of the last layer most, on average over reviews.

    If neither TEXT nor --input is given, the reviews are a split of --data, or of the data the run was trained on.

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
        say(f"no word occurs at least {MIN_COUNT} times: use more reviews")
    if as_json:
        click.echo(dump_json([unit._asdict() for unit in driven]))
    else:
        print_units(driven)


@inspect.command(short_help="Measure how far gradients reach back in time.")
@review_options
@click.option(
    "--run",
    "run_paths",
    multiple=True,
    type=PATH,
    metavar="DIR",
    help=f"{RUN_HELP} Repeat this option to compare runs.",
)
@plots_option("Save charts of the curves", path_type=FOLDER_PATH)
@json_option
def gradients(chosen: ReviewChoice, run_paths: tuple[Path, ...], plots: Path | None, as_json: bool) -> None:
    """Measure how much of the gradient remains at each distance from the last word, as a median over reviews.

    If neither TEXT nor --input is given, the reviews are a split of --data, or of the data the run was trained on.

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
        raise click.UsageError("the input contains no reviews: give texts, --input or --data")
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

    save_charts(build_gradient_charts(curves), folder, ", ".join(curves))
    say(f"saved the charts in {folder}")
