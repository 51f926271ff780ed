"""Ways in which a text can differ from the training texts, each a reason to doubt the prediction."""

from typing import Literal

import numpy as np

from imdb_gru.system.arrays import Ids
from imdb_gru.text.vocabulary import COMMON, OTHER, UNFAMILIAR, Vocabulary

Doubt = Literal["no words", "no known words", "unknown words", "another language"]

NOTHING_KNOWN = ("no words", "no known words")
"""The two reasons that always make the prediction 'unsure': the model knows none of the text's words."""

MOST_UNKNOWN = 0.5
"""A prediction is doubted if at least this share of the text's words is unknown."""
LEAST_COMMON = 0.2
"""A text may be in another language if the vocabulary's most common words make up less than this share of its words.
Their share is at least 0.27 in each of 5,000 IMDB reviews; in texts in twelve other languages, it is at most 0.16."""
UNKNOWN_ABROAD = 0.25
"""A text is suspected of being in another language only if at least this share of its words is unknown. The share of
common words alone is not enough, because that share is also low in a list of English keywords."""
SHORTEST = 10
"""Texts with fewer words than this are not checked for another language."""


def find_doubt(ids: Ids, vocabulary: Vocabulary) -> Doubt | None:
    """Return the strongest reason to doubt the prediction for a text, or None if there is no reason.

    `ids` includes the start token.

    Punctuation marks do not count as words here, because they are the same in many languages.
    """
    if len(ids) == 1:
        return "no words"
    kinds = np.bincount(vocabulary.kinds[ids], minlength=UNFAMILIAR + 1)
    unknown, common = int(kinds[UNFAMILIAR]), int(kinds[COMMON])
    words = unknown + common + int(kinds[OTHER])
    if unknown == words:
        return "no known words"
    if words >= SHORTEST and common < LEAST_COMMON * words and unknown >= UNKNOWN_ABROAD * words:
        return "another language"
    return "unknown words" if unknown >= MOST_UNKNOWN * words else None
