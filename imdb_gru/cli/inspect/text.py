"""The `imdb-gru inspect text` command, which explains texts and is the default command of its group."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import input_options
from imdb_gru.cli._messages import EventPrinter, say
from imdb_gru.cli._options import FILE_PATH, FOLDER_PATH, json_option, number_option, open_run, plots_option, run_option
from imdb_gru.cli._texts import open_reader

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.inspection import Inspection
    from imdb_gru.models.classifier import Classifier


MOST_TEXTS = 200
"""Maximum number of texts on one HTML page."""


@dataclass(frozen=True)
class Files:
    """The files to write an inspection to; each is None unless the user asked for it."""

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
        """Return the texts. Raises `UsageError` if there are no texts, or too many for the requested files."""
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
        """Write the files that the user asked for; `run` appears in the titles of the charts."""
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


@click.command("text", cls=Command, short_help="Explain texts word by word; the default command.")
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
@click.option(
    "--npz", type=FILE_PATH, metavar="FILE", help="Save all arrays of the inspection of one text in this .npz file."
)
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
    check_view(classifier, layer, unit)
    made = (classifier.inspect(text) for text in came_in)
    inspections: Iterable[Inspection] = count_seen(made, classifier.text, reader, EventPrinter())
    if files.are_wanted():  # before printing, because the program that reads stdout may close the pipe early
        inspections = list(inspections)
        files.write(inspections, str(classifier.run))
    headed = len(reader.texts) != 1
    for inspection in inspections:
        show_inspection(inspection, words, layer, unit, headed=headed, as_json=as_json)


def check_view(classifier: "Classifier", layer: int | None, unit: int | None) -> None:
    """Raise `UsageError` if the network has no such layer or unit."""
    model = classifier.config.model
    if layer is not None and layer > model.layers:
        raise click.UsageError(f"--layer {layer}: the last recurrent layer of this run is {model.layers}")
    if unit is not None and unit >= model.units:
        raise click.UsageError(f"--unit {unit}: this run's layers have units 0 to {model.units - 1}")
