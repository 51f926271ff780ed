"""The `imdb-gru predict` command, which predicts whether texts are positive or negative."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import input_options
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import (
    LOCATION,
    PATH,
    check_threshold_alone,
    json_option,
    max_error_option,
    open_run,
    precision_option,
    run_option,
    threshold_option,
)
from imdb_gru.cli._ray_prediction import RayRequest, engine_options, predict_on_ray
from imdb_gru.cli._tables.predictions import show_predictions
from imdb_gru.cli._texts import open_reader

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig
    from imdb_gru.models.precision import Precision


@click.command(cls=Command, short_help="Predict whether texts are positive or negative.")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@run_option
@click.option("--timesteps", is_flag=True, help="Show the probability after each word.")
@input_options(
    " A folder selects all tables in it, and a quoted glob selects all tables that match it. --engine ray accepts only "
    "tables, which may be at an address such as s3://bucket/reviews."
)
@click.option(
    "--output",
    "output_name",
    type=LOCATION,
    metavar="FILE",
    help="Write the predictions to FILE: a .csv, .tsv or .jsonl table with the other columns of the input table, or a "
    ".txt file of plain lines; - (the default) means stdout. If --input selects several tables, FILE may be a folder, "
    "which receives one file per table. With --engine ray, FILE is a folder or an address for Parquet files.",
)
@click.option(
    "--plot",
    type=PATH,
    metavar="FILE",
    help="Save a chart of the probability after each word of one text, as .png, .svg or .pdf.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Write the predictions to FILE.partial, next to FILE, until all are finished; if FILE.partial already exists, "
    "resume from it. With --engine ray, skip the partitions that are already finished.",
)
@threshold_option
@max_error_option(
    "Label a text 'unsure' if the model is not confident enough. The limit is derived from the run's validation "
    "reviews so that, with 90 % confidence, at most SHARE (such as 5%) of the other labels are wrong."
)
@precision_option
@engine_options
@json_option
def predict(
    texts: tuple[str, ...],
    run_path: Path | None,
    timesteps: bool,
    file: "DataConfig | None",
    output_name: str | None,
    plot: Path | None,
    resume: bool,
    threshold: float | None,
    max_error: float | None,
    precision: "Precision",
    engine: str,
    workers: int | None,
    address: str | None,
    as_json: bool,
) -> None:
    """Predict whether texts are positive or negative, and show the probability that each text is positive.

    \b
    imdb-gru predict --timesteps "I expected it to be dull, but it was wonderful."
    imdb-gru predict --input inbox/ --output predictions.csv
    imdb-gru predict --engine ray --input reviews/ --output predicted/
    """
    if plot and threshold is not None:
        raise click.UsageError("--plot shows where the probability crosses 0.5, so it cannot be used with --threshold")
    check_threshold_alone(threshold, max_error)
    threshold = 0.5 if threshold is None else threshold
    _check_engine(engine, texts, file, output_name, plot, workers, address)
    if engine == "ray" and file and output_name:
        request = RayRequest(
            file, output_name, timesteps, resume, workers, address, threshold, max_error, precision, as_json
        )
        predict_on_ray(run_path, request)
        return
    output = None if output_name == "-" else output_name
    _check_outputs(texts, file, output, plot, resume=resume)
    reader = open_reader(texts, file, "predict", output)
    from imdb_gru.models.bulk import predict_file
    from imdb_gru.models.classifier import Classifier
    from imdb_gru.models.inputs import TableFiles
    from imdb_gru.models.outputs import FileFormat

    classifier = Classifier.load(open_run(run_path), threshold, precision)
    if output:
        predict_file(
            reader,
            output,
            model=classifier,
            timesteps=timesteps,
            max_error=max_error,
            as_json=as_json,
            resume=resume,
            observer=EventPrinter(),
        )
    else:
        several, many = isinstance(reader, TableFiles), len(reader.texts) != 1
        layout = FileFormat.choose(None, as_json=as_json, timesteps=timesteps, many=many, placed=several)
        show_predictions(classifier, reader, layout, plot, max_error)


def _check_engine(
    engine: str,
    texts: tuple[str, ...],
    file: "DataConfig | None",
    output: str | None,
    plot: Path | None,
    workers: int | None,
    address: str | None,
) -> None:
    if engine == "ray" and (texts or plot or not (file and file.path and output)):
        raise click.UsageError("--engine ray needs --input and --output, and cannot be used with texts or --plot")
    if engine != "ray" and (workers or address):
        raise click.UsageError("--workers and --address need --engine ray")


def _check_outputs(
    texts: tuple[str, ...], file: "DataConfig | None", output: str | None, plot: Path | None, *, resume: bool
) -> None:
    if plot:
        from imdb_gru.report.timestep_chart import check_plot_path

        if len(texts) != 1 or output:
            raise click.UsageError("--plot needs exactly one text as an argument, and cannot be used with --output")
        check_plot_path(plot)
    if resume and not (output and file and file.path):
        raise click.UsageError("--resume needs --input FILE and --output FILE, and both must be regular files")
