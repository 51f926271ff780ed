"""Options that control how a command prints its result: as tables, as one table for other programs, or as JSON."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imdb_gru.cli._messages import say
from imdb_gru.cli._options import PATH, AnyCommand, json_option
from imdb_gru.cli._tables.formats import SUFFIXES, render_table, save_tables

if TYPE_CHECKING:
    from imdb_gru.cli._tables.table import Table


@dataclass(frozen=True)
class Output:
    """How a command prints its result, and where it saves the tables."""

    as_json: bool
    table_format: str | None = None
    folder: Path | None = None

    def check(self) -> None:
        """Create the folder for tables before any work is done, or raise `ImdbGruError` if that is impossible."""
        if self.folder:
            from imdb_gru.system.writing import make_folder

            make_folder(self.folder, "write into")

    def show(self, tables: "Sequence[Table]", *, as_json: Callable[[], str], as_text: Callable[[], object]) -> None:
        """Save the tables if requested, and print the result; --table prints only the first table."""
        if self.folder:
            save_tables(tables, self.folder)
            say(f"saved {len(tables)} tables in {self.folder}, each as {', '.join(SUFFIXES.values())}")
        if self.as_json:
            click.echo(as_json())
        elif self.table_format:
            click.echo(render_table(tables[0], self.table_format), nl=False)
        else:
            as_text()


def output_options(main: str, *, several: bool = True) -> Callable[[AnyCommand], AnyCommand]:
    """Build a decorator that adds --json, --table and, for a command with several tables, --tables.

    `main` describes the first table in the help text. The command receives one `Output` as `output`.
    """

    def add(command: AnyCommand) -> AnyCommand:
        @functools.wraps(command)
        def join(*, as_json: bool, table_format: str | None, tables_path: Path | None = None, **options: Any) -> Any:
            if as_json and table_format:
                raise click.UsageError("--json and --table cannot be used together: leave out one of them")
            return command(output=Output(as_json, table_format, tables_path), **options)

        saved = click.option(
            "--tables",
            "tables_path",
            type=PATH,
            metavar="DIR",
            help=f"Save every table in this folder, as {', '.join(SUFFIXES.values())}.",
        )
        printed = click.option(
            "--table",
            "table_format",
            type=click.Choice(list(SUFFIXES)),
            help=f"Print only the table of {main}, in this format; csv gives the numbers at full precision.",
        )
        for option in (json_option, *([saved] if several else []), printed):
            join = option(join)
        return join

    return add
