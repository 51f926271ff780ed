"""Reviews as ids: truncation, padding, and the flat array in which a corpus is stored."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config.prediction import ReadingConfig, Truncation
from imdb_gru.corpus.doubt import NOTHING_KNOWN, Doubt, find_doubt
from imdb_gru.system.arrays import NO_LABEL, Ids, Labels, Lengths, Mask, Rows
from imdb_gru.text.direction import reorder
from imdb_gru.text.tokenizer import TOKENIZERS
from imdb_gru.text.vocabulary import PAD, START, UNKNOWN, Vocabulary

if TYPE_CHECKING:
    from imdb_gru.config import TextConfig
    from imdb_gru.corpus.soft_targets import SoftTargets
    from imdb_gru.corpus.stored import StoredReviews

ALIGNMENT = 64
"""Alignment, in bytes, of an array of ids."""
BUCKET_BATCHES = 50
"""Number of batches in a pool of reviews; the reviews in each pool are sorted by length."""


def truncate(items: Sequence[str], length: int, side: Truncation) -> Sequence[str]:
    """Keep at most `length` items: the first for `head`, the last for `tail`, or those at both ends for `middle`."""
    if len(items) <= length:
        return items
    if side == "head":
        return items[:length]
    if side == "tail":
        return items[-length:]
    front = length - length // 2
    return [*items[:front], *items[len(items) - length // 2 :]]


def choose_words(words: Sequence[str], text: "TextConfig | ReadingConfig") -> Sequence[str]:
    """Return the words that a model reads, in the order in which it reads them."""
    return reorder(truncate(words, text.length, text.truncate), text.direction)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedText:
    """A text before and after truncation, and as ids."""

    text: str
    words: int
    """Number of words before truncation."""
    kept: Sequence[str]
    """Tokens after truncation, in the order in which the model reads them."""
    ids: Ids
    """The ids of the start token and of `kept`, `(1 + len(kept),)` int32."""
    doubt: Doubt | None
    """The reason to doubt a prediction for this text, if there is one."""

    @property
    def unsure(self) -> bool:
        """Return whether the text has no word that the model knows."""
        return self.doubt in NOTHING_KNOWN

    @property
    def read(self) -> int:
        """Return the number of words left after truncation."""
        return len(self.kept)

    @property
    def unknown(self) -> int:
        """Return how many of the words left after truncation are not in the vocabulary."""
        return int(np.count_nonzero(self.ids == UNKNOWN))


def encode_text(text: str, vocabulary: Vocabulary, config: "TextConfig | ReadingConfig") -> EncodedText:
    """Tokenize, truncate and encode a text."""
    tokens = vocabulary.tokenize(text)
    kept = choose_words(tokens, config)
    ids = vocabulary.encode(kept)
    return EncodedText(text, len(tokens), kept, ids, find_doubt(ids, vocabulary))


@dataclass(frozen=True, eq=False)
class Tokenized:
    """Truncated reviews as token numbers, in the order in which a model reads the tokens.

    A token number is an index into `lexicon`, not yet an id of a vocabulary.
    """

    lexicon: dict[str, int]
    """Maps each token to its number, which is at least 1; training and validation reviews can share one lexicon."""
    numbers: Ids
    """Token numbers of all reviews, `(sum of lengths,)` int32; each review starts with a 0."""
    offsets: NDArray[np.int64]
    """Boundaries of the reviews, `(N + 1,)`; review `i` is `numbers[offsets[i] : offsets[i + 1]]`."""
    labels: Labels
    lengths: Lengths
    """Number of words in each review before truncation, `(N,)`."""

    def __getitem__(self, row: int) -> Ids:
        """Return a review's token numbers, without the 0 at its start."""
        return self.numbers[self.offsets[row] + 1 : self.offsets[row + 1]]

    def count_tokens(self) -> Counter[str]:
        """Count how often each token occurs."""
        counts = np.zeros(len(self.lexicon), np.int64)
        for piece in _cut(self.numbers):
            counts += np.bincount(piece, minlength=len(counts))
        words = zip(self.lexicon, counts.tolist(), strict=True)
        return Counter({word: count for word, count in words if count and word != _OPENING})

    def to_lists(self) -> list[list[str]]:
        """Return the tokens of each review."""
        words = list(self.lexicon)
        return [[words[number] for number in self[row].tolist()] for row in range(len(self.labels))]


_OPENING = ""
"""The lexicon's entry for the 0 at the start of each review; no real token is an empty string."""
_PIECE = 2**16


def tokenize_reviews(
    reviews: "StoredReviews",
    text: "TextConfig",
    lexicon: dict[str, int] | None = None,
    tokenize: Callable[[str], list[str]] | None = None,
) -> Tokenized:
    """Tokenize and truncate reviews, with a progress bar; add their tokens to `lexicon` if it is given.

    If the vocabulary already exists, pass its tokenizer as `tokenize`.
    """
    from imdb_gru.system.progress import show_bar  # loads tqdm, which encoding a single text does not need

    tokenize = tokenize or TOKENIZERS[text.tokenizer]
    lexicon = {_OPENING: 0} if lexicon is None else lexicon
    # This is large enough: a character becomes fewer than two tokens per byte (㏂ has 3 bytes and becomes a.m.).
    # Parts of the array that stay unused take no memory.
    numbers = allocate(int(np.minimum(2 * reviews.count_bytes(), text.length).sum()) + len(reviews))
    offsets, lengths = np.zeros(len(reviews) + 1, np.int64), np.zeros(len(reviews), np.int64)
    end = 0
    for row, review in enumerate(show_bar(reviews, desc="tokenizing", unit=" reviews", delay=1)):
        words = tokenize(review.text)
        kept = choose_words(words, text)
        start, end = end, end + 1 + len(kept)
        numbers[start:end] = [0, *(lexicon.setdefault(token, len(lexicon)) for token in kept)]
        offsets[row + 1], lengths[row] = end, len(words)
    return Tokenized(lexicon, numbers[:end], offsets, reviews.labels, lengths)


