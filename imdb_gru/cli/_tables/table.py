"""Tables printed to stdout. A table too wide for the terminal is narrowed without breaking its numbers."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from imdb_gru.system.frames import Record

if TYPE_CHECKING:
    from rich.table import Table as RichTable
    from rich.text import Text

PIPE_WIDTH = 200
"""Maximum width (in characters) of a table that is not printed to a terminal."""
GAP = 2
"""Number of spaces between two columns."""
LONGEST_WORD = 30
"""Words of up to this many characters are not broken in a narrow table; all numbers and dates are shorter."""


@dataclass(frozen=True)
class Column:
    """A table column, with the rules for narrowing it to fit a terminal."""

    name: str
    short: str | None = None
    """Heading to use in a narrow table; None means `name`."""
    width: int = 0
    """Minimum width (in characters) in a narrow table; if all texts in the column are shorter, it can be narrower."""
    cut_to: int | None = None
    """If given, paths in a narrow table are cut to at most this many characters by removing their beginning."""
    longest_word: int = LONGEST_WORD
    """Words of up to this many characters are not broken in a narrow table."""
    drop: int = 0
    """Order in which columns are omitted from a narrow table: those with 1 first, those with 0 last."""


@dataclass(frozen=True)
class Table:
    """A table that is printed, or saved in a format for other programs."""

    name: str
    """Name of the table's files, without the suffix."""
    rows: Sequence[Sequence[str]]
    """The cells, as they are printed."""
    columns: Sequence[str | Column] | None
    """The headings; None for a list of names and values."""
    records: Sequence[Record]
    """The same figures at full precision, for other programs."""
    title: str | None = None

    def print(self) -> None:
        """Print the table."""
        print_table(self.rows, self.columns, self.title)


def print_table(
    rows: Iterable[Sequence[str]],
    columns: Sequence[str | Column] | None = None,
    title: str | None = None,
    styles: Sequence[str | None] | None = None,
) -> None:
    """Print a table, with a header if `columns` are given; columns of numbers are right-aligned.

    If the terminal is too narrow, texts are wrapped and columns are omitted; a final line lists the omitted columns.
    `styles` contains one style for each row; the styles are used only in a terminal.
    """
    from rich.console import Console
    from rich.text import Text

    cells = _neutralise_cells(rows)
    shown = _name_columns(cells, columns)
    console = Console()
    if console.is_terminal:
        if title:
            console.print(Text(title, style="bold"))
        table, omitted = _fit(cells, shown, console.width, header=bool(columns))
        for drawn, style in zip(table.rows, styles or (), strict=False):
            drawn.style = style
        console.print(table)
        if omitted:
            console.print(Text(f"(omitted to fit {console.width} characters: {', '.join(omitted)})"))
        return
    console.width = PIPE_WIDTH
    table = _build_table(shown, [None] * len(shown), cells, header=bool(columns), title=title)
    for row in cells:
        table.add_row(*row)
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        click.echo(line.rstrip())


def is_numeric(cells: Iterable[str]) -> bool:
    """Return whether all cells of a column are numbers or dashes."""
    return all(cell.lstrip("+-")[:1].isdigit() or cell == "-" for cell in cells)


def print_line(line: str) -> None:
    """Print a line, wrapping it between words if the terminal is too narrow."""
    from rich.console import Console
    from rich.text import Text

    from imdb_gru.system.escaping import neutralise

    console = Console()
    if console.is_terminal:
        console.print(Text(neutralise(line)))
    else:
        click.echo(neutralise(line))


def print_heading(text: str, figures: str = "") -> None:
    """Print `figures` and the beginning of `text` as a one-line heading, in bold if the output is a terminal."""
    from rich.console import Console
    from rich.text import Text

    from imdb_gru.models.timesteps import shorten

    console = Console()
    line = figures + (" ".join(text.split()) or "(no words)")
    if console.is_terminal:
        console.print(Text(shorten(line, console.width), style="bold"), no_wrap=True, overflow="ellipsis")
    else:
        click.echo(shorten(line, PIPE_WIDTH))


def fit_table(rows: Iterable[Sequence[str]], columns: Sequence[Column], width: int) -> "RichTable":
    """Build a table at most `width` characters wide."""
    table, _ = _fit(_neutralise_cells(rows), columns, width, header=True)
    return table


