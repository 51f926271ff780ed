"""The `imdb-gru config` command, which shows, checks and describes configs."""

from collections.abc import Mapping
from typing import Any

import click

from imdb_gru.cli._commands import Group
from imdb_gru.cli._options import LOCATION, config_options


@click.group(cls=Group, short_help="Show, check or describe configs.")
def config() -> None:
    """Show, check or describe configs.

    \b
    imdb-gru config show --config fast
    """


@config.command(short_help="Print a config as YAML, with all keys.")
@config_options("default")
def show(config_path: str | None, overrides: Mapping[str, Any]) -> None:
    """Print a config or a sweep as YAML, with the values of all keys.

    \b
    imdb-gru config show --config scratch --set model.cell=lstm > my.yaml
    """
    from imdb_gru.config.sweep import SweepConfig, load_config_or_sweep

    found = load_config_or_sweep(config_path, overrides)
    click.echo((found.resolve() if isinstance(found, SweepConfig) else found).to_yaml(), nl=False)


@config.command(short_help="Check configs and sweeps, and print their errors.")
@click.argument("files", nargs=-1, required=True, type=LOCATION, metavar="FILE|NAME...")
def check(files: tuple[str, ...]) -> None:
    """Check configs and sweeps; stop at the first invalid one, and print all of its errors.

    \b
    imdb-gru config check my.yaml
    """
    from imdb_gru.config.sweep import load_config_or_sweep
    from imdb_gru.system.escaping import neutralise

    for file in files:
        load_config_or_sweep(file)
        click.echo(f"{neutralise(file)}: valid")


@config.command(short_help="Print the JSON Schema of configs, for use in editors.")
@click.option(
    "--task",
    type=click.Choice(["sentiment", "next_word", "sweep"]),
    default="sentiment",
    show_default=True,
    help="The kind of config: sentiment for 'imdb-gru train', next_word for 'pretrain', or sweep for 'sweep'.",
)
def schema(task: str) -> None:
    """Print the JSON Schema of configs, for use in editors.

    \b
    imdb-gru config schema > imdb-gru.schema.json
    """
    import json

    from imdb_gru.config import Config, NextWordConfig, build_schema
    from imdb_gru.config.schema import WholeConfig
    from imdb_gru.config.sweep import SweepConfig

    kinds: dict[str, type[WholeConfig]] = {"sentiment": Config, "next_word": NextWordConfig, "sweep": SweepConfig}
    click.echo(json.dumps(build_schema(kinds[task]), indent=2))
