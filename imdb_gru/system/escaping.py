"""Escaping characters that must not or cannot be shown."""

import codecs
import io
import json
import re
import unicodedata
from typing import TextIO

_JOINERS = frozenset("\u200c\u200d")
"""Harmless format characters that emoji and several writing systems need."""
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of control, format, surrogate and line-break characters; some can reverse the order of text."""
LONGEST_VALUE = 60
"""Maximum number of characters of a value in a message; longer values are shortened."""

_MARKDOWN = re.compile(r"[\\|<*`\[]|(?<![^\W_])_|_(?![^\W_])")
"""Characters with a special meaning in Markdown; an underscore inside a word, as in simple_rnn, has none."""

UNWRITABLE = "imdb_gru.escape"
"""Name of the error handler for characters that an encoding cannot represent."""


def neutralise(text: str) -> str:
    """Replace control characters, such as ESC, with escape sequences."""
    if text.isprintable():
        return text
    return "".join(char.encode("unicode_escape", "surrogatepass").decode() if _harms(char) else char for char in text)


def neutralise_error(text: str) -> str:
    """Replace control characters, but keep line breaks before indented lines, as in messages about configs."""
    return "\n  ".join(map(neutralise, text.split("\n  ")))


def escape_markdown(text: str) -> str:
    """Escape a text so that Markdown shows it unchanged, even in a table cell."""
    return _MARKDOWN.sub(r"\\\g<0>", text)


def dump_json(record: object) -> str:
    """Return a record as one line of JSON, with control characters escaped and other Unicode characters readable."""
    text = json.dumps(record, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(json.dumps(char)[1:-1] if _harms(char) else char for char in text).replace("\x7f", "\\u007f")


def show_value(value: object) -> str:
    """Return a value as text for a message; the text is shortened if it is too long."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # it is nested too deeply or has too many digits
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _harms(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE and char not in _JOINERS


def escape_unwritable(stream: TextIO) -> None:
    """Make a stream write JSON escapes, such as \\u00e9, for characters that its encoding cannot represent.

    An ASCII stream is switched to UTF-8, as Click does, because ASCII usually means only that no locale is set.
    """
    if isinstance(stream, io.TextIOWrapper):
        codecs.register_error(UNWRITABLE, _escape)
        ascii_only = codecs.lookup(stream.encoding).name == "ascii"
        stream.reconfigure(encoding="utf-8" if ascii_only else None, errors=UNWRITABLE)


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(json.dumps(char)[1:-1] for char in error.object[error.start : error.end]), error.end
