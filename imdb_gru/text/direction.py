"""The direction in which a model reads a text.

A backward model reads from the end, so timestep 1 belongs to the last word of the text. Everything that is listed by
timestep is in reading order, the order in which the model reads the words. Only running text is in written order.
"""

from collections.abc import Sequence
from typing import TypeVar

from imdb_gru.config.prediction import Direction
from imdb_gru.text.tokenizer import find_spaces

Item = TypeVar("Item")


def reorder(items: Sequence[Item], direction: Direction) -> Sequence[Item]:
    """Convert a sequence with one item per word from the written order to the reading order, or back."""
    return items if direction == "forward" else items[::-1]


def note_direction(direction: Direction) -> str:
    """Return a note to append to a caption if the model reads backward; it is empty for a forward model."""
    return ", read from the end" if direction == "backward" else ""


def name_words_read(direction: Direction) -> str:
    """Return the label of an axis that shows timesteps."""
    return "words read from the end" if direction == "backward" else "words read"


def record_direction(direction: Direction) -> dict[str, str]:
    """Return the entry for the direction in a JSON record; it is empty for a forward model."""
    return {"direction": direction} if direction == "backward" else {}


def find_written_spaces(tokens: Sequence[str], direction: Direction) -> list[bool]:
    """Return, for each timestep, whether a space precedes its token in the written text.

    `tokens` holds the token of each timestep; the first is the start token, which no space precedes.
    """
    spaces = list(find_spaces(reorder(tokens[1:], direction)))
    return [False, *reorder(spaces, direction)]
