"""imdb-gru predict: call texts positive or negative."""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from imdb_gru.cli.options import json_option, open_run, run_option, say
from imdb_gru.cli.texts import TextReader, choose_input, input_option, take_notes

if TYPE_CHECKING:
    from imdb_gru.classifier import Prediction

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_SUFFIXES = (".jsonl", ".ndjson")


@click.command()
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@run_option
@click.option("--timesteps", is_flag=True, help="Show the probability after every word.")
@input_option
@click.option("--text-column", metavar="NAME", help="A table's column of texts, where its name is uncommon.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to a file instead of stdout; .csv, .tsv and .jsonl are written as such.",
)
@click.option(
    "--plot", type=click.Path(path_type=Path), metavar="FILE", help="Draw one text's beliefs, as .png or .svg."
)
@json_option
def predict(
    texts: tuple[str, ...],
    run_path: Path | None,
    timesteps: bool,
    input_path: Path | None,
    text_column: str | None,
    output: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Call texts positive or negative, and say how likely positive is.

    \b
    imdb-gru predict --timesteps "I expected it to be dull, but it was wonderful."
    """
    as_json = as_json or (output is not None and output.suffix in JSON_SUFFIXES)
    delimiter = DELIMITERS.get(output.suffix) if output and not as_json else None
    if delimiter and timesteps:
        raise click.UsageError("a table has no place for timesteps: write them to a .jsonl or .txt file")
    if plot:
        _check_plot(plot, texts)
    reader = TextReader(texts, choose_input(texts, input_path, "predict"), text_column, "predicting")
    if output:
        _check_output(output, input_path)
    from imdb_gru.classifier import Classifier

    classifier = Classifier.load(open_run(run_path))
    predictions = classifier.predict(reader, timesteps=timesteps or plot is not None)
    with _open_output(output) as stream:
        noted = take_notes(predictions, classifier.config.text, reader)
        if delimiter:
            _write_table(noted, stream, delimiter)
            return
        for prediction in noted:
            if plot:
                _draw(prediction, plot)
            _write(prediction, stream, as_json=as_json, timesteps=timesteps, many=len(texts) != 1)


def _check_plot(path: Path, texts: tuple[str, ...]) -> None:
    from imdb_gru.report.plot import check_plot_path

    if len(texts) != 1:
        raise click.UsageError("--plot draws one text: give it as the argument")
    check_plot_path(path)


def _check_output(path: Path, input_path: Path | None) -> None:
    if path.is_dir():
        raise click.UsageError(f"--output {path} is a folder: name a file")
    if path.suffix == ".json":
        raise click.UsageError(f"--output {path}: results are one JSON object a line, so name it .jsonl")
    if input_path and path.is_file() and input_path.is_file() and path.samefile(input_path):
        raise click.UsageError(f"--output {path} is what --input reads: name another file")


def _draw(prediction: "Prediction", path: Path) -> None:
    from imdb_gru.report.plot import plot_timesteps

    assert prediction.probabilities is not None
    plot_timesteps(path, prediction.tokens, prediction.probabilities.tolist())
    say(f"drew {path}")


@contextlib.contextmanager
def _open_output(path: Path | None) -> Iterator[TextIO]:
    """Open stdout, or a file that takes its name only once it is whole."""
    if path is None:
        yield sys.stdout
        return
    from imdb_gru.errors import DataError

    try:
        with _open_file(path) as file:
            yield file
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}; name another file with --output") from error


@contextlib.contextmanager
def _open_file(path: Path) -> Iterator[TextIO]:
    """Open a file that takes its name only once it is whole; a pipe or a device is written to as it is."""
    from imdb_gru.run import write_atomically

    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as file:
            yield file
    else:
        with write_atomically(path.resolve()) as temporary, temporary.open("w", encoding="utf-8") as file:
            yield file


def _write_table(predictions: "Iterable[Prediction]", stream: TextIO, delimiter: str) -> None:
    import csv

    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow(("text", "label", "probability"))
    for prediction in predictions:
        writer.writerow((prediction.text, prediction.label, prediction.probability))


def _write(prediction: "Prediction", stream: TextIO, *, as_json: bool, timesteps: bool, many: bool) -> None:
    """Write one result: JSON, a person's view in a terminal, or tab-separated lines."""
    if as_json:
        from imdb_gru.classifier import encode_json

        stream.write(encode_json(prediction, timesteps=timesteps) + "\n")
        return
    from imdb_gru.report.timesteps import format_plain, print_view
    from imdb_gru.text.neutral import neutralise

    text = f"\t{neutralise(prediction.text)}" if many else ""
    if not stream.isatty():
        stream.write(f"{prediction.label}\t{prediction.probability:.4f}{text}\n")
        if timesteps:
            assert prediction.probabilities is not None
            stream.write(format_plain(prediction.tokens, prediction.probabilities.tolist()).rstrip("\n") + "\n")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream)
    verdict = Text(f"{prediction.label} {prediction.probability:.4f}", style="bold")
    console.print(verdict + Text(text.replace("\t", "  ")), no_wrap=True, overflow="ellipsis")
    if timesteps:
        assert prediction.probabilities is not None
        print_view(prediction.tokens, prediction.probabilities.tolist(), console)
