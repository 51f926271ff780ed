"""imdb-gru compare: judge models side by side on the same reviews."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli.options import (
    PATH,
    Command,
    anchor_paths,
    config_options,
    data_options,
    json_option,
    merge_data_options,
    say,
)
from imdb_gru.cli.splits import load_split
from imdb_gru.cli.standings import print_comparison

if TYPE_CHECKING:
    from imdb_gru.comparison.contestants import Contestant
    from imdb_gru.config import Config

CONFIG = "scratch"
FOLDER = Path("runs/compare")
SEEDS = 3
SETTLED = {
    "model.cell": "--models names the cells",
    "model.pretrained": "all models start from random weights; give finished RUNs to compare others",
    "train.seed": "--seeds says how many there are",
}


@click.command(cls=Command)
@click.argument("runs", nargs=-1, type=PATH, metavar="[RUN]...")
@config_options
@data_options
@click.option("--models", metavar="NAMES", help="Which to train, of gru,lstm,simple_rnn,linear [default: all].")
@click.option("--seeds", type=click.IntRange(min=1), metavar="N", help=f"Train with seeds 0 to N-1 [default: {SEEDS}].")
@click.option("--into", type=PATH, metavar="DIR", help=f"Where to train and to write figures [default: {FOLDER}].")
@click.option("--split", type=click.Choice(["test", "validation"]), help="The split to judge on [default: test].")
@click.option("--plots", type=PATH, metavar="DIR", help="Draw pictures into a folder, as .png and .svg.")
@json_option
def compare(
    runs: tuple[Path, ...],
    config_path: str | None,
    overrides: Mapping[str, Any],
    data: str | None,
    text_column: str | None,
    label_column: str | None,
    models: str | None,
    seeds: int | None,
    into: Path | None,
    split: str | None,
    plots: Path | None,
    as_json: bool,
) -> None:
    """Compare finished RUNs, or else GRU, LSTM, SimpleRNN and n-grams, all trained from nothing under one budget.

    Without --config, models are trained with the config scratch; a config's model.pretrained is always set to null.

    \b
    imdb-gru compare --data sample --seeds 1
    """
    if runs and (config_path or overrides or models or seeds):
        raise click.UsageError(
            "finished RUNs are compared as they are: leave --config, --set, --models and --seeds out"
        )
    from imdb_gru.lock import claim

    folder = into if runs else into or FOLDER
    _check_extra(drawing=plots is not None)
    _check_folders(folder, plots)
    if runs:
        contestants = _open_runs(runs, data)
    else:
        own_data = merge_data_options({}, data, text_column, label_column)
        contestants = _build_contestants(config_path, overrides, own_data, models, seeds or SEEDS, folder or FOLDER)
    with claim(folder) if folder else contextlib.nullcontext():
        if runs:
            figures = _judge(contestants, folder, split, data, text_column, label_column)
        else:
            _train(contestants)
            figures = _judge(contestants, folder, split)
        _write(figures, folder, plots)
    if as_json:
        click.echo(json.dumps(figures))
    else:
        print_comparison(figures)


def _check_extra(*, drawing: bool) -> None:
    from importlib.util import find_spec

    from imdb_gru.errors import MissingExtraError

    needed = ["sklearn", "scipy", *(["matplotlib"] if drawing else [])]
    if not all(find_spec(package) for package in needed):
        raise MissingExtraError("Comparing models", "compare")


def _check_folders(folder: Path | None, plots: Path | None) -> None:
    from imdb_gru.comparison.contestants import check_folder

    if folder:
        check_folder(folder)
    if plots:
        from imdb_gru.report.charts import check_charts

        check_charts(plots)


def _open_runs(paths: tuple[Path, ...], data: str | None) -> "list[Contestant]":
    from imdb_gru.comparison.contestants import open_runs

    if len(paths) < 2:
        raise click.UsageError(f"{paths[0]} is one run: name at least two, or none to train models")
    return open_runs(paths, same_data=data is None)


def _build_contestants(
    config_path: str | None,
    overrides: Mapping[str, Any],
    own_data: Mapping[str, Any],
    models: str | None,
    seeds: int,
    into: Path,
) -> "list[Contestant]":
    from imdb_gru.comparison.contestants import build_contestants
    from imdb_gru.config import load_config

    for key in overrides:
        if key in SETTLED:
            raise click.UsageError(f"--set {key} does not go with a comparison: {SETTLED[key]}")
    settings = {**overrides, "model.pretrained": None, **own_data}
    config: Config = anchor_paths(load_config(config_path or CONFIG, settings))
    return build_contestants(config, _parse_models(models), seeds, into)


def _parse_models(names: str | None) -> list[str]:
    from imdb_gru.comparison.contestants import MODELS

    models = [name.strip() for name in names.split(",")] if names is not None else list(MODELS)
    for name in models:
        if name not in MODELS:
            raise click.UsageError(f"--models {names}: there is no model '{name}'; name some of {','.join(MODELS)}")
        if models.count(name) > 1:
            raise click.UsageError(f"--models {names}: {name} stands twice")
    if len(models) < 2:
        raise click.UsageError(f"--models {names} is one model: name at least two of {','.join(MODELS)}")
    return models


def _train(contestants: "list[Contestant]") -> None:
    from imdb_gru.comparison.contestants import check_training_reviews, find_state
    from imdb_gru.comparison.processes import train_contestant

    states = [find_state(contestant) for contestant in contestants]
    deeds = {"new": "training", "unfinished": "going on with", "complete": "taking as it is"}
    for number, (contestant, state) in enumerate(zip(contestants, states, strict=True), 1):
        say(f"{number} of {len(contestants)}: {deeds[state]} {contestant.path}")
        if state != "complete":
            try:
                train_contestant(contestant, state)
            except KeyboardInterrupt:
                say("stopped; the same command goes on from here")
                raise
    check_training_reviews(contestants)


def _judge(
    contestants: "list[Contestant]", folder: Path | None, split: str | None, *data: str | None
) -> dict[str, Any]:
    """Judge on the reviews that each contestant's own data holds, or on those of `data`, a path and two columns."""
    from imdb_gru.comparison.contestants import CACHE
    from imdb_gru.comparison.judging import judge_contestants
    from imdb_gru.comparison.outcome import build_figures

    say(f"judging {len(contestants)} models")
    path, text_column, label_column = data or (None, None, None)
    judged_on, entries = judge_contestants(
        contestants,
        split,
        lambda run, split: load_split(run, path, text_column, label_column, split),
        folder / CACHE if folder else None,
    )
    return build_figures(judged_on, entries)


def _write(figures: dict[str, Any], folder: Path | None, plots: Path | None) -> None:
    from imdb_gru.comparison.contestants import RESULT
    from imdb_gru.errors import RunError
    from imdb_gru.run import Run

    if folder:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            Run.write_text(folder / RESULT, json.dumps(figures, indent=2) + "\n")
        except OSError as error:
            raise RunError(f"cannot write {folder / RESULT}: {error.strerror}") from error
        say(f"figures in {folder / RESULT}")
    if plots:
        from imdb_gru.report.charts import save_charts
        from imdb_gru.report.comparison import build_comparison_charts

        save_charts(build_comparison_charts(figures), plots)
        say(f"pictures in {plots}")
