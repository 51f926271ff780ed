"""Reviews as ids: truncation, the flat array that holds a corpus, and padding."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config import TextConfig, Truncation
from imdb_gru.corpus.stored import StoredReviews
from imdb_gru.system.arrays import Ids, Labels, Lengths, Rows
from imdb_gru.text.tokenizer import TOKENIZERS
from imdb_gru.text.vocabulary import PAD, START, UNKNOWN, Vocabulary

ALIGNMENT = 64
"""Bytes."""
BUCKET_BATCHES = 50
"""How many batches' worth of shuffled reviews are sorted by length together."""


def truncate(items: Sequence[str], length: int, side: Truncation) -> Sequence[str]:
    """Keep at most `length` items: the first (`head`), the last (`tail`), or both ends without the `middle`."""
    if len(items) <= length:
        return items
    if side == "head":
        return items[:length]
    if side == "tail":
        return items[-length:]
    front = length - length // 2
    return [*items[:front], *items[len(items) - length // 2 :]]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedText:
    """A text on its way to a model."""

    text: str
    words: int
    """Before truncation."""
    kept: Sequence[str]
    """Its tokens after truncation."""
    ids: Ids
    """One more than `kept`: the start token's comes first."""

    @property
    def read(self) -> int:
        """Count the words left after truncation."""
        return len(self.kept)

    @property
    def unknown(self) -> int:
        """Count the words read that the vocabulary does not hold."""
        return int(np.count_nonzero(self.ids == UNKNOWN))


def encode_text(text: str, vocabulary: Vocabulary, config: TextConfig) -> EncodedText:
    """Tokenize, truncate and encode a text."""
    tokens = vocabulary.tokenize(text)
    kept = truncate(tokens, config.length, config.truncate)
    return EncodedText(text, len(tokens), kept, vocabulary.encode(kept))


@dataclass(frozen=True, eq=False)
class Tokenized:
    """Reviews as the numbers of their truncated tokens, and what truncation did."""

    lexicon: dict[str, int]
    """The number of every token, from 1; reviews that were tokenized together share it."""
    numbers: Ids
    """`(sum of lengths,)` int32, each review opening with a 0."""
    offsets: NDArray[np.int64]
    """Review `i` is `numbers[offsets[i] : offsets[i + 1]]`; `(N + 1,)`."""
    labels: Labels
    lengths: Lengths
    """Words of each review before truncation; `(N,)`."""

    def __getitem__(self, row: int) -> Ids:
        """Return the numbers of a review's tokens."""
        return self.numbers[self.offsets[row] + 1 : self.offsets[row + 1]]

    def count_tokens(self) -> Counter[str]:
        """Count how often each token comes."""
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
"""What opens a lexicon, for no token is empty."""
_PIECE = 2**16


def tokenize_reviews(reviews: StoredReviews, text: TextConfig, lexicon: dict[str, int] | None = None) -> Tokenized:
    """Tokenize and truncate reviews, with a bar; a `lexicon` of others grows by their tokens."""
    from imdb_gru.system.progress import show_bar  # which loads tqdm, as encoding a single text does not

    tokenize = TOKENIZERS[text.tokenizer]
    lexicon = {_OPENING: 0} if lexicon is None else lexicon
    # A token has a byte at least; what is not written to takes no memory.
    numbers = allocate(int(np.minimum(reviews.count_bytes(), text.length).sum()) + len(reviews))
    offsets, lengths = np.zeros(len(reviews) + 1, np.int64), np.zeros(len(reviews), np.int64)
    end = 0
    for row, review in enumerate(show_bar(reviews, desc="tokenizing", unit=" reviews", delay=1)):
        words = tokenize(review.text)
        kept = truncate(words, text.length, text.truncate)
        start, end = end, end + 1 + len(kept)
        numbers[start:end] = [0, *(lexicon.setdefault(token, len(lexicon)) for token in kept)]
        offsets[row + 1], lengths[row] = end, len(words)
    return Tokenized(lexicon, numbers[:end], offsets, reviews.labels, lengths)


@dataclass(frozen=True, eq=False)
class EncodedReviews:
    """Reviews as ids in one flat array, review `i` from `offsets[i]` to `offsets[i + 1]`."""

    ids: Ids
    """`(sum of lengths,)` int32, each review opening with the start token."""
    offsets: NDArray[np.int64]
    """`(N + 1,)`."""
    labels: Labels
    """`(N,)`."""

    def __len__(self) -> int:
        """Count the reviews."""
        return len(self.labels)

    def __getitem__(self, row: int) -> Ids:
        """Return a review's ids."""
        return self.ids[self.offsets[row] : self.offsets[row + 1]]

    @property
    def lengths(self) -> Lengths:
        """Count each review's ids, the start token included; `(N,)`."""
        return np.diff(self.offsets)

    @property
    def unknown_share(self) -> float:
        """Return the share of tokens that the vocabulary does not know."""
        words = len(self.ids) - len(self)
        return float(np.count_nonzero(self.ids == UNKNOWN) / words) if words else 0.0


def encode_sequences(sequences: Sequence[Ids], labels: Labels) -> EncodedReviews:
    """Lay sequences of ids end to end."""
    offsets = np.zeros(len(sequences) + 1, dtype=np.int64)
    np.cumsum([len(sequence) for sequence in sequences], out=offsets[1:])
    return EncodedReviews(np.concatenate([np.empty(0, np.int32), *sequences]), offsets, labels)


def encode_reviews(tokenized: Tokenized, vocabulary: Vocabulary) -> EncodedReviews:
    """Encode tokenized reviews; the ids take the place of the tokens' numbers, which are no more."""
    _, *words = tokenized.lexicon
    ids = vocabulary.encode(words)  # the start token's comes first, as the number that opens a review does
    for piece in _cut(tokenized.numbers):
        piece[:] = ids[piece]
    return EncodedReviews(tokenized.numbers, tokenized.offsets, tokenized.labels)


def allocate(count: int) -> Ids:
    """Return room for ids, aligned as TensorFlow needs it to read them where they are."""
    room = np.empty(count + ALIGNMENT // 4, np.int32)
    skipped = -room.ctypes.data % ALIGNMENT // 4
    return room[skipped : skipped + count]


def _cut(numbers: Ids) -> Iterator[Ids]:
    """Yield numbers by the piece, so that what is made of them takes little memory at a time."""
    for start in range(0, len(numbers), _PIECE):
        yield numbers[start : start + _PIECE]


def pad(sequences: Sequence[Ids], timesteps: int | None = None) -> Ids:
    """Pad on the right to the longest sequence, or to `timesteps`; `(B, T)` int32."""
    longest = max(map(len, sequences))
    padded = np.full((len(sequences), max(longest, timesteps or 0)), PAD, dtype=np.int32)
    for row, sequence in enumerate(sequences):
        padded[row, : len(sequence)] = sequence
    return padded


def pad_targets(sequences: Sequence[Ids]) -> Ids:
    """Return the id that comes after each of the sequences', padded as `pad` does; the start token ends a review."""
    return pad([np.append(sequence[1:], np.int32(START)) for sequence in sequences])


def iter_batches(lengths: Lengths, batch_size: int, rng: np.random.Generator, *, bucket: bool = True) -> Iterator[Rows]:
    """Yield rows a batch at a time, every row once, in a random order.

    With `bucket`, reviews of like length share a batch: shuffled rows are sorted by length within pools of
    `BUCKET_BATCHES` batches, and all batches are then shuffled.
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
