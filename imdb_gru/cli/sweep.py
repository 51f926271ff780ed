"""imdb-gru sweep: search for a better config with Ray Tune."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli.limits import check_extras
from imdb_gru.cli.options import (
    FOLDER_PATH,
    PATH,
    Command,
    anchor_paths,
    data_options,
    json_option,
    merge_data_options,
    open_config_source,
    print_table,
    say,
)
from imdb_gru.cli.sweep_table import describe_dimension, describe_result, print_sweep, show, show_progress

if TYPE_CHECKING:
    from imdb_gru.config.sweep import SweepConfig

FOLDER = Path("runs/sweep")
FILE, BEST = "sweep.yaml", "best.yaml"


@click.command(cls=Command)
@click.argument("sweep_path", required=False, type=PATH, metavar="[SWEEP]")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of base: train.epochs=3.")
@data_options
@click.option("--trials", type=click.IntRange(min=1), metavar="N", help="Trials in all, instead of the file's.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="End the search after so many, instead of the file's; finalists come on top.",
)
@click.option("--into", type=PATH, metavar="DIR", help=f"Where to train and to write results [default: {FOLDER}].")
@click.option("--resume", type=FOLDER_PATH, metavar="DIR", help="Go on with a sweep that was stopped.")
@click.option("--overwrite", is_flag=True, help="Replace the sweep that stands at --into.")
@click.option(
    "--address",
    metavar="HOST:PORT",
    help="A Ray cluster whose nodes share the folder; without it, this machine's cores.",
)
@click.option("--plots", type=PATH, metavar="DIR", help="Draw pictures into a folder, as .png and .svg.")
@click.option("--dry-run", is_flag=True, help="Check and show what would be searched; train nothing.")
@json_option
def sweep(
    sweep_path: Path | None,
    overrides: tuple[str, ...],
    data: str | None,
    text_column: str | None,
    label_column: str | None,
    trials: int | None,
    minutes: float | None,
    into: Path | None,
    resume: Path | None,
    overwrite: bool,
    address: str | None,
    plots: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Search the configs that SWEEP spans for the one that is best on validation reviews; the test split stays closed.

    \b
    imdb-gru sweep configs/sweep.yaml --data sample --trials 4
    """
    own_data = merge_data_options([], data, text_column, label_column)
    if resume and (sweep_path or overrides or own_data or into or overwrite or dry_run):
        raise click.UsageError("--resume goes on with the sweep's own file: it goes with a budget and outputs alone")
    if not resume and not sweep_path:
        raise click.UsageError("name a sweep, such as configs/sweep.yaml, or one to go on with by --resume")
    from imdb_gru.cluster.connection import check_ray
    from imdb_gru.config.sweep import load_sweep
    from imdb_gru.lock import claim
    from imdb_gru.runs import check_writable

    check_ray("imdb-gru sweep", "optuna")
    if plots:
        from imdb_gru.report.charts import check_charts

        check_charts(plots)
    folder = resume or into or FOLDER
    check_writable(folder, "hold a sweep", "choose another folder with --into")
    if resume:
        _check_resumable(folder)
    budget = {key: value for key, value in (("trials", trials), ("minutes", minutes)) if value is not None}
    config = _anchor(load_sweep(sweep_path or folder / FILE, [*overrides, *own_data], budget))
    if dry_run:
        _show_plan(config, folder, as_json)
        return
    with claim(folder):
        if not resume:
            _begin(folder, overwrite=overwrite)
        figures = _run(config, folder, address)
    if plots:
        _draw(figures, plots)
    if as_json:
        click.echo(json.dumps(figures))
    else:
        _print(figures)


def _check_resumable(folder: Path) -> None:
    from imdb_gru.errors import RunError

    if not (folder / FILE).is_file():
        raise RunError(f"there is no sweep at {folder}: it has no {FILE}; begin one with 'imdb-gru sweep SWEEP'")


