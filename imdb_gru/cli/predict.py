"""imdb-gru predict: predict whether texts are positive or negative."""

from pathlib import Path

import click

from imdb_gru.cli._bulk import Request, engine_options, predict_on_ray
from imdb_gru.cli._layout import show_predictions
from imdb_gru.cli._options import LOCATION, PATH, Command, json_option, open_run, run_option
from imdb_gru.cli._texts import open_reader
from imdb_gru.cli._training import Narrator


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
@click.option("--plot", type=PATH, metavar="FILE", help="Draw one text's probabilities, as .png or .svg.")
@click.option(
    "--resume",
    is_flag=True,
    help="Keep finished predictions in FILE.partial beside --output until all are there, and resume from it. On Ray, "
    "resume after the finished partitions.",
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
    """Predict whether texts are positive or negative, with the probability of positive.

    \b
    imdb-gru predict --timesteps "I expected it to be dull, but it was wonderful."
    imdb-gru predict --engine ray --input reviews/ --output predicted/
    """
    if engine == "ray":
        if texts or plot or not (input_name and output_name):
            raise click.UsageError("--engine ray goes with --input and --output, not with texts or --plot")
        request = Request(input_name, output_name, text_column, timesteps, resume, workers, address, as_json)
        predict_on_ray(run_path, request)
        return
    if workers or address:
        raise click.UsageError("--workers and --address go with --engine ray")
    output = None if output_name in (None, "-") else Path(output_name)
    if plot:
        _check_plot(plot, texts, output)
    if resume and not (output and input_name):
        raise click.UsageError("--resume goes with --input FILE and --output FILE, both plain files")
    reader = open_reader(texts, None if input_name is None else Path(input_name), text_column, "predict")
    from imdb_gru.models.bulk import FileFormat, check_output, predict_file
    from imdb_gru.models.classifier import Classifier

    layout = FileFormat.choose(output, as_json=as_json, timesteps=timesteps, many=len(texts) != 1)
    if output:
        check_output(output, reader.path)
    model = Classifier.load(open_run(run_path))
    if output:
        predict_file(
            reader, output, model=model, timesteps=timesteps, as_json=as_json, resume=resume, observer=Narrator()
        )
    else:
        show_predictions(model, reader, layout, plot)


def _check_plot(path: Path, texts: tuple[str, ...], output: Path | None) -> None:
    from imdb_gru.report.plot import check_plot_path

    if len(texts) != 1 or output:
        raise click.UsageError("--plot draws one text: give it as the argument, without --output")
    check_plot_path(path)
