"""Tables for the predictions of a next-word model."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from imdb_gru.cli._tables.table import Column, print_table

if TYPE_CHECKING:
    from imdb_gru.config import Direction
    from imdb_gru.models.next_word import LikelyToken, Timestep

LONGEST_WORD = 16
"""Tokens of up to this many characters are not broken in a narrow table."""
PREDICTED = {"forward": "next word", "backward": "previous word"}
"""Heading for the predicted words, by the direction of the model."""


def print_likeliest(candidates: Iterable["LikelyToken"], text: str | None, direction: "Direction") -> None:
    """Print the most likely next or previous words, below the text if one is given."""
    from imdb_gru.system.escaping import neutralise

    if text is not None:
        click.echo(neutralise(text))
    # rich is not used, because loading it takes as long as the prediction
    click.echo(f"probability  {PREDICTED[direction]}")
    for token, probability in candidates:
        click.echo(f"{probability:11.4f}  {neutralise(token)}")


def print_timesteps(steps: Iterable["Timestep"], direction: "Direction") -> None:
    """Print the model's predictions after each word that it read, with the word that actually followed."""
    columns = (
        Column("timestep"), Column("token", longest_word=LONGEST_WORD),
        Column(PREDICTED[direction], longest_word=LONGEST_WORD), Column("rank", drop=1), Column("probability"),
        Column("most likely", longest_word=LONGEST_WORD),
    )  # fmt: skip
    print_table([_describe(number, step) for number, step in enumerate(steps)], columns)


def _describe(number: int, step: "Timestep") -> tuple[str, ...]:
    followed = ("-", "-", "-")
    if step.next_token is not None:
        followed = (step.next_token, f"{step.rank:,}", f"{step.probability:.4f}")
    likeliest = "  ".join(f"{token} {probability:.3f}" for token, probability in step.likeliest)
    return (str(number), step.token, *followed, likeliest)