def _anchor(config: "SweepConfig") -> "SweepConfig":
    """Make the base's paths absolute, so that every node and every later command finds them."""
    base = config.build_trial({})
    check_extras(base)
    anchored = anchor_paths(base)
    changes = {}
    for key in ("data.path", "model.pretrained"):
        section, _, name = key.partition(".")
        value = getattr(getattr(anchored, section), name)
        if value != getattr(getattr(base, section), name):
            changes[key] = value
    return config.replace_base(changes)


def _begin(folder: Path, *, overwrite: bool) -> None:
    import shutil

    from imdb_gru.cluster.outcome import RESULTS
    from imdb_gru.errors import RunError
    from imdb_gru.writing import UNFINISHED

    if not (folder / FILE).exists():
        if any(not path.name.startswith(UNFINISHED) for path in folder.iterdir()):
            raise RunError(f"{folder} holds other files than a sweep's: name another folder with --into")
    elif not overwrite:
        raise RunError(
            f"{folder} holds a sweep already: go on with it by --resume {folder}, replace it by --overwrite, or name "
            "another folder with --into"
        )
    for path in folder.glob("trial-*"):
        shutil.rmtree(path, ignore_errors=True)
    for name in (RESULTS, BEST):
        (folder / name).unlink(missing_ok=True)


def _run(config: "SweepConfig", folder: Path, address: str | None) -> dict[str, Any]:
    from imdb_gru.cluster.connection import connect
    from imdb_gru.cluster.sweep import Sweep
    from imdb_gru.run import Run

    sweep = Sweep(config, folder)
    say("reading the reviews")
    corpus = sweep.prepare()
    say(f"{len(corpus.train)} reviews to train on, {len(corpus.validation)} held out, the same for all trials")
    Run.write_text(folder / FILE, config.to_yaml())
    try:
        with connect(address):
            say(f"searching into {folder} (Ctrl-C stops, --resume {folder} goes on)")
            with show_progress() as observe:
                sweep.search(observe)
            say("training the finalists to their last epoch, with all seeds")
            with show_progress() as observe:
                sweep.judge(observe)
    except KeyboardInterrupt:
        say(f"stopped; go on with: imdb-gru sweep --resume {folder}")
        raise
    figures = sweep.summarise()
    command = f"imdb-gru train --config {folder / BEST}"
    text = f"# The best of {len(figures['trials'])} trials: {command}\n"
    best = config.build_trial(figures["best"]["values"])
    Run.write_text(folder / BEST, text + best.to_yaml())
    return {**figures, "config": str(folder / BEST)}


def _print(figures: dict[str, Any]) -> None:
    from imdb_gru.text.neutral import neutralise

    print_sweep(figures)
    click.echo(f"\n{neutralise(describe_result(figures))}")
    click.echo(f"train it with: imdb-gru train --config {neutralise(figures['config'])}")


def _draw(figures: dict[str, Any], folder: Path) -> None:
    from imdb_gru.report.charts import save_charts
    from imdb_gru.report.sweep import build_sweep_charts

    save_charts(build_sweep_charts(figures), folder)
    say(f"pictures in {folder}")


def _show_plan(config: "SweepConfig", folder: Path, as_json: bool) -> None:
    base = config.build_trial({})
    if base.data.path:
        open_config_source(base.data)
    if as_json:
        click.echo(json.dumps({"sweep": str(folder), **config.model_dump(), "base": base.model_dump()}))
        return
    values = config.read_values(base)
    rows = [(key, describe_dimension(dimension), show(values[key])) for key, dimension in config.space.items()]
    print_table(rows, ("key", "values", "base"), "space")
    click.echo()
    limits = [f"{config.trials} trial{'s' * (config.trials > 1)}"] if config.trials else []
    limits += [f"{config.minutes:g} minutes"] if config.minutes else []
    finalists = config.finalists
    print_table(
        [
            ("search", config.search),
            ("budget", " or ".join(limits)),
            ("metric", f"validation {config.metric}"),
            ("early stopping", f"after {config.asha.grace}, by {config.asha.reduction}" if config.asha else "-"),
            ("finalists", f"{finalists.count} with {finalists.seeds} seeds" if finalists else "-"),
            ("into", str(folder)),
        ]
    )
    click.echo("\n" + base.to_yaml(), nl=False)
