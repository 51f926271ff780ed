"""Escaping control characters in untrusted text before it is shown."""

import json
import unicodedata

_JOINERS = frozenset("\u200c\u200d")
"""Harmless format characters that emoji and several scripts need."""
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of control, format (some reverse the text), surrogate and line-break characters."""
LONGEST_VALUE = 60
"""Maximum length in characters of a value in a message; longer values are cut."""


def neutralise(text: str) -> str:
    """Replace control characters, such as Escape, with their codes."""
    if text.isprintable():
        return text
    return "".join(char.encode("unicode_escape", "surrogatepass").decode() if _harms(char) else char for char in text)


def neutralise_error(text: str) -> str:
    """Replace control characters, but keep line breaks before indented lines, as in config errors."""
    return "\n  ".join(map(neutralise, text.split("\n  ")))


def dump_json(record: object) -> str:
    """Return a record as one line of JSON, with readable Unicode and escaped control characters."""
    text = json.dumps(record, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(json.dumps(char)[1:-1] if _harms(char) else char for char in text).replace("\x7f", "\\u007f")


def show_value(value: object) -> str:
    """Return a value as text for a message, shortened if it is too long."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # it is nested too deeply or has too many digits
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _harms(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE and char not in _JOINERS
