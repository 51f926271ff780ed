"""The command class, path types and options that commands share, and how results reach a person or a program."""

import contextlib
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

if TYPE_CHECKING:
    from imdb_gru.config import Config, DataConfig, NextWordConfig, Task
    from imdb_gru.run import Run
    from imdb_gru.sources.review import Source

Anchored = TypeVar("Anchored", "Config", "NextWordConfig")

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
        from imdb_gru.threads import read_setting

        read_setting()
        return super().invoke(ctx)


class Group(click.Group):
    """A group whose commands are of the class above."""

    command_class = Command


def expand_home(text: str) -> str:
    """Replace a leading `~` or `~user` with that home folder; raises `ValueError` if there is no such folder."""
    if not text.startswith("~"):
        return text
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        user = text.partition("/")[0].removeprefix("~")
        reason = f"there is no user '{user}'" if user else "the home folder is not known, because HOME is not set"
        raise ValueError(f"{text}: {reason}; if the name itself begins with ~, write ./{text}") from None


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
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
text_column_option = click.option(
    "--text-column", metavar="NAME", help="A table's column of texts, where its name is uncommon."
)
label_column_option = click.option(
    "--label-column", metavar="NAME", help="A table's column of labels, where its name is uncommon."
)


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --data, --text-column and --label-column, for what trains."""
    return _add_data_options(command, "$IMDB_GRU_DATA, or else IMDB, downloaded once")


def other_data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the same, for what judges a run."""
    return _add_data_options(command, "those that the run was trained on, of which the test split, if there is one")


def _add_data_options(command: Callable[..., Any], default: str) -> Callable[..., Any]:
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
        command = option(command)
    return command


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --config and --set."""
    for option in (
        click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key: train.epochs=3."),
        click.option(
            "--config",
            "config_path",
            type=PATH,
            metavar="FILE",
            help="A YAML config; without it, the defaults, which are those of configs/default.yaml.",
        ),
    ):
        command = option(command)
    return command


def merge_data_options(
    overrides: Sequence[str], data: str | None, text_column: str | None, label_column: str | None
) -> list[str]:
    """Write the data options as overrides of the config's data section."""
    import json

    given = {"path": data, "text_column": text_column, "label_column": label_column}
    return [*overrides, *(f"data.{key}={json.dumps(value)}" for key, value in given.items() if value is not None)]


def anchor_paths(config: "Anchored") -> "Anchored":
    """Make the paths to the data and to what a model starts from absolute, so that the run finds them from anywhere."""
    from imdb_gru.runs import BUNDLED

    changes: dict[str, Any] = {}
    if config.data.path not in (None, "sample"):
        changes["data"] = config.data.model_copy(update={"path": _make_absolute(config.data.path)})
    pretrained = getattr(config.model, "pretrained", None)
    if pretrained not in (None, BUNDLED):
        changes["model"] = config.model.model_copy(update={"pretrained": _make_absolute(pretrained)})
    return config.model_copy(update=changes)


def _make_absolute(path: str) -> str:
    from imdb_gru.errors import ConfigError

    try:
        return str(Path(expand_home(path)).absolute())
    except ValueError as error:
        raise ConfigError(str(error)) from error


def open_config_source(data: "DataConfig", *, require_labels: bool = True) -> "Source":
    """Open the source that a config's data section names."""
    from imdb_gru.sources import open_source

    return open_source(
        data.path, text_column=data.text_column, label_column=data.label_column, require_labels=require_labels
    )


def open_run(path: Path | None, task: "Task" = "sentiment") -> "Run":
    """Find the run to use, and say which where none was named."""
    from imdb_gru.runs import find_run

    run = find_run(path, task)
    if path is None:
        say(f"using {run}")
    return run


@contextlib.contextmanager
def answer_signals(answer: str) -> Iterator[None]:
    """Say so as soon as Ctrl-C or SIGTERM comes in, even while the main thread is deep in machine code."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def listen() -> None:
        while number := os.read(reading, 1):  # the system writes it, whatever Python is at
            if number[0] in (signal.SIGINT, signal.SIGTERM):
                say(answer)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)
        listener.join()
        os.close(reading)


def say(message: str) -> None:
    """Tell the person something that is not a result; if nobody reads stderr any more, the work goes on without it."""
    from imdb_gru.text.neutral import neutralise

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

    from imdb_gru.text.neutral import neutralise

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
