"""Reviews stored for a training run: in memory if their texts need at most 64 MB, or else in a temporary file."""

import sys
import tempfile
from array import array
from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np

from imdb_gru.sources.review import Review
from imdb_gru.system.arrays import NO_LABEL, Labels, Rows

MOST_IN_MEMORY = 64 * 2**20
"""Maximum total size of texts kept in memory, in bytes; the texts of IMDB's train split need 33 million bytes."""


class TextStore:
    """Texts stored one after another in a file, which is kept in memory while it is small."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(MOST_IN_MEMORY)  # noqa: SIM115 - closed with the store
        self._ends = array("q", [0])

    def __del__(self) -> None:
        """Delete the file."""
        self._file.close()

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self._ends) - 1

    def add(self, text: str) -> None:
        """Append a text."""
        self._file.seek(self._ends[-1])
        self._ends.append(self._ends[-1] + self._file.write(text.encode("utf-8", "surrogatepass")))

    def read(self, number: int) -> str:
        """Return the text at this index."""
        start, end = self._ends[number : number + 2]
        self._file.seek(start)
        return self._file.read(end - start).decode("utf-8", "surrogatepass")

    def count_bytes(self, numbers: Rows) -> Rows:
        """Return the sizes, in bytes, of the texts at these indices."""
        return np.diff(self._ends)[numbers]


class StoredReviews(Sequence[Review]):
    """A sequence of reviews; a review's text is read from the store when the review is accessed."""

    def __init__(self, store: TextStore, numbers: Rows, labels: Labels, films: Sequence[str | None]) -> None:
        self.store = store
        self.numbers = numbers
        """Index of each review's text in the store, `(N,)`."""
        self.labels = labels
        """Label of each review, `(N,)`; -1 if unlabelled."""
        self.films = films

    def __len__(self) -> int:
        """Return the number of reviews."""
        return len(self.numbers)

    @overload
    def __getitem__(self, row: int) -> Review: ...
    @overload
    def __getitem__(self, row: slice) -> "StoredReviews": ...
    def __getitem__(self, row: int | slice) -> "Review | StoredReviews":
        """Return the review at an index, or the reviews in a slice."""
        if isinstance(row, slice):
            return self.take(np.arange(len(self))[row])
        label = int(self.labels[row])
        return Review(self.store.read(int(self.numbers[row])), None if label == NO_LABEL else label, self.films[row])

    def __add__(self, others: "StoredReviews") -> "StoredReviews":
        """Return these reviews followed by other reviews from the same store."""
        assert others.store is self.store
        numbers = np.concatenate([self.numbers, others.numbers])
        labels = np.concatenate([self.labels, others.labels])
        return StoredReviews(self.store, numbers, labels, [*self.films, *others.films])

    def take(self, rows: Rows) -> "StoredReviews":
        """Return the reviews at these indices."""
        return StoredReviews(self.store, self.numbers[rows], self.labels[rows], [self.films[row] for row in rows])

    def take_labelled(self) -> "StoredReviews":
        """Return the reviews that have a label."""
        return self.take(np.flatnonzero(self.labels != NO_LABEL))

    def count_bytes(self) -> Rows:
        """Return the size of each text in bytes, `(N,)`."""
        return self.store.count_bytes(self.numbers)


def find_only_label(reviews: Sequence[Review]) -> int | None:
    """Return the label that all reviews share, or None if there is no such label."""
    labels = reviews.labels.tolist() if isinstance(reviews, StoredReviews) else [review.label for review in reviews]
    found = set(labels)
    return found.pop() if len(found) == 1 and found <= {0, 1} else None


def store_reviews(reviews: Iterable[Review], store: TextStore | None = None) -> StoredReviews:
    """Write reviews to a new store, or add them to a given store."""
    store = TextStore() if store is None else store
    first = len(store)
    labels, films = array("b"), []
    for review in reviews:
        store.add(review.text)
        labels.append(NO_LABEL if review.label is None else review.label)
        films.append(None if review.film is None else sys.intern(review.film))
    return StoredReviews(store, np.arange(first, len(store)), np.array(labels, np.int8), films)
