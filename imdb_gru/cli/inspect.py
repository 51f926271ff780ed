"""imdb-gru inspect: see what a model does with a text, word by word."""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._inspect_reviews import ReviewChoice, show_gradients, show_units
from imdb_gru.cli._options import FILE_PATH, FOLDER_PATH, PATH, Command, json_option, open_run, other_data_options, say
from imdb_gru.cli._texts import input_option, open_reader
from imdb_gru.cli._training import Narrator

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.inspection import Inspection
    from imdb_gru.models.classifier import Classifier

WORDS, WORDS_A_UNIT = 30, 5
MOST_TEXTS = 200
"""On a page."""


@click.command(cls=Command)
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option(
    "--run",
    "run_paths",
    multiple=True,
    type=PATH,
    metavar="DIR",
    help="The run to use; without it, the newest complete one under runs/, else the one that ships with the package. "
    "Several with --gradients.",
)
@input_option
@click.option(
    "--words",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"List the N words that weigh most [default: {WORDS}, with --units {WORDS_A_UNIT}].",
)
@click.option("--layer", type=click.IntRange(min=1), metavar="L", help="The recurrent layer to list [default: last].")
@click.option("--unit", type=click.IntRange(min=0), metavar="K", help="Follow one unit, counted from 0.")
@click.option("--html", type=FILE_PATH, metavar="FILE", help="Write a page on which to move over the words.")
@click.option("--plots", type=FOLDER_PATH, metavar="DIR", help="Draw .png and .svg.")
@click.option("--npz", type=FILE_PATH, metavar="FILE", help="Write all of one text's arrays.")
@click.option("--units", is_flag=True, help="Name the words that drive each unit, over reviews.")
@click.option("--gradients", is_flag=True, help="Follow the gradient back through time, over texts or reviews.")
@click.option("--reviews", type=click.IntRange(min=1), metavar="N", help="Take N reviews of the split.")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="The reviews of --units and --gradients [default: validation; with --data, that of evaluate].",
)
@other_data_options
@json_option
def inspect(
    texts: tuple[str, ...],
    run_paths: tuple[Path, ...],
    input_path: Path | None,
    words: int | None,
    layer: int | None,
    unit: int | None,
    html: Path | None,
    plots: Path | None,
    npz: Path | None,
    units: bool,
    gradients: bool,
    reviews: int | None,
    split: str | None,
    data: "DataConfig | None",
    as_json: bool,
) -> None:
    """Show, word by word, what moved the belief, what the gates did, and what of it is left at the end.

    \b
    imdb-gru inspect "A slow start, but the ending is superb."
    imdb-gru inspect --units
    imdb-gru inspect --gradients --run runs/gru --run runs/simple_rnn
    """
    if len(run_paths) > 1 and not gradients:
        raise click.UsageError("several --run go with --gradients: name one")
    if units or gradients:
        if html or npz or unit is not None or layer or (units and (gradients or plots)):
            raise click.UsageError(
                "--units and --gradients go alone: leave --html, --npz, --unit, --layer (and --plots with --units) out"
            )
        chosen = ReviewChoice(texts, input_path, data, split, reviews)
        if units:
            show_units(run_paths[0] if run_paths else None, chosen, words or WORDS_A_UNIT, as_json=as_json)
        else:
            show_gradients(run_paths, chosen, plots, as_json=as_json)
        return
    if split or reviews or (data and (data.path or data.label_column)):
        raise click.UsageError("--data, --split and --reviews go with --units and --gradients; --input names a file")
    _check_outputs(html, plots, npz)
    reader = open_reader(texts, input_path, data.text_column if data else None, "inspect")
    came_in: Iterable[str] = reader.follow("inspecting")
    if html or npz or plots:
        came_in = _limit(came_in, 1 if npz or plots else MOST_TEXTS)
    from imdb_gru.cli._inspect_table import print_inspection
    from imdb_gru.models.bulk import count_seen
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.system.escaping import dump_json

    classifier = Classifier.load(open_run(run_paths[0] if run_paths else None))
    _check_view(classifier, layer, unit)
    inspections: Iterable[Inspection] = count_seen(
        (classifier.inspect(text) for text in came_in), classifier.config.text, reader, Narrator()
    )
    if html or npz or plots:  # written before anything is printed, as whoever reads stdout may not read it to its end
        inspections = list(inspections)
        _write(inspections, html, plots, npz)
    for inspection in inspections:
        if as_json:
            click.echo(dump_json(inspection.to_dict()))
        else:
            print_inspection(inspection, words or WORDS, layer, unit)


def _limit(reader: Iterable[str], most: int) -> list[str]:
    """Return the texts; a file of results holds so many at most."""
    texts = list(itertools.islice(reader, most + 1))
    if not texts:
        raise click.UsageError("no text came in: give one, or a file that holds some")
    if len(texts) > most:
        only = "one text" if most == 1 else f"{most} texts at most"
        raise click.UsageError(f"{'--npz and --plots take' if most == 1 else '--html takes'} {only}, and more came in")
    return texts


def _check_outputs(html: Path | None, plots: Path | None, npz: Path | None) -> None:
    """Raise where a file could not be written after all the work."""
    if html and npz and html.absolute() == npz.absolute():
        raise click.UsageError(f"--html and --npz both name {html}: name two files")
    if html:
        from imdb_gru.report.page import check_page

        check_page(html)
    if plots:
        from imdb_gru.report.charts import check_charts

        check_charts(plots)
    if npz:
        from imdb_gru.system.writing import check_parent

        check_parent(npz, "write")


def _check_view(classifier: "Classifier", layer: int | None, unit: int | None) -> None:
    model = classifier.config.model
    if layer is not None and layer > model.layers:
        raise click.UsageError(f"--layer {layer}: this run has {model.layers} recurrent layer(s)")
    if unit is not None and unit >= model.units:
        raise click.UsageError(f"--unit {unit}: this run's layers have units 0 to {model.units - 1}")


def _write(inspections: list["Inspection"], html: Path | None, plots: Path | None, npz: Path | None) -> None:
    if npz:
        from imdb_gru.inspection import save_arrays

        save_arrays(npz, inspections[0])
        say(f"wrote {npz}")
    if plots:
        from imdb_gru.report.charts import save_charts
        from imdb_gru.report.inspections import build_inspection_charts

        charts = build_inspection_charts(inspections[0])
        save_charts(charts, plots)
        say(f"drew {len(charts)} charts into {plots}")
    if html:
        from imdb_gru.report.page import write_explorer

        write_explorer(html, inspections)
        say(f"wrote {html}")
