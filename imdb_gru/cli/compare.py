"""The `imdb-gru compare` command, which compares models on the same reviews."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import compared_data_options
from imdb_gru.cli._messages import EventPrinter, say
from imdb_gru.cli._options import PATH, config_options, json_option, number_option
from imdb_gru.cli._tables.comparison import print_comparison

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig


@click.command(cls=Command, short_help="Compare models on the same reviews.")
@click.argument("runs", nargs=-1, type=PATH, metavar="[RUN]...")
@config_options("scratch")
@compared_data_options
@click.option(
    "--models", metavar="NAMES", help="The models to train, such as gru,linear [default: gru,lstm,simple_rnn,linear]."
)
@number_option("--seeds", "Train every model N times, with the seeds 0 to N-1 [default: 3].")
@click.option(
    "--into",
    type=PATH,
    metavar="DIR",
    help="The folder for the trained models and the results [default: runs/compare].",
)
@click.option("--split", type=click.Choice(["test", "validation"]), help="The split to evaluate on [default: test].")
@click.option("--plots", type=PATH, metavar="DIR", help="Save the charts in this folder, as .png and .svg.")
@json_option
def compare(
    runs: tuple[Path, ...],
    config_path: str | None,
    overrides: dict[str, Any],
    data: "DataConfig | None",
    models: str | None,
    seeds: int | None,
    into: Path | None,
    split: str | None,
    plots: Path | None,
    as_json: bool,
) -> None:
    """Compare complete RUNs, or train and compare a GRU, an LSTM, a SimpleRNN and an n-gram model.

    Networks are trained from random weights, even if the config sets model.pretrained. RUNs are not retrained, so they
    cannot be combined with --config, --set, --models or --seeds.

    \b
    imdb-gru compare --data sample --seeds 1
    """
    names = None if models is None else [name.strip() for name in models.split(",")]
    budget: dict[str, Any] = {"config": config_path, "overrides": overrides or None, "models": names, "seeds": seeds}
    chosen = {name: value for name, value in budget.items() if value is not None}
    if runs and chosen:
        raise click.UsageError(
            "--config, --set, --models and --seeds cannot be used with RUNs, which are not retrained"
        )
    from imdb_gru.comparison.comparing import compare
    from imdb_gru.report.charts import check_charts, save_charts
    from imdb_gru.report.comparison import build_comparison_charts

    if plots:
        check_charts(plots, extra="compare")
    comparison = compare(runs, data=data, folder=into, split=split, observer=EventPrinter(), **chosen)
    if plots:
        save_charts(build_comparison_charts(comparison), plots)
        say(f"saved the charts in {plots}")
    if as_json:
        click.echo(json.dumps(comparison.to_dict()))
    else:
        print_comparison(comparison)
