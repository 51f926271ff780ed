"""The `imdb-gru compare` command, which compares models on the same reviews."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._commands import Command
from imdb_gru.cli._data_options import compared_data_options
from imdb_gru.cli._messages import EventPrinter, say
from imdb_gru.cli._options import LOCATION, PATH, plots_option, set_option
from imdb_gru.cli._output import Output, output_options
from imdb_gru.cli._tables.comparison import build_comparison_tables, print_comparison

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig

BUDGET = ("--config", "--set", "--models", "--seeds", "--engine")


class SeedsType(click.ParamType[int | list[int]]):
    """A parameter type for a number of seeds, such as 3, or for a list of seeds, such as 1,5,7."""

    name = "SEEDS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | list[int]:
        """Return the number of seeds or the list of seeds, or raise `UsageError` if the value is neither."""
        parts = str(value).removesuffix(",").split(",")
        try:
            seeds = [int(part) for part in parts]
        except ValueError:
            self.fail(f"{value!r} is not a number of seeds, such as 3, or a list of seeds, such as 1,5,7", param, ctx)
        return seeds if "," in str(value) else seeds[0]


@click.command(cls=Command, short_help="Compare models on the same reviews.")
@click.argument("runs", nargs=-1, type=PATH, metavar="[RUN]...")
@click.option(
    "--config",
    "config_paths",
    type=LOCATION,
    multiple=True,
    metavar="FILE|NAME",
    help="A YAML file, or the name of a config in the package. Repeat this option to compare several configs "
    "[default: scratch].",
)
@set_option("Set a key of every config, for example train.epochs=3.")
@compared_data_options
@click.option(
    "--models",
    metavar="NAMES",
    help="The cells to train with every config, separated by commas; linear adds the n-gram model, as in gru,linear "
    "[default: gru,lstm,simple_rnn,linear; with several configs, each config's own cell].",
)
@click.option(
    "--seeds",
    type=SeedsType(),
    help="A list of seeds (such as 1,5,7) or a number N, which means the seeds 0 to N-1 [default: 3].",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "keras", "fused"]),
    help="The engine that trains all networks. To compare times and memory, use keras, which can train every cell "
    "[default: train.engine of the config].",
)
@click.option(
    "--into",
    type=PATH,
    metavar="DIR",
    help="The folder for the trained models and the results [default: runs/compare].",
)
@click.option("--split", type=click.Choice(["test", "validation"]), help="The split to evaluate on [default: test].")
@plots_option("Save the charts")
@output_options("models")
def compare(
    runs: tuple[Path, ...],
    config_paths: tuple[str, ...],
    overrides: dict[str, Any],
    data: "DataConfig | None",
    models: str | None,
    seeds: int | list[int] | None,
    engine: str | None,
    into: Path | None,
    split: str | None,
    plots: Path | None,
    output: Output,
) -> None:
    """Compare complete RUNs. If no RUNs are given, train models with different cells or configs, and compare them.

    By default, a single config is used to train a GRU, an LSTM, a SimpleRNN and an n-gram model. The networks start
    from random weights, even if the config sets model.pretrained. If several configs are given, each is used
    unchanged. RUNs that differ only in their seed are treated as one model. RUNs are not retrained, so they cannot be
    combined with --config, --set, --models, --seeds or --engine.

    \b
    imdb-gru compare --data sample --seeds 1
    imdb-gru compare --config scratch --config tutorial --seeds 1,5,7
    """
    names = None if models is None else [name.strip() for name in models.split(",")]
    config = config_paths[0] if len(config_paths) == 1 else list(config_paths) or None
    budget: dict[str, Any] = {
        "config": config, "overrides": overrides or None, "models": names, "seeds": seeds, "engine": engine
    }  # fmt: skip
    chosen = {name: value for name, value in budget.items() if value is not None}
    if runs and chosen:
        raise click.UsageError(
            f"{', '.join(BUDGET[:-1])} and {BUDGET[-1]} cannot be used with RUNs, which are not retrained"
        )
    from imdb_gru.comparison.comparing import compare
    from imdb_gru.report.charts import check_charts, save_charts
    from imdb_gru.report.comparison import build_comparison_charts

    output.check()
    if plots:
        check_charts(plots, extra="compare")
    comparison = compare(runs, data=data, folder=into, split=split, observer=EventPrinter(), **chosen)
    if plots:
        save_charts(build_comparison_charts(comparison), plots, f"split {comparison.split}, {comparison.n:,} reviews")
        say(f"saved the charts in {plots}")
    output.show(
        build_comparison_tables(comparison),
        as_json=lambda: json.dumps(comparison.to_dict()),
        as_text=lambda: print_comparison(comparison),
    )
