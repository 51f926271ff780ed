"""The `imdb-gru inspect step` command, which shows how the state of one unit is computed at one word."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import input_options
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import json_option, number_option, open_run, run_option
from imdb_gru.cli._texts import open_reader
from imdb_gru.cli.inspect.text import check_view

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.corpus.encoded import EncodedText


LONGEST_TEXT = 40
"""Maximum length (in characters) of a text in an error message."""


@click.command(cls=Command, short_help="Show the equations of one unit at one word, in numbers.")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@number_option("--word", "The number of the word to show; 0 is the start token [default: the last].", least=0)
@number_option(
    "--unit", "The unit to show; the first unit is 0 [default: the one that changes most].", least=0, metavar="K"
)
@number_option("--layer", "The recurrent layer to show [default: the last].", metavar="L")
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
    """Show what one unit computes at one word: the equations of its cell, in symbols and in numbers.

    The numbers are rounded to four decimals. You can check the new state with a calculator.

    \b
    imdb-gru inspect step "A slow start, but the ending is superb." --word 9 --unit 7
    """
    reader = open_reader(texts, file, "inspect step")
    from imdb_gru.cli._tables.step import show_step
    from imdb_gru.models.bulk import count_seen
    from imdb_gru.models.classifier import Classifier

    classifier = Classifier.load(open_run(run_path))
    check_view(classifier, layer, unit)
    encoded = map(classifier.encode, reader.follow("inspecting"))
    for text in count_seen(encoded, classifier.text, reader, EventPrinter()):
        _check_word(text, word)
        worked_out = classifier.inspect_step(text.text, word=word, unit=unit, layer=layer)
        show_step(worked_out, terms, headed=len(reader.texts) != 1, as_json=as_json)


def _check_word(text: "EncodedText", word: int | None) -> None:
    if word is not None and word > text.read:
        from imdb_gru.models.timesteps import shorten

        shown = shorten(text.text, LONGEST_TEXT)
        raise click.UsageError(f'--word {word}: the words of "{shown}" are numbered 0 (the start token) to {text.read}')
