"""The nearest neighbours of words in a model's embedding."""

import numpy as np
from numpy.typing import NDArray

from imdb_gru.models.classifier import Classifier
from imdb_gru.system.arrays import Array, Ids, Mask
from imdb_gru.text.vocabulary import FIRST_WORD


class Neighbours:
    """Each word's nearest neighbours, by the cosine between embeddings; computed on first use and then cached.

    Here, an id counts as a word only if its token contains a letter, so no neighbour is a punctuation mark or a number.
    """

    def __init__(self, classifier: Classifier, count: int) -> None:
        embedding = classifier.network.embedding
        words = classifier.vocabulary.words
        self.words: Mask = np.zeros(len(embedding), bool)
        """Whether an id is a word, `(V,)`."""
        self.words[FIRST_WORD:] = [any(character.isalpha() for character in word) for word in words]
        self.count = max(0, min(count, int(self.words.sum()) - 1))
        lengths = np.linalg.norm(embedding, axis=1, keepdims=True)
        self._directions: Array = embedding / np.maximum(lengths, np.finfo(np.float32).tiny)
        self._found: dict[int, Ids] = {}

    def find(self, ids: Ids) -> NDArray[np.int32]:
        """Return each word's neighbours, nearest first, `(len(ids), count)`."""
        missing = np.array([id for id in dict.fromkeys(ids.tolist()) if id not in self._found], np.int64)
        if len(missing):
            cosines = self._directions[missing] @ self._directions.T
            cosines[:, ~self.words] = -np.inf
            cosines[np.arange(len(missing)), missing] = -np.inf
            nearest = np.argpartition(-cosines, range(self.count), axis=1)[:, : self.count].astype(np.int32)
            self._found.update(zip(missing.tolist(), nearest, strict=True))
        found = [self._found[id] for id in ids.tolist()]
        return np.array(found, np.int32).reshape(len(ids), self.count)
