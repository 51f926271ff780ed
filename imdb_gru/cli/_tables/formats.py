"""Tables in formats for other programs: CSV, Markdown and LaTeX."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from imdb_gru.cli._tables.table import Column, Table, is_numeric

SUFFIXES = {"csv": ".csv", "markdown": ".md", "latex": ".tex"}
"""The formats and their file suffixes."""
LIST = ("figure", "value")
"""Headings for a list of names and values; Markdown and LaTeX tables need headings."""
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": r"\textbar{}", '"': "''",
        "±": r"$\pm$", "×": r"$\times$", "≤": r"$\leq$", "≥": r"$\geq$", "…": r"\dots{}", "→": r"$\to$",
    }
)  # fmt: skip


def render_table(table: Table, name: str) -> str:
    """Return a table in the format `csv`, `markdown` or `latex`, ending in a line break.

    CSV gives the figures at full precision; its headings are the names used in the JSON output. Markdown and LaTeX give
    the figures as they are printed.
    """
    return {"csv": _render_csv, "markdown": _render_markdown, "latex": _render_latex}[name](table)


def save_tables(tables: Sequence[Table], folder: Path) -> None:
    """Write every table in every format to a folder, or raise `ImdbGruError` if a file cannot be written."""
    from imdb_gru.errors import ImdbGruError
    from imdb_gru.system.writing import make_folder, write_atomically

    make_folder(folder, "write into")
    for table in tables:
        for name, suffix in SUFFIXES.items():
            path = folder / f"{table.name}{suffix}"
            try:
                with write_atomically(path) as temporary:
                    temporary.write_text(render_table(table, name), "utf-8", newline="")
            except OSError as error:
                raise ImdbGruError(f"cannot write {path}: {error.strerror}; choose another folder") from error


def _render_csv(table: Table) -> str:
    stream = io.StringIO()
    headings = list(dict.fromkeys(name for record in table.records for name in record))
    writer = csv.DictWriter(stream, headings, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table.records)
    return stream.getvalue()


def _render_markdown(table: Table) -> str:
    from imdb_gru.system.escaping import escape_markdown

    headings, rows, numeric = _read_cells(table)
    edges = ["---:" if one else "---" for one in numeric]
    lines = [[escape_markdown(cell) for cell in row] for row in (headings, *rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (lines[0], edges, *lines[1:]))


def _render_latex(table: Table) -> str:
    headings, rows, numeric = _read_cells(table)
    title = f"% {' '.join(table.title.split())}\n" if table.title else ""
    head, *body = [f"{' & '.join(map(_escape_latex, row))} \\\\\n" for row in (headings, *rows)]
    layout = "".join("r" if one else "l" for one in numeric)
    return (
        f"{title}% needs \\usepackage{{booktabs}}\n\\begin{{tabular}}{{{layout}}}\n\\toprule\n{head}\\midrule\n"
        f"{''.join(body)}\\bottomrule\n\\end{{tabular}}\n"
    )


def _escape_latex(cell: str) -> str:
    """Escape LaTeX's special characters, double hyphens, and an opening bracket at the start of the cell."""
    text = cell.translate(_LATEX).replace("--", "-{}-")
    return f"{{{text}}}" if text.startswith("[") else text  # after \\, LaTeX would read [ as an optional argument


def _read_cells(table: Table) -> tuple[list[str], list[list[str]], list[bool]]:
    """Escape control characters, and return the headings, the rows, and whether each column contains only numbers."""
    from imdb_gru.system.escaping import neutralise

    columns = table.columns or LIST
    headings = [neutralise(column.name if isinstance(column, Column) else column) for column in columns]
    rows = [[neutralise(cell) for cell in row] for row in table.rows]
    numeric = [is_numeric(row[index] for row in rows) for index in range(len(headings))]
    return headings, rows, numeric
