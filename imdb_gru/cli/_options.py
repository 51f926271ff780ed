"""The command class, path types and options that commands share, and how results reach a person or a program."""

import functools
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from imdb_gru.config import TaskName
    from imdb_gru.runs.run import Run

PIPE_WIDTH = 200
"""Columns of a table that no terminal shows."""


class Command(click.Command):
    """A command that refuses an option which is given twice although it takes one value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; raises `UsageError` if an option of one value is repeated."""
        given = list(args)
        rest = super().parse_args(ctx, args)
        _, _, order = self.make_parser(ctx).parse_args(given)
        for parameter, count in Counter(order).items():
            if isinstance(parameter, click.Option) and count > 1 and not (parameter.multiple or parameter.is_flag):
                name = max(parameter.opts, key=len)
                raise click.UsageError(f"{name} is given {count} times, but it takes one value: give it once", ctx)
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless $IMDB_GRU_THREADS holds a wrong value; not every command would notice it."""
        from imdb_gru.system.threads import read_setting

        read_setting()
        return super().invoke(ctx)


class Group(click.Group):
    """A group whose commands are of the class above."""

    command_class = Command


class PathType(click.Path):
    """A path as a `pathlib.Path`; `~` and `~user` stand for home folders, and an empty path is refused."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True, allow_dash: bool = False) -> None:
        super().__init__(file_okay=file_okay, dir_okay=dir_okay, allow_dash=allow_dash, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; raises `UsageError` if it is empty or its home folder is not known."""
        if isinstance(value, str):
            value = LOCATION.convert(value, param, ctx)
        return super().convert(value, param, ctx)


class LocationType(click.ParamType[str]):
    """A path, an address such as s3://bucket/reviews or a name such as `sample`, as a string; `~` as in `PathType`."""

    name = "path"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the location; raises `UsageError` if it is empty or its home folder is not known."""
        if not value:
            self.fail("the path is empty: name a file or a folder", param, ctx)
        from imdb_gru.system.paths import expand_home

        try:
            return expand_home(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


LOCATION = LocationType()
PATH, FILE_PATH, FOLDER_PATH = PathType(), PathType(dir_okay=False), PathType(file_okay=False)

run_option = click.option(
    "--run",
    "run_path",
    type=PATH,
    metavar="DIR",
    help="The run to use; without it, the newest complete one under runs/, else the one that ships with the package.",
)
split_option = click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="The split to evaluate on [default: test; of a next-word run, validation].",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
text_column_option = click.option(
    "--text-column", metavar="NAME", help="A table's column of texts, where its name is uncommon."
)
label_column_option = click.option(
    "--label-column", metavar="NAME", help="A table's column of labels, where its name is uncommon."
)


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --data, --text-column and --label-column, for a command that trains."""
    return _add_data_options(command, "$IMDB_GRU_DATA, or else IMDB, downloaded once")


def other_data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the same, for a command that evaluates a run."""
    return _add_data_options(command, "the run's own data, and of these the test split, if there is one")


def _add_data_options(command: Callable[..., Any], default: str) -> Callable[..., Any]:
    """Add the three options, which reach the command as one `DataConfig`, or None without any."""

    @functools.wraps(command)
    def merge(*, data: str | None, text_column: str | None, label_column: str | None, **options: Any) -> Any:
        from imdb_gru.config import DataConfig

        given = {"path": data, "text_column": text_column, "label_column": label_column}
        given = {key: value for key, value in given.items() if value is not None}
        return command(data=DataConfig.model_validate(given) if given else None, **options)

    for option in (
        label_column_option,
        text_column_option,
        click.option(
            "--data",
            type=LOCATION,
            metavar="PATH",
            help="An aclImdb folder or archive, imdb.npz, a .csv, .tsv, .jsonl or .parquet table, or 'sample'; "
            f"without it, {default}.",
        ),
    ):
        merge = option(merge)
    return merge


class Setting(click.ParamType[tuple[str, Any]]):
    """A `KEY=VALUE` of --set, such as `train.epochs=3`: a dotted key and a value, which is YAML."""

    name = "KEY=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        """Split a setting into its key and its value."""
        from imdb_gru.config import parse_override
        from imdb_gru.errors import ConfigError

        try:
            return parse_override(value)
        except ConfigError as error:
            self.fail(str(error), param, ctx)


def _merge_settings(
    _ctx: click.Context, _param: click.Parameter, settings: Sequence[tuple[str, Any]]
) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for key, value in settings:
        merged.pop(key, None)  # so that the last of the settings of one key is also applied last
        merged[key] = value
    return merged


def set_option(help_text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Build --set, which gives a command a mapping of dotted keys to values."""
    return click.option(
        "--set",
        "overrides",
        type=Setting(),
        multiple=True,
        callback=_merge_settings,
        metavar="KEY=VALUE",
        help=help_text,
    )


def config_options(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Build a decorator that adds --config, with the name of its default in the package, and --set."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            set_option("Set a key of the config, such as train.epochs=3."),
            click.option(
                "--config",
                "config_path",
                type=LOCATION,
                metavar="FILE|NAME",
                help=f"A YAML file, or the name of a config in the package, such as scratch [default: {default}].",
            ),
        ):
            command = option(command)
        return command

    return add


def open_run(path: Path | None, task: "TaskName" = "sentiment") -> "Run":
    """Find the run to use, and say which where none was named."""
    from imdb_gru.runs.catalogue import find_run

    run = find_run(path, task)
    if path is None:
        say(f"using {run}")
    return run


def say(message: str) -> None:
    """Tell the person something that is not a result; if nobody reads stderr any more, the work goes on without it."""
    from imdb_gru.system.escaping import neutralise

    try:
        click.echo(neutralise(message), err=True)
    except BrokenPipeError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """Send what is written to a stream to nowhere, including what Python still holds back and writes at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def print_table(rows: Iterable[Sequence[str]], columns: Sequence[str] | None = None, title: str | None = None) -> None:
    """Print a table, with or without a header; numbers stand on the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from imdb_gru.system.escaping import neutralise

    cells = [[Text(neutralise(cell)) for cell in row] for row in rows]
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, show_header=bool(columns)
    )
    for index, column in enumerate(columns or [""] * len(cells[0])):
        numeric = all(row[index].plain.lstrip("+-")[:1].isdigit() or row[index].plain == "-" for row in cells)
        table.add_column(Text(neutralise(column)), justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*row)
    console = Console()
    if console.is_terminal:
        console.print(table)
        return
    console.width = PIPE_WIDTH
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        click.echo(line.rstrip())
