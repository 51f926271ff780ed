"""imdb-gru config: show, check and describe configs."""

from pathlib import Path

import click

from imdb_gru.cli.options import PATH, Group, config_options


@click.group(cls=Group)
def config() -> None:
    """Show, check or describe configs.

    \b
    imdb-gru config show --set model.units=64
    """


@config.command()
@config_options
def show(config_path: Path | None, overrides: tuple[str, ...]) -> None:
    """Print the resolved config as YAML.

    \b
    imdb-gru config show --set model.cell=lstm > my.yaml
    """
    from imdb_gru.config import load_any_config

    click.echo(load_any_config(config_path, overrides).to_yaml(), nl=False)


@config.command()
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
def check(files: tuple[Path, ...]) -> None:
    """Check config files, and name all errors of the first that has any.

    \b
    imdb-gru config check my.yaml
    """
    from imdb_gru.config import load_any_config
    from imdb_gru.text.neutral import neutralise

    for file in files:
        load_any_config(file)
        click.echo(f"{neutralise(str(file))}: valid")


@config.command()
@click.option(
    "--task",
    type=click.Choice(["sentiment", "next_word"]),
    default="sentiment",
    show_default=True,
    help="What the config is for: train or pretrain.",
)
def schema(task: str) -> None:
    """Print the JSON Schema of a config, for editors.

    \b
    imdb-gru config schema > imdb-gru.schema.json
    """
    import json

    from imdb_gru.config import Config, NextWordConfig, build_schema

    click.echo(json.dumps(build_schema(NextWordConfig if task == "next_word" else Config), indent=2))
