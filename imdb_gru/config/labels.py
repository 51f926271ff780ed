"""The normalised spelling of labels: 4, 4.0 and "4" are the same label, and so are pos, "Pos." and __label__pos."""

import math
import unicodedata
from collections.abc import Sequence
from decimal import Decimal

from imdb_gru.system.escaping import show_value

Label = int | float | str
PREFIXES = ("__label__", "label_")
"""Prefixes that fastText and Hugging Face add to labels."""
LONGEST_LABEL = 200
LARGEST_NUMBER = 10**15
"""Numbers of this size or larger are compared as text, because two different numbers could be equal as floats."""


def spell_label(value: object) -> str:
    """Return the normalised spelling that is used to compare labels, or an empty string if the label is missing."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or value != value:  # pandas uses NaN for missing labels, and NaN is not equal to itself
        return ""
    if not isinstance(value, str | int | float | Decimal):
        return show_value(value)
    text = value if isinstance(value, str) else show_value(value) if isinstance(value, int) else str(value)
    text = unicodedata.normalize("NFKC", text[:LONGEST_LABEL]).strip().casefold().replace("\N{MINUS SIGN}", "-")
    for prefix in PREFIXES:
        text = text.removeprefix(prefix) or text
    return _spell_number(text) or text.rstrip(".") or text


def _spell_number(text: str) -> str | None:
    """Return the normalised spelling of a number, or None if the text is not a number or the number is too large."""
    try:
        number = float(text)
    except ValueError:
        return None
    if "_" in text or not abs(number) < LARGEST_NUMBER:
        return None
    return str(int(number)) if number.is_integer() else str(number)


def find_label_conflict(positive: Sequence[Label] | None, negative: Sequence[Label] | None) -> str | None:
    """Return what is wrong with the positive and negative labels, or None if they are valid."""
    if not positive and not negative:
        return None
    if not positive or not negative:
        given, missing = ("positive", "negative") if positive else ("negative", "positive")
        return f"data.{given} needs data.{missing}: name the labels of both kinds, such as [4, 5] and [1, 2]"
    for label in (*positive, *negative):
        if not spell_label(label):
            return "data.positive and data.negative cannot contain an empty label: rows without a label are left out"
    if both := set(map(spell_label, positive)) & set(map(spell_label, negative)):
        return f"data.positive and data.negative both contain {', '.join(sorted(both))}: give each label one meaning"
    return None


def is_label(value: object) -> bool:
    """Return whether a value can be a label in a config: finite numbers and text can, but booleans cannot."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int | str) and not isinstance(value, bool)