def _neutralise_cells(rows: Iterable[Sequence[str]]) -> list[list["Text"]]:
    from rich.text import Text

    from imdb_gru.system.escaping import neutralise

    return [[Text(neutralise(cell)) for cell in row] for row in rows]


def _name_columns(cells: Sequence[Sequence["Text"]], columns: Sequence[str | Column] | None) -> list[Column]:
    named = columns or [""] * len(cells[0])
    return [column if isinstance(column, Column) else Column(column) for column in named]


def _build_table(
    columns: Sequence[Column],
    widths: Sequence[int | None],
    cells: Sequence[Sequence["Text"]],
    *,
    header: bool,
    title: str | None = None,
) -> "RichTable":
    """Build a table with the given columns and no rows; cells that are wider than their column are wrapped."""
    from rich.table import Table as RichTable
    from rich.text import Text

    from imdb_gru.system.escaping import neutralise

    table = RichTable(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, show_header=header
    )
    for index, (column, width) in enumerate(zip(columns, widths, strict=True)):
        numeric = is_numeric([row[index].plain for row in cells])
        table.add_column(
            Text(neutralise(column.name)), justify="right" if numeric else "left", overflow="fold", width=width
        )
    return table


def _fit(
    cells: Sequence[Sequence["Text"]], columns: Sequence[Column], width: int, *, header: bool
) -> tuple["RichTable", list[str]]:
    """Return a table at most `width` characters wide, and the names of the omitted columns."""
    widths = [_measure(column.name, index, cells) for index, column in enumerate(columns)]
    shown = list(range(len(columns)))
    drawn = list(columns)
    if _sum_widths(widths) > width:
        drawn = [replace(column, name=column.short or column.name) for column in columns]
        cells = [[_cut(cell, column) for cell, column in zip(row, drawn, strict=True)] for row in cells]
        least = [_find_least(column, index, cells) for index, column in enumerate(drawn)]
        shown = _choose_columns(drawn, least, width) if header else shown
        most = [max(least[index], _measure(drawn[index].name, index, cells)) for index in shown]
        widths = _share_width([least[index] for index in shown], most, width)
    cells = [[row[index] for index in shown] for row in cells]
    table = _build_table([drawn[index] for index in shown], widths, cells, header=header)
    for row in cells:
        table.add_row(*row)
    return table, [column.name for index, column in enumerate(columns) if index not in shown]


def _sum_widths(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _measure(heading: str, index: int, cells: Sequence[Sequence["Text"]]) -> int:
    from rich.cells import cell_len

    return max([cell_len(heading), *(row[index].cell_len for row in cells)])


def _cut(cell: "Text", column: Column) -> "Text":
    if column.cut_to is None or len(cell) <= column.cut_to:
        return cell
    from rich.text import Text

    return Text("…" + cell.plain[1 - column.cut_to :])


def _find_least(column: Column, index: int, cells: Sequence[Sequence["Text"]]) -> int:
    """Return the smallest width that respects `column.width` and breaks only words longer than `longest_word`."""
    from rich.cells import cell_len

    words = [word for row in cells for word in row[index].plain.split()] + column.name.split()
    longest = min(max(map(cell_len, words), default=0), column.longest_word)
    return max(longest, min(column.width, _measure("", index, cells)))


def _choose_columns(columns: Sequence[Column], least: Sequence[int], width: int) -> list[int]:
    """Return the indices of the columns to keep; omit those with a `drop` first, then the others from right to left."""
    shown = list(range(len(columns)))
    order = sorted(shown[1:], key=lambda index: (columns[index].drop or math.inf, -index))
    for index in order:
        if _sum_widths([least[one] for one in shown]) <= width:
            break
        shown.remove(index)
    return shown


def _share_width(least: Sequence[int], most: Sequence[int], width: int) -> list[int]:
    """Give each column its smallest width, and divide the remaining space among the columns that need more."""
    shares = list(least)
    rest = width - _sum_widths(least)
    order = sorted(range(len(least)), key=lambda index: most[index] - least[index])
    for place, index in enumerate(order):
        more = min(max(rest, 0) // (len(order) - place), most[index] - least[index])
        shares[index] += more
        rest -= more
    if rest < 0:  # even the smallest widths do not fit: break long words in the last column
        shares[-1] = max(1, shares[-1] + rest)
    return shares
