"""The `imdb-gru export` command, which writes a model in a format that other programs can use."""

from pathlib import Path

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._options import PATH, json_option, open_run, run_options


@click.command(cls=Command, short_help="Write a model for use in other programs or on web pages.")
@run_options
@click.option(
    "--next-word",
    is_flag=True,
    help="Export a next-word model. RUN must then be a next-word run [default: the newest complete one under runs/; "
    "otherwise, the model in the package].",
)
@click.option(
    "--format",
    type=click.Choice(["onnx", "web"]),
    default="onnx",
    show_default=True,
    help="The format: onnx (needs the extra 'onnx') or web (a JavaScript module for browsers and Node).",
)
@click.option("--output", type=PATH, metavar="FOLDER", required=True, help="The folder to write to, new or empty.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier export in the folder.")
@json_option
def export(
    run_path: Path | None,
    next_word: bool,
    format: str,
    output: Path,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write a model with its vocabulary and tokenizer into a folder, for programs that do not use imdb-gru.

    The README.md in the folder shows how to use the model: with --format onnx, in Python with only ONNX Runtime; with
    --format web, on a web page and in Node. The probabilities differ from those of imdb-gru by less than 0.00001. To
    test an implementation in another language, use the texts and predictions in examples.jsonl.

    \b
    imdb-gru export bundled --format web --output exported
    """
    run = open_run(run_path, "next_word" if next_word else "sentiment")
    from imdb_gru.exporting.export import export
    from imdb_gru.models.next_word import load_next_word
    from imdb_gru.system.escaping import dump_json, neutralise

    model = load_next_word(run) if next_word else run
    folder = export(model, format=format, path=output, overwrite=overwrite)
    files = {file.name: file.stat().st_size for file in sorted(folder.iterdir())}
    if as_json:
        click.echo(dump_json({"run": str(run), "format": format, "folder": str(folder), "files": files}))
    else:
        for name in files:
            click.echo(neutralise(str(folder / name)))
