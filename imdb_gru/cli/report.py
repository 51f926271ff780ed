"""imdb-gru report: write a page about a run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from imdb_gru.cli.options import PATH, Command, open_run, other_data_options, run_option, say, split_option
from imdb_gru.cli.training import Narrator

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig

EXAMPLES = 16


@click.command(cls=Command)
@click.argument("run_argument", required=False, type=PATH, metavar="[RUN]")
@run_option
@other_data_options
@split_option
@click.option(
    "--output",
    type=PATH,
    metavar="FILE",
    help="The page to write [default: the run's name and .html, in this folder].",
)
@click.option("--plots", type=PATH, metavar="DIR", help="Draw every chart there too, as .png and .svg.")
@click.option(
    "--examples",
    type=click.IntRange(min=0),
    default=EXAMPLES,
    show_default=True,
    metavar="N",
    help="Reviews to explore word by word.",
)
def report(
    run_argument: Path | None,
    run_path: Path | None,
    data: "DataConfig | None",
    split: str | None,
    output: Path | None,
    plots: Path | None,
    examples: int,
) -> None:
    """Write one HTML page about a run: figures, charts, mistakes, and reviews to explore word by word.

    It opens offline, in any browser.

    \b
    imdb-gru report --output report.html
    """
    if run_argument and run_path:
        raise click.UsageError("name the run once: as RUN or with --run")
    run = open_run(run_argument or run_path)
    from imdb_gru.report.page import build_report, check_page, write_report

    output = output or Path(f"{Path(str(run)).resolve().name}.html")
    check_page(output)
    from imdb_gru.report.charts import check_charts, save_charts

    if plots:
        check_charts(plots)
    from imdb_gru.classifier import Classifier
    from imdb_gru.evaluation import score_reviews
    from imdb_gru.tasks.evaluation import choose_reviews

    classifier = Classifier.load(run)
    split, reviews = choose_reviews(run, data=data, split=split, observer=Narrator())
    content = build_report(run, classifier, score_reviews(classifier, reviews), split, examples)
    if plots:
        save_charts(content.charts, plots)
        say(f"drew {len(content.charts)} charts into {plots}")
    write_report(output, content)
    from imdb_gru.text.neutral import neutralise

    click.echo(neutralise(str(output)))
