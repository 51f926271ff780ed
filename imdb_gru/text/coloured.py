"""Colours for negative and positive words, and an HTML fragment that shows coloured words in a notebook."""

import math
from collections.abc import Sequence
from html import escape

from imdb_gru.config.prediction import Direction
from imdb_gru.system.escaping import neutralise
from imdb_gru.text.direction import find_written_spaces, note_direction, reorder

COLOURS = ("#d45e00", "#c06a2c", "#a57c67", "#808080", "#6683a4", "#4683c5", "#0081e7")
"""Colours from orange (negative) through grey to blue (positive), which colour-blind people can distinguish.

All have the same lightness (0.6 in OKLCH), so they are legible on black and on white. They stay distinct in a
256-colour terminal.
"""
NEGATIVE, POSITIVE = COLOURS[0], COLOURS[-1]

STRONGEST = 0x90
"""Opacity of the strongest background, on a scale from 0 to 255; both dark and light text are legible on it."""
FAINTEST = 0.05
"""A word is coloured only if the absolute value of its share is at least this."""


def build_html(
    label: str,
    figures: str,
    tokens: Sequence[str],
    shares: Sequence[float],
    titles: Sequence[str],
    note: str,
    direction: Direction = "forward",
) -> str:
    """Build an HTML fragment that needs no script, style sheet or other file, and suits both light and dark pages.

    `label` and `figures` form the headline. Each token except the start token is coloured by its share, from −1 (most
    negative) to 1 (most positive); its title appears when the mouse hovers over the token. `note` explains the colours.
    `tokens`, `shares` and `titles` are in reading order; the fragment shows the words in written order.
    """
    words = []
    for token, space, share, title in zip(tokens, find_written_spaces(tokens, direction), shares, titles, strict=True):
        colour = _choose_background(share)
        style = f' style="background:{colour}"' if colour else ""
        words.append(f'{" " * space}<span{style} title="{_escape(title)}">{_escape(token)}</span>')
    text = "".join(reorder(words[1:], direction)) or "<i>(no words)</i>"
    swatches = "".join(
        f'<span style="background:{colour};border-radius:2px">&nbsp;{name}&nbsp;</span> '
        for name, colour in (("negative", _choose_background(-1)), ("positive", _choose_background(1)))
    )
    return (
        '<div style="max-width:60em;margin:.5em 0">'
        f"<div><b>{_escape(label)}</b>: {_escape(figures)}</div>"
        f'<div style="line-height:1.7;margin:.4em 0;overflow-wrap:anywhere">{text}</div>'
        f'<div style="font-size:85%">{swatches}{_escape(note)}{note_direction(direction)}</div>'
        "</div>"
    )


def _choose_background(share: float) -> str:
    """Return a share's background: more opaque for a larger absolute value, but empty below `FAINTEST`."""
    if not math.isfinite(share) or abs(share) < FAINTEST:
        return ""
    opacity = round(min(abs(share), 1.0) * STRONGEST)
    return f"{POSITIVE if share > 0 else NEGATIVE}{opacity:02x}"


def _escape(text: str) -> str:
    return escape(neutralise(text))
