"""Write the suite of behavioural tests as a table: python scripts/tools/templates.py suite.csv.

The templates and word lists are those of the suite in the package, so without options, the table holds the tests of
`imdb-gru evaluate --suite bundled`. The same seed gives the same tests.
"""

import csv
from pathlib import Path

import click

from imdb_gru.sources.suite import DIRECTIONS
from imdb_gru.sources.suite_templates import SEED, TESTS, build_suite
from imdb_gru.system.writing import write_atomically


@click.command(help=__doc__)
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--tests", type=click.IntRange(min=1), default=TESTS, show_default=True, help="Tests of each kind.")
@click.option("--seed", type=int, default=SEED, show_default=True, help="Seed of the random numbers.")
def main(output: Path, tests: int, seed: int) -> None:
    """Write the suite."""
    try:
        suite = build_suite(tests, seed)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    names = {direction: name for name, direction in DIRECTIONS.items()}
    with write_atomically(output) as path, path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("text", "label", "kind", "pair", "direction"))
        table.writerows((row.text, row.label, row.kind, row.pair, names[row.direction]) for row in suite)
    click.echo(f"wrote {len(suite)} texts to {output}")


if __name__ == "__main__":
    main()
