"""Translation of a tokenizer's rules into regular expressions that JavaScript understands.

Character classes differ between Python and JavaScript, and between versions of Unicode. The patterns therefore contain
the names of classes in braces, such as {alphanumeric}; each name stands for the characters that Python puts in that
class, written as ranges.
"""

import re
import unicodedata
from functools import cache
from typing import Any

NOTATION = (
    "Patterns are regular expressions in JavaScript's notation, with the flag u. A name in braces stands for the "
    "ranges of characters in 'classes'. Unicode {version} leaves the characters in 'unassigned' unchanged: apply NFKC "
    "and lower case only to the text between them. The patterns 'tag' and 'entity' ignore case."
)
CLASSES = {
    r"[^\W\d_]": "(?![{digit}])[{alphanumeric}]",
    r"[^\W_]": "[{alphanumeric}]",
    r"(?!\d)": "(?![{digit}])",
    r"\w": "{alphanumeric}_",
    r"\s": "{space}",
    r"\b": "(?![{alphanumeric}_])",  # the patterns use it only at the end of a word
}
"""The character classes in the patterns, and their counterparts in JavaScript."""
_CLASS = re.compile("|".join(map(re.escape, CLASSES)))
_ALIKE = "\u0130\u0131"
"""The letters İ and ı; when case is ignored, they match the letter i in Python, but not in JavaScript."""


def translate_tokenizer(rules: dict[str, Any]) -> dict[str, Any]:
    """Translate the patterns in the result of `describe_tokenizer` for JavaScript."""
    normalisation, tokens, spelling = rules["normalisation"], rules["tokens"], rules["spelling"]
    part, link, tag, entity = (normalisation[name] for name in ("part", "link", "tag", "entity"))
    return {
        **rules,
        # the first rule is about the notation
        "rules": [NOTATION.replace("{version}", unicodedata.unidata_version), *rules["rules"][1:]],
        "classes": list_classes(normalisation["remove"]),
        "normalisation": {
            **normalisation,
            "part": part.replace(r"[\s\S]", "[^]").replace("[^", "[^{unassigned}", 1),
            "link": link and _translate(link),
            "tag": _translate(_ignore_case(tag)),
            "entity": _ignore_case(entity),
        },
        "tokens": {**tokens, "token": _translate(tokens["token"])},
        "spelling": spelling and {**spelling, "run": _translate(spelling["run"])},
    }


def _translate(pattern: str) -> str:
    return _CLASS.sub(lambda match: CLASSES[match[0]], pattern)


def _ignore_case(pattern: str) -> str:
    return pattern.replace("i", f"[i{_ALIKE}]").replace("a-z", f"a-z{_ALIKE}")


@cache
def list_classes(remove: str) -> dict[str, str]:
    """Return the ranges of characters in each class, for use inside the brackets of a pattern.

    The class `unassigned` excludes the characters that match `remove`, because normalisation removes them.
    """
    characters = "".join(map(chr, range(0x110000)))
    patterns = {"alphanumeric": r"[^\W_]+", "digit": r"\d+", "space": r"\s+"}
    ranges = {name: [match.span() for match in re.finditer(pattern, characters)] for name, pattern in patterns.items()}
    categories = "".join(map(unicodedata.category, re.sub(remove, "\0", characters)))  # two letters each
    ranges["unassigned"] = [(match.start() // 2, match.end() // 2) for match in re.finditer("(?:Cn)+", categories)]
    return {name: "".join(_write_range(*span) for span in spans) for name, spans in ranges.items()}


def _write_range(start: int, stop: int) -> str:
    first, last = f"\\u{{{start:x}}}", f"\\u{{{stop - 1:x}}}"
    return first if stop - start == 1 else f"{first}-{last}"
