"""Escapes control characters in text from strangers before it is shown; imports nothing heavy."""

import json
import unicodedata

_JOINERS = frozenset("\u200c\u200d")
"""Format characters that emoji and several scripts are spelled with; they do no harm."""
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of controls, formats (which reverse the writing), surrogates and breaks of lines."""
LONGEST_VALUE = 60
"""Characters of a value in a message."""


def neutralise(text: str) -> str:
    """Replace characters that a terminal would obey instead of showing, such as escape, with their codes."""
    if text.isprintable():
        return text
    return "".join(char.encode("unicode_escape", "surrogatepass").decode() if _harms(char) else char for char in text)


def neutralise_error(text: str) -> str:
    """Replace the same characters, but keep the breaks before indented lines that errors of a config have."""
    return "\n  ".join(map(neutralise, text.split("\n  ")))


def dump_json(record: object) -> str:
    """Write JSON on one line, as it reads best, with the codes of characters that a terminal would obey."""
    text = json.dumps(record, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(json.dumps(char)[1:-1] if _harms(char) else char for char in text).replace("\x7f", "\\u007f")


def show_value(value: object) -> str:
    """Show a value in a message, cut where it is long."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested, or with more digits, than Python writes
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _harms(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE and char not in _JOINERS
