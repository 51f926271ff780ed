"""Signs that a text was damaged when it was read, converted or scraped."""

import re

_TAGS = (
    "a|b|i|u|p|em|h[1-6]|hr|li|ol|ul|td|th|tr|div|img|pre|body|code|font|head|html|span|table|center|script|strong|style"
    "|blockquote"
)

SIGNS: dict[str, re.Pattern[str]] = {
    "replacement characters": re.compile("\ufffd"),
    # UTF-8 read as Latin-1 or Windows-1252. A quotation mark or dash after Ã could also be damage, but does not count,
    # because it also occurs in correct Portuguese text.
    "mojibake": re.compile(
        "Ã[\x80-\xbf€‚ƒ„†‡ˆ‰Š‹ŒŽ˜™š›œžŸ]|Â[\xa0-\xbf]|â(?:€|\x80)[\x80-\xbf‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|ðŸ|ï»¿"
    ),
    "control characters": re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"),
    # <br /> does not count as HTML, because the tokenizer removes it.
    "HTML": re.compile(
        rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>|&(?:[a-z]{{2,8}}|#\d{{1,7}}|#x[0-9a-f]{{1,6}});", re.IGNORECASE
    ),
}
"""Names of the signs, each with the pattern that matches it."""


def find_signs(text: str) -> dict[str, int]:
    """Return the names of the signs found in a text, each with its first position."""
    return {name: match.start() for name, sign in SIGNS.items() if (match := sign.search(text))}
