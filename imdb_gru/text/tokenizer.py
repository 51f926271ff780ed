"""The two tokenizers that a config can choose; a model uses the same one for training and prediction.

Each tokenizer is a plain function that splits a text into tokens.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_KERAS_TABLE = str.maketrans(dict.fromkeys(KERAS_FILTERS, " "))

_CLOSING, _OPENING = frozenset("!?.,;:)-"), ("(", "-")
"""Punctuation with no space before it, and punctuation with no space after it."""
_EMOJI = "\u2600-\u27bf\U0001f300-\U0001faff"
_WORD = re.compile(rf"""[^\W_]+(?:'[^\W_]+)*|[!?.,;:()"\-]|[{_EMOJI}]""")

_MARKS = ("<", "&", "`", "@", "://", "ww.", "WW.")
"""If normalisation changes an ASCII text, the text contains at least one of these marks."""

_EYES = ":;=<"
_EMOTICON = re.compile(
    rf"[{_EYES}](?:"
    r"(?<!<)[-'^o]?(?:\)+|\(+|\]+|\[+)"  # :) :-( :'( :o) =]
    r"|(?<!<)(?<![^\W_][:;])[-'^]?[dp](?![^\W_])"  # :D =P but not "Grade:D" or "Cast:Peter"
    r"|(?<![;<])[-'^]?[/\\|](?![/\\|\w])"  # :/ but not "http://"
    r"|(?<=<)/?3+(?!\d)"  # <3 </3 but not "<30 minutes"
    r")"
)
_WORD_OR_EMOTICON = re.compile(f"{_EMOTICON.pattern}|{_WORD.pattern}")
_MOUTHS = {")": ":)", "]": ":)", "(": ":(", "[": ":(", "/": ":/", "\\": ":/", "|": ":|", "d": ":d", "p": ":p"}
"""For each mouth, the emoticon that replaces all emoticons with that mouth, except that ;) and ;] become ;)."""


def tokenize_keras(text: str) -> list[str]:
    """Lower-case a text, and split it at spaces and Keras's filter characters, as was done for `imdb.npz`."""
    text = _normalise_for_keras(text).lower().translate(_KERAS_TABLE)
    return [token for token in text.split(" ") if token]


def tokenize_words(text: str) -> list[str]:
    """Normalise a text, and split it into lower-case words ("don't" is one word), punctuation, emoji and emoticons."""
    text = _normalise(text).lower()
    if _has_emoticon(text):
        return [_unify(token) for token in _WORD_OR_EMOTICON.findall(text)]
    return _WORD.findall(text)


def tokenize_without_emoticons(text: str) -> list[str]:
    """Split a text as `tokenize_words` does, but split emoticons into single characters."""
    return _WORD.findall(_normalise(text).lower())


def _normalise(text: str) -> str:
    if text.isascii() and not any(mark in text for mark in _MARKS):
        return text
    from imdb_gru.text.normalisation import normalise  # compiles regular expressions that most texts do not need

    return normalise(text)


def _normalise_for_keras(text: str) -> str:
    if text.isascii() and "<" not in text and "&" not in text:
        return text
    from imdb_gru.text.normalisation import normalise_for_keras

    return normalise_for_keras(text)


def _has_emoticon(text: str) -> bool:
    """Return whether a text contains an emoticon; looking for eyes first is 20 times faster than `_EMOTICON.search`."""
    for eyes in _EYES:
        place = text.find(eyes)
        while place >= 0:
            if _EMOTICON.match(text, place):
                return True
            place = text.find(eyes, place + 1)
    return False


def _unify(token: str) -> str:
    """Return the token for an emoticon, such as `:)` for `:-)`, `=)` and `:))`; return other tokens unchanged."""
    if len(token) == 1 or token[0] not in ":;=<":
        return token
    if token[0] == "<":
        return token.rstrip("3") + "3"
    mouth = _MOUTHS[token[-1]]
    return ";)" if token[0] == ";" and mouth == ":)" else mouth


def find_spaces(tokens: Iterable[str], text: str = "") -> Iterator[bool]:
    """Yield, for each token, whether a space precedes it; `text` is the text before the first token."""
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


def describe_tokens(tokenizer: str, *, emoticons: bool) -> dict[str, Any]:
    """Return how a tokenizer splits a normalised lower-case text, as JSON-compatible data.

    `token` is a regular expression that finds the tokens. `unified` lists pairs: a regular expression for emoticons,
    and the token that replaces them.
    """
    if tokenizer == "keras":
        filters = re.sub(r"[\\\]^-]", r"\\\g<0>", KERAS_FILTERS)
        return {"token": f"[^{filters} ]+", "unified": []}
    if not emoticons:
        return {"token": _WORD.pattern, "unified": []}
    unified = [("<3+", "<3"), ("</3+", "</3"), (r";.*[)\]]", ";)")]
    unified += [(f"[:;=].*{re.escape(mouth)}", token) for mouth, token in _MOUTHS.items()]
    return {"token": _WORD_OR_EMOTICON.pattern, "unified": unified}
