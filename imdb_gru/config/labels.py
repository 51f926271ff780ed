"""The spelling of labels, so that 4, 4.0 and "4" are the same label, as are pos, "Pos." and __label__pos."""

import math
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from imdb_gru.system.escaping import show_value

Label = int | float | str
PREFIXES = ("__label__", "label_")
"""Prefixes of fastText's and Hugging Face's labels."""
LONGEST_LABEL = 200
LARGEST_NUMBER = 10**15
"""Numbers above this, which a float could confuse, are compared as text."""


def spell_label(value: object) -> str:
    """Return the spelling by which labels are compared; it is empty if the value is missing."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value != value:  # pandas marks missing labels by NaN, which differs from itself
        return ""
    if not isinstance(value, str | int | float | Decimal):
        return show_value(value)
    text = value if isinstance(value, str) else show_value(value) if isinstance(value, int) else str(value)
    text = unicodedata.normalize("NFKC", text[:LONGEST_LABEL]).strip().casefold().replace("\N{MINUS SIGN}", "-")
    for prefix in PREFIXES:
        text = text.removeprefix(prefix) or text
    return _spell_number(text) or text.rstrip(".") or text


def _spell_number(text: str) -> str | None:
    """Return the spelling of a number, or None if the text is not a finite number."""
    try:
        number = float(text)
    except ValueError:
        return None
    if "_" in text or not abs(number) < LARGEST_NUMBER:
        return None
    return str(int(number)) if number.is_integer() else str(number)


def find_label_conflict(positive: Sequence[Label] | None, negative: Sequence[Label] | None) -> str | None:
    """Return why these labels cannot be told apart, or None if they can."""
    if not positive and not negative:
        return None
    if not positive or not negative:
        given, missing = ("positive", "negative") if positive else ("negative", "positive")
        return f"data.{given} needs data.{missing}: name the labels of both, such as [4, 5] and [1, 2]"
    for label in (*positive, *negative):
        if not spell_label(label):
            return "data.positive and data.negative cannot hold an empty label: rows without a label are left out"
    if both := set(map(spell_label, positive)) & set(map(spell_label, negative)):
        return f"data.positive and data.negative both hold {', '.join(sorted(both))}: give each label one meaning"
    return None


def is_label(value: object) -> bool:
    """Return whether a config may hold the value as a label: finite numbers and text, not truth values."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int | str) and not isinstance(value, bool)
