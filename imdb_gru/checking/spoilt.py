"""Signs that a text was damaged when it was read, converted or scraped."""

import re

from imdb_gru.text.normalisation import TAGS

SIGNS: dict[str, re.Pattern[str]] = {
    "replacement characters": re.compile("\ufffd"),
    # UTF-8 read as Latin-1 or Windows-1252. A quotation mark or dash after Ã could also be a sign of damage, but is not
    # included here, because it also occurs in correct Portuguese text.
    "mojibake": re.compile(
        "Ã[\x80-\xbf€‚ƒ„†‡ˆ‰Š‹ŒŽ˜™š›œžŸ]|Â[\xa0-\xbf]|â(?:€|\x80)[\x80-\xbf‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|ðŸ|ï»¿"
    ),
    # The tokenizer reads the other characters from 0x80 to 0x9f as Windows-1252.
    "control characters": re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]"),
    # The tokenizer removes the usual tags and decodes entities, so only scripts, styles and unusual tags are included.
    "HTML": re.compile(
        rf"<(?:script|style)[\s>]|<(?!(?:{TAGS})[\s/>])[a-z][a-z0-9:-]*\s[^<>]*=\s*[\"'][^<>]*>", re.IGNORECASE
    ),
}
"""The name of each sign of damage, and the pattern that finds it."""


def find_signs(text: str) -> dict[str, int]:
    """Return the names of the signs found in a text, each with the position where the sign first occurs."""
    return {name: match.start() for name, sign in SIGNS.items() if (match := sign.search(text))}
