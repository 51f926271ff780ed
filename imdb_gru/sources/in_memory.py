"""Reviews that a program holds in memory, as lists of texts and labels."""

from collections.abc import Iterator, Sequence

from imdb_gru.errors import DataError
from imdb_gru.sources.review import SURROGATE, Review
from imdb_gru.system.escaping import show_value


class MemorySource:
    """Texts and labels in memory, in one split, or in two if validation reviews are given.

    A label is 1 or True for positive, 0 or False for negative. Raises `DataError` if the numbers of texts and labels
    differ, if a text is not a string, or if a label has any other value.
    """

    name = "the reviews in memory"
    folder = None

    def __init__(
        self,
        texts: Sequence[str],
        labels: Sequence[int],
        *,
        validation: tuple[Sequence[str], Sequence[int]] | None = None,
    ) -> None:
        if validation is None:
            self._reviews = {"all": _build_reviews(texts, labels)}
        else:
            self._reviews = {"train": _build_reviews(texts, labels), "validation": _build_reviews(*validation)}

    @property
    def splits(self) -> tuple[str, ...]:
        """Return the names of the splits: `all`, or `train` and `validation`."""
        return tuple(self._reviews)

    def iter_reviews(self, split: str) -> Iterator[Review]:
        """Yield a split's reviews in the given order."""
        if split not in self._reviews:
            raise DataError(f"there is no {split} split in {self.name}, only {', '.join(self.splits)}")
        yield from self._reviews[split]


def _build_reviews(texts: Sequence[str], labels: Sequence[int]) -> list[Review]:
    if len(texts) != len(labels):
        raise DataError(f"there are {len(texts)} texts but {len(labels)} labels: give one label for each text")
    reviews = []
    for number, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if not isinstance(text, str):
            raise DataError(f"text {number} is {show_value(text)}: each text must be a string")
        if label not in (0, 1):
            raise DataError(f"label {number} is {show_value(label)}: give 1 for positive and 0 for negative")
        reviews.append(Review(SURROGATE.sub("\ufffd", text), int(label)))
    return reviews