@dataclass(frozen=True, eq=False)
class EncodedReviews:
    """Reviews as ids in one flat array; review `i` is `ids[offsets[i] : offsets[i + 1]]`."""

    ids: Ids
    """Ids, `(sum of lengths,)` int32; each review starts with the start token."""
    offsets: NDArray[np.int64]
    """Position in `ids` of each review's first id, followed by the length of `ids`, `(N + 1,)`."""
    labels: Labels
    """Label of each review, `(N,)`; −1 if unlabelled."""
    soft_targets: "SoftTargets | None" = None
    """The teachers' probabilities for the reviews, if there are teachers."""

    def __len__(self) -> int:
        """Return the number of reviews."""
        return len(self.labels)

    def __getitem__(self, row: int) -> Ids:
        """Return a review's ids."""
        return self.ids[self.offsets[row] : self.offsets[row + 1]]

    @property
    def labelled(self) -> Mask:
        """Return a mask of the reviews that have a label, `(N,)`."""
        mask: Mask = self.labels != NO_LABEL
        return mask

    @property
    def taught(self) -> Mask:
        """Return a mask of the reviews that have a label or a soft target, `(N,)`."""
        return self.labelled | (self.soft_targets is not None)

    @property
    def lengths(self) -> Lengths:
        """Return the number of ids in each review, including the start token, `(N,)`."""
        return np.diff(self.offsets)

    @property
    def unknown_share(self) -> float:
        """Return the share of tokens that are not in the vocabulary."""
        words = len(self.ids) - len(self)
        return float(np.count_nonzero(self.ids == UNKNOWN) / words) if words else 0.0


def encode_sequences(sequences: Sequence[Ids], labels: Labels) -> EncodedReviews:
    """Concatenate sequences of ids."""
    offsets = np.zeros(len(sequences) + 1, dtype=np.int64)
    np.cumsum([len(sequence) for sequence in sequences], out=offsets[1:])
    return EncodedReviews(np.concatenate([np.empty(0, np.int32), *sequences]), offsets, labels)


def encode_reviews(tokenized: Tokenized, vocabulary: Vocabulary) -> EncodedReviews:
    """Encode tokenized reviews in place: the ids overwrite the token numbers."""
    _, *words = tokenized.lexicon
    ids = vocabulary.encode(words)  # ids[0] is the start token, which replaces the 0 at the start of each review
    for piece in _cut(tokenized.numbers):
        piece[:] = ids[piece]
    return EncodedReviews(tokenized.numbers, tokenized.offsets, tokenized.labels)


def concatenate(first: EncodedReviews, second: EncodedReviews) -> EncodedReviews:
    """Return the reviews in `first`, followed by those in `second`."""
    ids = allocate(len(first.ids) + len(second.ids))
    np.concatenate([first.ids, second.ids], out=ids)
    offsets = np.concatenate([first.offsets, second.offsets[1:] + len(first.ids)])
    return EncodedReviews(ids, offsets, np.concatenate([first.labels, second.labels]))


def allocate(count: int) -> Ids:
    """Return an uninitialised array of ids, aligned so that TensorFlow can use it without a copy."""
    room = np.empty(count + ALIGNMENT // 4, np.int32)
    skipped = -room.ctypes.data % ALIGNMENT // 4
    return room[skipped : skipped + count]


def _cut(numbers: Ids) -> Iterator[Ids]:
    """Yield the token numbers in small pieces, so that arrays computed from a piece take little memory."""
    for start in range(0, len(numbers), _PIECE):
        yield numbers[start : start + _PIECE]


def pad(sequences: Sequence[Ids], timesteps: int | None = None) -> Ids:
    """Return the sequences as `(B, T)` int32, right-padded; `T` is the longest length or, if greater, `timesteps`."""
    longest = max(map(len, sequences))
    padded = np.full((len(sequences), max(longest, timesteps or 0)), PAD, dtype=np.int32)
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence)] = sequence
    return padded


def pad_targets(sequences: Sequence[Ids]) -> Ids:
    """Return the id that follows each id, padded as in `pad`; a review's last id is followed by the start token."""
    return pad([np.append(sequence[1:], np.int32(START)) for sequence in sequences])


def iter_batches(
    lengths: Lengths, batch_size: int, rng: "np.random.Generator", *, bucket: bool = True
) -> Iterator[Rows]:
    """Yield the rows of each batch; the rows are in random order, and each row is in exactly one batch.

    If `bucket` is true, reviews of similar length share a batch: the shuffled rows are divided into pools of
    `BUCKET_BATCHES` batches and sorted by length within each pool; then, the batches are put in random order.
    """
    order = rng.permutation(len(lengths))
    if bucket:
        pool = BUCKET_BATCHES * batch_size
        for start in range(0, len(order), pool):
            rows = order[start : start + pool]
            order[start : start + pool] = rows[np.argsort(lengths[rows], kind="stable")]
    edges = list(pairwise([*range(0, len(order), batch_size), len(order)]))
    if bucket:
        rng.shuffle(edges)
    for start, stop in edges:
        yield order[start:stop]
