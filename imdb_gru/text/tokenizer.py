"""The two tokenizers that a config can name, shared by training and prediction.

Each is a plain function from text to tokens.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_KERAS_TABLE = str.maketrans(dict.fromkeys(KERAS_FILTERS, " "))

_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_CLOSING, _OPENING = frozenset("!?.,;:)-"), ("(", "-")
"""Marks with no space before them, and marks with no space after them."""
_EMOJI = "\u2600-\u27bf\U0001f300-\U0001faff"
_WORD = re.compile(rf"[^\W_]+(?:['’][^\W_]+)*|[!?.,;:()\"\-]|[{_EMOJI}]")


def tokenize_keras(text: str) -> list[str]:
    """Lower-case, replace Keras's filter characters with spaces, and split on spaces, as was done for `imdb.npz`."""
    return [token for token in text.lower().translate(_KERAS_TABLE).split(" ") if token]


def tokenize_words(text: str) -> list[str]:
    """Split into lower-case words (contractions stay whole), punctuation marks and emoji; drop `<br />`."""
    tokens = _WORD.findall(_LINE_BREAK.sub(" ", text).lower())
    return [token.replace("’", "'") for token in tokens] if "’" in text else tokens


def find_spaces(tokens: Iterable[str], text: str = "") -> Iterator[bool]:
    """Yield, for each token, whether a space precedes it; `text` is what precedes the first token."""
    quoted = text.count('"') % 2 == 1
    attached = not text or text[-1].isspace() or text.endswith(_OPENING) or (text[-1] == '"' and quoted)
    for token in tokens:
        quoted ^= token == '"'
        closes = token in _CLOSING or (token == '"' and not quoted)
        yield not (attached or closes)
        attached = token in _OPENING or (token == '"' and quoted)


def join_tokens(tokens: Sequence[str], text: str = "") -> str:
    """Join tokens into a continuation of `text`, with spaces where needed and a capital at the start of a sentence."""
    written = text
    for token, space in zip(tokens, find_spaces(tokens, text), strict=True):
        begins = written.rstrip(' "(')[-1:] in ("", ".", "!", "?")
        written += " " * space + (token[:1].upper() + token[1:] if begins else token)
    return written[len(text) :]


TOKENIZERS: dict[str, Callable[[str], list[str]]] = {"keras": tokenize_keras, "words": tokenize_words}
