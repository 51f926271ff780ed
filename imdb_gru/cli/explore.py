"""The `imdb-gru explore` command, which writes a page that runs the model."""

from pathlib import Path

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._messages import EventPrinter
from imdb_gru.cli._options import PATH, open_run, run_options


@click.command(cls=Command, short_help="Write a page that shows the model's predictions as you type.")
@run_options
@click.option("--text", help="The text that the page shows when it opens.")
@click.option(
    "--output",
    type=PATH,
    metavar="FILE",
    default=Path("explore.html"),
    show_default=True,
    help="The HTML file to write.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the default browser.")
def explore(run_path: Path | None, text: str | None, output: Path, opens: bool) -> None:
    """Write a web page where you can type a review and see the model's prediction after each word.

    The page shows the gates and the state of every unit, the equations in symbols and in numbers, and what happens when
    you set a gate to a fixed value or change a word. It is one file that includes the model and works offline.

    \b
    imdb-gru explore --run bundled --output explore.html
    """
    run = open_run(run_path)
    from imdb_gru.report.explore import explore
    from imdb_gru.system.escaping import neutralise

    page = explore(run, output=output, text=text, observer=EventPrinter())
    click.echo(neutralise(str(page)))
    if opens:
        click.launch(page.resolve().as_uri())
