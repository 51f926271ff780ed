"""The normalisation of texts into plain characters without HTML."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

_APOSTROPHES = "`´ʹʻʼʽˈˊˋʹ΄`‘’‛′‵ꞌ＇｀"
_QUOTATION_MARKS = "«»“”„‟″‴‶‷⁗〝〞〟"
_DASHES = "‐‑‒–—―⁻₋−﹘﹣－︱︲"
_INVISIBLE = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x180B, 0x180F),
    (0x200B, 0x200F),  # zero-width space and joiners
    (0x202A, 0x202E),  # direction
    (0x2060, 0x206F),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # byte order mark
)
"""Ranges of characters that are invisible or modify the previous character; each is a first and a last character."""
_FRACTIONS, _RAISED_DIGITS = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞↉", "²³¹⁰⁴⁵⁶⁷⁸⁹"

_WRITTEN = {
    **dict.fromkeys(_APOSTROPHES, "'"),
    **dict.fromkeys(_QUOTATION_MARKS, '"'),
    **dict.fromkeys(_DASHES, "-"),
    # Without a space, NFKC would turn 3½ into 31/2, and Batman™ into BatmanTM.
    **{mark: f" {unicodedata.normalize('NFKC', mark).replace('⁄', '/')}" for mark in _FRACTIONS + _RAISED_DIGITS},
    **dict.fromkeys("™℠", " "),
    "ŉ": "'n",
    "⭐": "★",
}
_WRITTEN |= {  # characters in Windows-1252 that were decoded as Latin-1
    chr(code): _WRITTEN.get(character, character)
    for code in range(0x80, 0xA0)
    if (character := bytes([code]).decode("cp1252", "ignore"))
}
_SPECIAL = re.compile(
    f"[{''.join(map(re.escape, _WRITTEN))}{''.join(f'{chr(first)}-{chr(last)}' for first, last in _INVISIBLE)}]"
)
# A separate pattern, because characters beyond U+FFFF would slow down the search with `_SPECIAL`.
_MODIFIER = re.compile("[\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]")
"""Skin tones and further invisible characters."""

TAGS = (
    "br|a|b|i|u|p|s|em|h[1-6]|hr|li|ol|ul|dl|dt|dd|td|th|tr|tt|div|img|pre|sub|sup|body|code|font|head|html|link|meta"
    "|span|table|tbody|thead|center|iframe|script|strike|strong|style|blockquote"
)
_TAG = re.compile(rf"</?(?:{TAGS})(?:[\s/][^<>]*)?>|<!--[^<>]*-->", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:amp;)*(#[0-9]{1,7};?|#x[0-9a-f]{1,6};?|[a-z][a-z0-9]{1,31};)", re.IGNORECASE)
_LINK = re.compile(
    r"""(?:[Hh][Tt][Tt][Pp][Ss]?://|[Ww]{3}\.)[^\s<>"]*[^\s<>".,;:!?)\]'-]"""
    r"|(?<![\w.])@[\w]+"  # a handle, but not the end of an e-mail address
)
_MOST_PASSES = 4
"""Maximum number of passes over tags and entities; decoding an entity can reveal a tag or another entity."""
_NO_MARKUP = str.maketrans("&<", "  ")

_IN_IMDB = "`\x80-\xbf‘’“”–…″，"
"""Characters that occur unchanged in `imdb.npz`, so the `keras` tokenizer must not change them."""
_NOT_IN_IMDB = re.compile(f"[^{_IN_IMDB}]+")
_TAG_NOT_IN_IMDB = re.compile(_TAG.pattern.replace("</?", r"</?(?!(?:br|em|hr|i|p)\b)"), re.IGNORECASE)


def normalise(text: str) -> str:
    """Return a text in plain characters, without HTML, links or handles.

    Plain characters are those of NFKC, with only one form of apostrophe, quotation mark and dash.
    """
    return _normalise(text, _write_plainly_without_links, _TAG, _decode)


def normalise_for_keras(text: str) -> str:
    """Normalise a text, but keep everything that occurs in IMDB's reviews, so that the tokens match `imdb.npz`."""
    return _normalise(text, _write_plainly_for_keras, _TAG_NOT_IN_IMDB, _decode_for_keras)


def _normalise(
    text: str, write_plainly: Callable[[str], str], tag: re.Pattern[str], decode: Callable[[re.Match[str]], str]
) -> str:
    text = write_plainly(text)
    for _ in range(_MOST_PASSES):
        if "<" not in text and "&" not in text:
            return text
        marked = text
        text = tag.sub(" ", marked)
        if "&" in text:
            text = write_plainly(_ENTITY.sub(decode, text))
        if text == marked:
            return text
    return text.translate(_NO_MARKUP)


def _write_plainly(text: str) -> str:
    if text.isascii():
        return text.replace("`", "'")
    return unicodedata.normalize("NFKC", _MODIFIER.sub("", _SPECIAL.sub(_write, text)))


def _write_plainly_without_links(text: str) -> str:
    return _LINK.sub(" ", _write_plainly(text))


def _write_plainly_for_keras(text: str) -> str:
    return text if text.isascii() else _NOT_IN_IMDB.sub(lambda match: _write_plainly(match[0]), text)


def _write(match: re.Match[str]) -> str:
    return _WRITTEN.get(match[0], "")


def _decode(match: re.Match[str]) -> str:
    from html import unescape  # loads a table of 2,000 entities, which few texts need
    from html.entities import html5

    name = match[1]
    return unescape(f"&{name}") if name[0] == "#" else html5.get(name, f"&{name}")


def _decode_for_keras(match: re.Match[str]) -> str:
    decoded = _decode(match)
    if match[1][0] == "#":
        return decoded if decoded.isascii() else match[0]
    return _write_plainly(decoded)


def describe_normalisation(tokenizer: str) -> dict[str, Any]:
    """Return the rules of `normalise`, or of `normalise_for_keras` for the `keras` tokenizer, as JSON-compatible data.

    `replace` maps characters to texts; `remove`, `tag`, `entity` and `part` are regular expressions; `names` and
    `numbers` map entities to texts; and `ascii_numbers` says whether a numeric entity is decoded only if it stands for
    an ASCII character.
    """
    from html.entities import html5

    keras = tokenizer == "keras"
    names = {name: text for name, text in html5.items() if name.endswith(";")}
    return {
        "part": _NOT_IN_IMDB.pattern if keras else r"[\s\S]+",
        "replace": _WRITTEN,
        "remove": f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in _INVISIBLE)}]|{_MODIFIER.pattern}",
        "link": None if keras else _LINK.pattern,
        "passes": _MOST_PASSES,
        "tag": (_TAG_NOT_IN_IMDB if keras else _TAG).pattern,
        "entity": _ENTITY.pattern,
        "names": {name: _write_plainly(text) for name, text in names.items()} if keras else names,
        "numbers": _list_irregular_numbers(),
        "ascii_numbers": keras,
    }


def _list_irregular_numbers() -> dict[int, str]:
    """Return the text of each numeric entity that does not stand for the character with its number.

    Surrogates and numbers above 0x10FFFF are not included, because they are not characters.
    """
    from html import unescape

    last_of_planes = (plane * 2**16 + last for plane in range(17) for last in (0xFFFE, 0xFFFF))
    texts = {code: unescape(f"&#{code};") for code in [*range(0xA0), *range(0xFDD0, 0xFDF0), *last_of_planes]}
    return {code: text for code, text in texts.items() if text != chr(code)}
