"""Parameter types and options shared by several commands."""

import functools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._messages import say

if TYPE_CHECKING:
    from imdb_gru.config import TaskName
    from imdb_gru.runs.run import Run

AnyCommand = Callable[..., Any]


class PathType(click.Path):
    """A parameter type for a `pathlib.Path`; it expands `~` and `~user`, and rejects an empty path."""

    def __init__(self, *, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or raise `UsageError` if it is empty or names an unknown home folder (`~` or `~user`)."""
        if isinstance(value, str):
            value = LOCATION.convert(value, param, ctx)
        return super().convert(value, param, ctx)


class LocationType(click.ParamType[str]):
    """A parameter type for a path, an address (s3://bucket/reviews) or a name (`sample`); it expands `~` in paths."""

    name = "path"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the location, or raise `UsageError` if it is empty or names an unknown home folder (`~`, `~user`)."""
        if not value:
            self.fail("the path is empty: give the path of a file or a folder", param, ctx)
        from imdb_gru.system.paths import expand_home

        try:
            return expand_home(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


LOCATION = LocationType()
PATH, FILE_PATH, FOLDER_PATH = PathType(), PathType(dir_okay=False), PathType(file_okay=False)

RUN_HELP = "The run to use [default: the newest complete run under runs/; otherwise, the model in the package]."
run_option = click.option("--run", "run_path", type=PATH, metavar="DIR", help=RUN_HELP)


def run_options(command: AnyCommand) -> AnyCommand:
    """Add the argument RUN and the option --run. Either sets `run_path`; giving both is an error."""

    @functools.wraps(command)
    def join(*arguments: Any, run_argument: Path | None, run_path: Path | None, **options: Any) -> Any:
        if run_argument and run_path:
            raise click.UsageError("the run was given twice: give it as RUN or with --run, not both")
        return command(*arguments, run_path=run_argument or run_path, **options)

    return click.argument("run_argument", required=False, type=PATH, metavar="[RUN]")(run_option(join))


split_option = click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    help="The split to evaluate on [default: test; validation for a next-word run or for data without a test split].",
)


class Integer(click.IntRange):
    """Click's `IntRange`, but called "integer" instead of "integer range" in messages."""

    name = "integer"


class Number(click.FloatRange):
    """Click's `FloatRange`, but called "number" instead of "float range" in messages."""

    name = "number"


class ThresholdType(Number):
    """A parameter type for a number from 0 to 1; it rejects NaN, which `click.FloatRange` accepts."""

    def __init__(self) -> None:
        super().__init__(min=0, max=1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or raise `UsageError` if it is invalid."""
        number = super().convert(value, param, ctx)
        if number != number:
            self.fail(f"{value} is not a number", param, ctx)
        return number


threshold_option = click.option(
    "--threshold",
    type=ThresholdType(),
    metavar="P",
    help="The lowest probability at which a text counts as positive [default: 0.5].",
)
precision_option = click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "int8"]),
    default="auto",
    show_default=True,
    help="The precision of the network's matrix products: int8 is several times faster and changes probabilities by "
    "less than 0.02; auto uses int8 when there are many texts and the CPU supports it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def number_option(
    name: str, help_text: str, *, least: int = 1, default: int | None = None, metavar: str = "N"
) -> Callable[[AnyCommand], AnyCommand]:
    """Build an option for an integer whose minimum is `least`; the help text shows the default, if any."""
    shown: dict[str, Any] = {} if default is None else {"default": default, "show_default": True}
    return click.option(name, type=Integer(min=least), metavar=metavar, help=help_text, **shown)


class ShareType(click.ParamType[float]):
    """A parameter type for a share above 0 and below one half, such as `5%` or `0.05`."""

    name = "SHARE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the share as a number."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = math.nan
        if not 0 < share < 0.5:
            self.fail(f"{value!r} is not a share above 0 and below 50%: use a value such as 5% or 0.05", param, ctx)
        return share


def max_error_option(help_text: str) -> Callable[[AnyCommand], AnyCommand]:
    """Build the --max-error option."""
    return click.option("--max-error", type=ShareType(), metavar="SHARE", help=help_text)


def check_threshold_alone(threshold: float | None, max_error: float | None) -> None:
    """Raise `UsageError` if both --threshold and --max-error are given."""
    if threshold is not None and max_error is not None:
        raise click.UsageError("--max-error requires a threshold of 0.5, so it cannot be used with --threshold")


class Setting(click.ParamType[tuple[str, Any]]):
    """A parameter type for the argument of --set, such as `train.epochs=3`: a dotted key, `=` and a YAML value."""

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
        merged.pop(key, None)  # so that a repeated key moves to the end
        merged[key] = value
    return merged


def set_option(help_text: str) -> Callable[[AnyCommand], AnyCommand]:
    """Build the --set option; the command receives all settings as one mapping from dotted keys to values."""
    return click.option(
        "--set",
        "overrides",
        type=Setting(),
        multiple=True,
        callback=_merge_settings,
        metavar="KEY=VALUE",
        help=help_text,
    )


def config_options(default: str) -> Callable[[AnyCommand], AnyCommand]:
    """Build a decorator that adds --config and --set; `default` is the name of the default config."""

    def add(command: AnyCommand) -> AnyCommand:
        for option in (
            set_option("Set a key of the config, for example train.epochs=3."),
            click.option(
                "--config",
                "config_path",
                type=LOCATION,
                metavar="FILE|NAME",
                help=f"A YAML file, or the name of a config in the package, such as 'scratch' [default: {default}].",
            ),
        ):
            command = option(command)
        return command

    return add


def plots_option(action: str, *, path_type: PathType = PATH) -> Callable[[AnyCommand], AnyCommand]:
    """Build the --plots option; its help text begins with `action`."""
    text = f"{action} in this folder, as .png, .svg and .pdf."
    return click.option("--plots", type=path_type, metavar="DIR", help=text)


def open_run(path: Path | None, task: "TaskName" = "sentiment") -> "Run":
    """Open the run at `path`; if `path` is None, choose a run and print its name."""
    from imdb_gru.runs.catalogue import find_run

    run = find_run(path, task)
    if path is None:
        say(f"using {run}")
    return run
