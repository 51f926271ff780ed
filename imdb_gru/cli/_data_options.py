"""Options for choosing reviews or texts, and for describing the file or table that contains them."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._options import LOCATION, AnyCommand

if TYPE_CHECKING:
    from imdb_gru.config import DataConfig

TABLES = "a .csv, .tsv, .jsonl, .json, .parquet or .xlsx table"
SOURCES = (
    f"An aclImdb folder or archive, imdb.npz, a folder with subfolders pos and neg, {TABLES} (optionally compressed), "
    "or 'sample'"
)
TRAINING_DATA = "$IMDB_GRU_DATA, or, if that is not set, the IMDB reviews, which are downloaded once"


class LabelsType(click.ParamType[list[str]]):
    """A parameter type for labels separated by commas; a label that contains a comma must be quoted, as in CSV."""

    name = "LABELS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        """Return the labels, or raise `UsageError` if a label is empty or a quotation mark is not closed."""
        import csv

        try:
            labels = [label.strip() for row in csv.reader([value], skipinitialspace=True, strict=True) for label in row]
        except csv.Error as error:
            self.fail(f"{value} is not a list of labels ({error}): separate labels with commas, as in 4,5", param, ctx)
        if not labels or not all(labels):
            self.fail(f"{value or 'the list'} has an empty label: separate labels with commas, as in 4,5", param, ctx)
        return labels


def _build_labels_option(kind: str, other: str, example: str) -> Callable[[AnyCommand], AnyCommand]:
    return click.option(
        f"--{kind}",
        type=LabelsType(),
        metavar="LABELS",
        help=f"The labels that mean {kind} in a table, such as {example} [default: common labels, such as pos "
        f"and neg]. Needs --{other}; rows whose label is in neither list are left out.",
    )


_TEXT_OPTIONS: dict[str, Callable[[AnyCommand], AnyCommand]] = {
    "text_column": click.option(
        "--text-column",
        metavar="NAME",
        help="The column that contains the texts [default: a column with a common name, such as text].",
    ),
    "format": click.option(
        "--format",
        type=click.Choice(["csv", "tsv", "jsonl", "lines"]),
        metavar="NAME",
        help="The format of the file or of stdin [default: detected from the content and the name].",
    ),
    "encoding": click.option(
        "--encoding",
        metavar="NAME",
        help="The encoding of the file, such as cp1252 [default: UTF-8, UTF-16 or Windows-1252, as detected].",
    ),
    "delimiter": click.option(
        "--delimiter",
        metavar="CHAR",
        help="The character that separates the cells of the table, or the word 'tab' [default: detected].",
    ),
}
_LABEL_OPTIONS: dict[str, Callable[[AnyCommand], AnyCommand]] = {
    "label_column": click.option(
        "--label-column",
        metavar="NAME",
        help="The column that contains the labels [default: a column with a common name, such as label].",
    ),
    "positive": _build_labels_option("positive", "negative", "4,5"),
    "negative": _build_labels_option("negative", "positive", "1,2"),
}


def _add_reviews(
    command: AnyCommand, name: str, path: Callable[[AnyCommand], AnyCommand], *, labels: bool
) -> AnyCommand:
    """Add the parameter `path`, which sets `reviews_path`, and the options that describe the file and its columns.

    In place of all these parameters, the command receives one argument called `name`: a `DataConfig`, or None if the
    user gave none of them. If `labels` is true, options for the label column and its values are also added.
    """
    described = {"text_column": _TEXT_OPTIONS["text_column"], **(_LABEL_OPTIONS if labels else {}), **_TEXT_OPTIONS}

    @functools.wraps(command)
    def join(*, reviews_path: str | None, **options: Any) -> Any:
        given = {"path": reviews_path, **{key: options.pop(key) for key in described}}
        given = {key: value for key, value in given.items() if value is not None}
        for kind, other in (("positive", "negative"), ("negative", "positive")):
            if kind in given and other not in given:
                raise click.UsageError(f"--{kind} needs --{other}: give both the positive and the negative labels")
        return command(**{name: _build_config(given) if given else None}, **options)

    added: AnyCommand = join
    for option in (*reversed(described.values()), path):
        added = option(added)
    return added


def _build_config(given: dict[str, Any]) -> "DataConfig":
    from imdb_gru.config import DataConfig

    return DataConfig.model_validate(given)


def data_options(command: AnyCommand) -> AnyCommand:
    """Add --data and the table options to a training command."""
    return _add_data(command, TRAINING_DATA)


def compared_data_options(command: AnyCommand) -> AnyCommand:
    """Add --data and the table options to a command that trains models or compares runs."""
    return _add_data(command, f"the data of the RUNs; without RUNs, {TRAINING_DATA}")


def other_data_options(command: AnyCommand) -> AnyCommand:
    """Add --data and the table options to a command that uses a finished run."""
    return _add_data(command, "the data that the run was trained on")


def _add_data(command: AnyCommand, default: str) -> AnyCommand:
    path = click.option(
        "--data", "reviews_path", type=LOCATION, metavar="PATH", help=f"{SOURCES} [default: {default}]."
    )
    return _add_reviews(command, "data", path, labels=True)


def data_argument(command: AnyCommand) -> AnyCommand:
    """Add the argument PATH and the table options."""
    path = click.argument("reviews_path", required=False, type=LOCATION, metavar="[PATH]")
    return _add_reviews(command, "data", path, labels=True)


def build_input_option(name: str, more: str = "") -> Callable[[AnyCommand], AnyCommand]:
    """Build the --input option for a file of texts; `name` is the name of the argument that receives the path."""
    text = f"A file with one review per line, or {TABLES}; either may be compressed, and - means stdin.{more}"
    return click.option("--input", name, type=LOCATION, metavar="FILE", help=text)


def input_options(more: str = "") -> Callable[[AnyCommand], AnyCommand]:
    """Build a decorator that adds --input and its format options; the command receives a `DataConfig` as `file`."""
    return lambda command: _add_reviews(command, "file", build_input_option("reviews_path", more), labels=False)
