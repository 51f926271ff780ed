"""The equations of a cell at one word, with the numbers of one unit."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from imdb_gru.cells import CELLS
from imdb_gru.cli._tables.table import Column, print_heading, print_line, print_table
from imdb_gru.inspection.steps import DIGITS
from imdb_gru.system.escaping import dump_json
from imdb_gru.system.wording import count_noun

if TYPE_CHECKING:
    from imdb_gru.inspection import StepInspection
    from imdb_gru.inspection.steps import Equation, Product, UnitStep


def show_step(step: "StepInspection", terms: int, *, headed: bool, as_json: bool) -> None:
    """Print a step as JSON or as equations; if `headed` is true, print the text above the equations."""
    if as_json:
        click.echo(dump_json(step.to_dict(terms)))
        return
    if headed:
        print_heading(step.text)
    print_step(step, terms)


def print_step(step: "StepInspection", terms: int) -> None:
    """Print the equations of each unit in symbols and in numbers, and the `terms` largest terms of each product."""
    for unit in step.units:
        title = f"unit {unit.unit} of {unit.name} ({CELLS[unit.cell].title})"
        print_line(f"{_name_word(step, step.word)}{'' if step.known else ' (unknown)'}: {title}")
        print_line(_describe_previous(step, unit))
        click.echo()
        for equation in unit.equations:
            for line in _iter_lines(equation, max(len(equation.symbol) for equation in unit.equations)):
                print_line(line)
        click.echo()
        rows = [
            row for equation in unit.equations for product in equation.products for row in _iter_terms(product, terms)
        ]
        print_table(rows, ["product", Column("largest terms"), "weight", "value", "weight × value"])
        click.echo()


def _name_word(step: "StepInspection", timestep: int) -> str:
    end = " from the end" if step.direction == "backward" else ""
    return f'word {timestep}{end} "{step.tokens[timestep]}"'


def _describe_previous(step: "StepInspection", unit: "UnitStep") -> str:
    symbols = {"state": "h_{t-1}", "memory": "c_{t-1}"}
    values = ", ".join(f"{symbols[name]} = {value:.{DIGITS}f}" for name, value in unit.previous.items())
    return f"{values}: " + ("before any word" if unit.before is None else f"after {_name_word(step, unit.before)}")


def _iter_lines(equation: "Equation", width: int) -> Iterator[str]:
    """Yield three lines for an equation: its formula and name, the formula in numbers, and the value."""
    name = f"{equation.name} gate" if equation.function == "σ" else equation.name
    yield f"{equation.symbol:{width}} = {equation.formula}   {name}"
    yield f"{'':{width}} = {equation.numbers}"
    total = "" if equation.total is None else f"= {equation.function}({equation.total:.{DIGITS}f}) "
    yield f"{'':{width}} {total}= {equation.value:.{DIGITS}f}"


def _iter_terms(product: "Product", count: int) -> Iterator[list[str]]:
    """Yield one row for each of the `count` largest terms of a product, and one for the sum of the remaining terms."""
    largest = product.list_largest(count)
    for term in largest:
        figures = (f"{figure:+.{DIGITS}f}" for figure in (term.weight, term.value, term.product))
        yield [product.symbol, f"{product.over} {term.place}", *figures]
    if others := len(product.weights) - len(largest):
        rest = product.sum - sum(term.product for term in largest)
        yield [product.symbol, count_noun(others, "other"), "-", "-", f"{rest:+.{DIGITS}f}"]
