"""Reasons to doubt the prediction for a text, because the text is unlike those that the model was trained on."""

from typing import Literal

import numpy as np

from imdb_gru.system.arrays import Ids
from imdb_gru.text.vocabulary import COMMON, OTHER, UNFAMILIAR, Vocabulary

Doubt = Literal["no words", "no known words", "unknown words", "another language"]

NOTHING_KNOWN = ("no words", "no known words")
"""The reasons for which a label is always unsure: the model has read nothing that it knows."""

MOST_UNKNOWN = 0.5
"""Share of unknown words from which they are a reason for doubt."""
LEAST_COMMON = 0.2
"""Share of the vocabulary's commonest words below which a text may be in another language: in 5,000 IMDB reviews,
the smallest is 0.27; in texts in twelve other languages, the largest is 0.16."""
UNKNOWN_ABROAD = 0.25
"""Smallest share of unknown words in another language: a list of English key words also has few common words."""
SHORTEST = 10
"""Number of words from which the share of common words is considered."""


def find_doubt(ids: Ids, vocabulary: Vocabulary) -> Doubt | None:
    """Return the strongest reason to doubt the prediction for a text, given its ids with the start token, or None.

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
