"""The options that several commands share, and how results reach a person or a program."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from imdb_gru.config import Config, DataConfig, NextWordConfig, Task
    from imdb_gru.run import Run
    from imdb_gru.sources.review import Source

Anchored = TypeVar("Anchored", "Config", "NextWordConfig")

PIPE_WIDTH = 200
"""Columns of a table that no terminal shows."""

run_option = click.option(
    "--run",
    "run_path",
    type=click.Path(path_type=Path),
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
            metavar="PATH",
            help="An aclImdb folder or archive, imdb.npz, a .csv, .tsv, .jsonl or .parquet table, or 'sample'; "
            f"without it, {default}.",
        ),
    ):
        command = option(command)
    return command


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


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --config and --set."""
    for option in (
        set_option("Set a key of the config, such as train.epochs=3."),
        click.option(
            "--config",
            "config_path",
            metavar="FILE|NAME",
            help="A YAML file, or the name of a config in the package, such as fast or scratch [default: default].",
        ),
    ):
        command = option(command)
    return command


def merge_data_options(
    overrides: Mapping[str, Any], data: str | None, text_column: str | None, label_column: str | None
) -> dict[str, Any]:
    """Add the data options to overrides of a config's keys."""
    given = {"data.path": data, "data.text_column": text_column, "data.label_column": label_column}
    return {**overrides, **{key: value for key, value in given.items() if value is not None}}


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
    return str(Path(path).expanduser().absolute())


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
    """Tell the person something that is no result."""
    from imdb_gru.text.neutral import neutralise

    click.echo(neutralise(message), err=True)


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
