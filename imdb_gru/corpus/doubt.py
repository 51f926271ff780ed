"""Reasons to doubt a prediction because the text is unlike the texts that the model was trained on."""

from typing import Literal

import numpy as np

from imdb_gru.system.arrays import Ids
from imdb_gru.text.vocabulary import COMMON, OTHER, UNFAMILIAR, Vocabulary

Doubt = Literal["no words", "no known words", "unknown words", "another language"]

NOTHING_KNOWN = ("no words", "no known words")
"""The reasons that always make a prediction unsure, because the text contains no word that the model knows."""

MOST_UNKNOWN = 0.5
"""Smallest share of unknown words that is a reason for doubt."""
LEAST_COMMON = 0.2
"""A text may be in another language if its share of the vocabulary's most common words is below this value. The
smallest share in 5,000 IMDB reviews is 0.27, and the largest share in texts in twelve other languages is 0.16."""
UNKNOWN_ABROAD = 0.25
"""Minimum share of unknown words in a text that may be in another language. Few common words alone prove nothing: a
list of English keywords has few common words too."""
SHORTEST = 10
"""Minimum number of words in a text that may be in another language; shorter texts are not checked for this."""


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
