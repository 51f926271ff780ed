"""imdb-gru predict: call texts positive or negative."""

import contextlib
import io
import itertools
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from imdb_gru.cli.layout import Layout
from imdb_gru.cli.options import LOCATION, PATH, Command, json_option, open_run, run_option, say
from imdb_gru.cli.scoring import Request, engine_options, identify_run, score_on_ray
from imdb_gru.cli.texts import TextReader, choose_input, take_notes
from imdb_gru.counts import Counts

if TYPE_CHECKING:
    from imdb_gru.classifier import Classifier, Prediction
    from imdb_gru.run import Run

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_SUFFIXES = (".jsonl", ".ndjson")


@click.command(cls=Command)
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@run_option
@click.option("--timesteps", is_flag=True, help="Show the probability after every word.")
@click.option(
    "--input",
    "input_name",
    type=LOCATION,
    metavar="FILE",
    help="One review a line, or a .csv, .tsv, .jsonl or .parquet table; - is stdin. On Ray, tables alone: a file, "
    "a folder, a glob, or an address such as s3://bucket/reviews.",
)
@click.option("--text-column", metavar="NAME", help="A table's column of texts, where its name is uncommon.")
@click.option(
    "--output",
    "output_name",
    type=LOCATION,
    metavar="FILE",
    help="Write to a file instead of stdout, -; .csv, .tsv and .jsonl are written as such. On Ray, a folder or an "
    "address, for Parquet.",
)
@click.option("--plot", type=PATH, metavar="FILE", help="Draw one text's beliefs, as .png or .svg.")
@click.option(
    "--resume",
    is_flag=True,
    help="Keep what is scored of --input in FILE.partial beside --output until all is, and go on from there. On Ray, "
    "go on after the partitions that are done.",
)
@engine_options
@json_option
def predict(
    texts: tuple[str, ...],
    run_path: Path | None,
    timesteps: bool,
    input_name: str | None,
    text_column: str | None,
    output_name: str | None,
    plot: Path | None,
    resume: bool,
    engine: str,
    workers: int | None,
    address: str | None,
    as_json: bool,
) -> None:
    """Call texts positive or negative, and say how likely positive is.

    \b
    imdb-gru predict --timesteps "I expected it to be dull, but it was wonderful."
    imdb-gru predict --engine ray --input reviews/ --output predicted/
    """
    if engine == "ray":
        if texts or plot or not (input_name and output_name):
            raise click.UsageError("--engine ray goes with --input and --output, not with texts or --plot")
        request = Request(input_name, output_name, text_column, timesteps, resume, workers, address, as_json)
        score_on_ray(run_path, request)
        return
    if workers or address:
        raise click.UsageError("--workers and --address go with --engine ray")
    input_path = None if input_name is None else Path(input_name)
    output = None if output_name in (None, "-") else Path(output_name)
    as_json = as_json or (output is not None and output.suffix in JSON_SUFFIXES)
    delimiter = DELIMITERS.get(output.suffix) if output and not as_json else None
    if delimiter and timesteps:
        raise click.UsageError("a table has no place for timesteps: write them to a .jsonl or .txt file")
    if plot:
        _check_plot(plot, texts)
    reader = TextReader(texts, choose_input(texts, input_path, "predict"), text_column)
    if output:
        _check_output(output, input_path)
    if resume and not (output and input_path and input_path.is_file() and (output.is_file() or not output.exists())):
        raise click.UsageError("--resume goes with --input FILE and --output FILE, both plain files")
    from imdb_gru.classifier import Classifier

    run = open_run(run_path)
    classifier = Classifier.load(run)
    layout = Layout(delimiter, as_json=as_json, timesteps=timesteps, many=len(texts) != 1)
    if resume:
        assert output is not None
        _resume(run, classifier, reader, layout, output)
        return
    with _open_output(output) as stream, reader.show_bar("predicting") as observe:
        predictions = classifier.predict_many(reader, timesteps=timesteps or plot is not None, observe=observe)
        layout.begin(stream)
        for prediction in take_notes(predictions, classifier.config.text, reader):
            if plot:
                _draw(prediction, plot)
            with _above_bar(stream):
                layout.write(prediction, stream)


def _above_bar(stream: TextIO) -> contextlib.AbstractContextManager[None]:
    """Take a bar away while a person's terminal is written to."""
    if "tqdm" not in sys.modules or not stream.isatty():
        return contextlib.nullcontext()
    from tqdm import tqdm

    return tqdm.external_write_mode(stream)


def _check_plot(path: Path, texts: tuple[str, ...]) -> None:
    from imdb_gru.report.plot import check_plot_path

    if len(texts) != 1:
        raise click.UsageError("--plot draws one text: give it as the argument")
    check_plot_path(path)


def _check_output(path: Path, input_path: Path | None) -> None:
    if path.is_dir():
        raise click.UsageError(f"--output {path} is a folder: name a file")
    if path.suffix == ".parquet":
        raise click.UsageError(f"--output {path}: name a .csv, .tsv or .jsonl; --engine ray writes Parquet")
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
    """Open stdout, or a file that takes its name only once it is whole; a pipe or a device is written to as it is."""
    if path is None:
        yield sys.stdout
        return
    from imdb_gru.writing import write_atomically

    with _explain_failure(path):
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as file:
                yield file
        else:
            with write_atomically(path.resolve()) as temporary, temporary.open("w", encoding="utf-8") as file:
                yield file


@contextlib.contextmanager
def _explain_failure(path: Path) -> Iterator[None]:
    from imdb_gru.errors import DataError

    try:
        yield
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}; name another file with --output") from error


def _resume(run: "Run", classifier: "Classifier", reader: TextReader, layout: Layout, output: Path) -> None:
    """Write the output chunk by chunk into the partial file, from where it stands, and then as a whole."""
    from imdb_gru.classifier import CHUNK
    from imdb_gru.partial import open_partial

    path = output.resolve().with_name(f"{output.resolve().name}.partial")
    with _explain_failure(output), open_partial(path, _identify(run, reader, layout)) as partial:
        counts = Counts(**partial.counts)
        if counts.all:
            say(f"going on after {counts.all} reviews")
        texts = itertools.islice(reader, counts.all, None)  # from the start of a chunk, or from the end
        try:
            with reader.show_bar("predicting", counts.all) as observe:
                predictions = classifier.predict_many(texts, timesteps=layout.timesteps, observe=observe)
                noted = take_notes(predictions, classifier.config.text, reader, counts=counts)
                while chunk := list(itertools.islice(noted, CHUNK)):
                    stream = io.StringIO()
                    for prediction in chunk:
                        layout.write(prediction, stream)
                    partial.append(stream.getvalue(), asdict(counts))
        except KeyboardInterrupt:
            say(f"stopped after {partial.counts.get('all', 0)} reviews; the same command goes on from there")
            raise
        with _open_output(output) as file:
            layout.begin(file)
            partial.copy_to(file)


def _identify(run: "Run", reader: TextReader, layout: Layout) -> dict[str, Any]:
    """Return what decides the output, by the names that a person knows it by."""
    from imdb_gru import __version__
    from imdb_gru.reading import hash_file

    assert reader.path is not None
    return {
        "version of imdb-gru": __version__,
        "input": hash_file(reader.path),
        "run": identify_run(run),
        "set of options": {**asdict(layout), "text_column": reader.text_column},
    }
