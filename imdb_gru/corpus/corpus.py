"""Loading a source's reviews by split and encoding them as ids, for both training and evaluation."""

import functools
import hashlib
import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from imdb_gru.config import AnyConfig, Config, NextWordConfig
from imdb_gru.corpus.encoded import EncodedReviews, Tokenized, encode_reviews, tokenize_reviews
from imdb_gru.corpus.stored import NO_LABEL, StoredReviews, TextStore, store_reviews
from imdb_gru.errors import DataError
from imdb_gru.records import CorpusStatistics
from imdb_gru.sources import load_word_index
from imdb_gru.sources.review import UNLABELLED, Review, Source
from imdb_gru.system.arrays import Mask
from imdb_gru.text.vocabulary import Vocabulary, build_keras_vocabulary, build_vocabulary

UNDIVIDED = "all"
LIMIT_SEED = 0
MAX_CORPUS_CHARACTERS = 4 * 2**30
"""Maximum number of characters in the reviews of one split; IMDB's largest split has 65 million."""
HOLD_OUT_STREAM = 1
"""Number of the seed's random stream that chooses the validation reviews; training uses higher numbers."""


@dataclass(frozen=True)
class TrainingReviews:
    """The reviews for a training run, divided into training and validation reviews."""

    train: StoredReviews
    validation: StoredReviews
    hash: str
    """Hash of all texts and labels, in order."""
    counts: dict[str, int] = field(default_factory=dict)
    """Number of reviews read from each split, if several are joined."""


@dataclass(frozen=True)
class Corpus:
    """The data for a training run: encoded training and validation reviews, the vocabulary, and statistics."""

    train: EncodedReviews
    validation: EncodedReviews
    vocabulary: Vocabulary
    statistics: CorpusStatistics


def load_reviews(source: Source, split: str, limit: int | None = None, store: TextStore | None = None) -> StoredReviews:
    """Read a split, or always the same `limit` reviews of it; raises `DataError` if there are no reviews."""
    if split not in source.splits:
        raise DataError(f"{source.name} has no {split} split, only {', '.join(source.splits)}")
    reviews = hold_reviews(source, split, store)
    if not reviews:
        raise DataError(f"the {split} split of {source.name} holds no reviews")
    return _draw(reviews, limit)


def hold_reviews(source: Source, split: str, store: TextStore | None = None) -> StoredReviews:
    """Read a split into a store; raises `DataError` if it is too large: even a small archive may unpack to any size."""
    return store_reviews(_limit_characters(source, split), store)


def _limit_characters(source: Source, split: str) -> Iterator[Review]:
    room = MAX_CORPUS_CHARACTERS
    for review in source.iter_reviews(split):
        room -= len(review.text)
        if room < 0:
            raise DataError(
                f"the {split} split of {source.name} has more than {MAX_CORPUS_CHARACTERS:,} characters: "
                "use only a part of it"
            )
        yield review


def _draw(reviews: StoredReviews, limit: int | None) -> StoredReviews:
    """Return all reviews, or always the same `limit` of them."""
    if limit is None or limit >= len(reviews):
        return reviews
    chosen = np.random.default_rng(LIMIT_SEED).choice(len(reviews), limit, replace=False)
    return reviews.take(np.sort(chosen))


def load_training_reviews(source: Source, config: Config) -> TrainingReviews:
    """Read the reviews for a training run; hold some out for validation unless the source has a validation split."""
    limit, store = config.data.limit, TextStore()
    reviews = load_reviews(source, UNDIVIDED if UNDIVIDED in source.splits else "train", limit, store)
    if len(np.unique(reviews.labels)) < 2:
        raise DataError(
            f"{source.name} has reviews of one label only: a classifier needs positive and negative reviews"
        )
    if "validation" in source.splits:
        train, validation = reviews, load_reviews(source, "validation", limit, store)
    else:
        held_out = choose_held_out(reviews, config.train.validation_split, config.train.seed)
        train, validation = _divide(reviews, held_out)
    if config.train.unlabelled:
        train += load_reviews(source, UNLABELLED, limit, store)
    return TrainingReviews(train, validation, hash_reviews(chain(train, validation)))


def load_pretraining_reviews(source: Source, config: NextWordConfig) -> TrainingReviews:
    """Read all labelled and unlabelled reviews except those of the test split; hold some out for validation."""
    limit, store = config.data.limit, TextStore()
    splits = [split for split in (UNDIVIDED, "train", UNLABELLED) if split in source.splits]
    if not splits:
        raise DataError(f"{source.name} has no train split, only {', '.join(source.splits)}")
    parts = {split: _draw(hold_reviews(source, split, store), limit) for split in splits}
    reviews = functools.reduce(operator.add, parts.values())
    if not any(review.text.strip() for review in reviews):
        raise DataError(f"the reviews of {source.name} contain no words: choose other reviews with --data")
    if "validation" in source.splits:
        train, validation = reviews, load_reviews(source, "validation", limit, store)
        parts["validation"] = validation
    else:
        held_out = choose_held_out(reviews, config.train.validation_split, config.train.seed)
        train, validation = _divide(reviews, held_out)
    counts = {split: len(part) for split, part in parts.items() if part}
    return TrainingReviews(train, validation, hash_reviews(chain(train, validation)), counts)


def choose_held_out(reviews: Sequence[Review], share: float, seed: int) -> Mask:
    """Choose the validation reviews, `(N,)`, stratified by label and keeping films whole.

    Films are considered in random order, and each is taken unless it would raise a label above `share`. A review whose
    film is unknown and the reviews that repeat it count as one film.
    """
    numbers: dict[str | bytes, int] = {}
    films = np.array([numbers.setdefault(_name_film(review), len(numbers)) for review in reviews], np.int64)
    labels = np.array([NO_LABEL if review.label is None else review.label for review in reviews], np.int8)
    members = np.argsort(films, kind="stable")
    edges = np.searchsorted(films, np.arange(len(numbers) + 1), sorter=members)
    room = {label: round(share * count) for label, count in Counter(labels.tolist()).items()}
    held_out = np.zeros(len(reviews), dtype=bool)
    for film in np.random.default_rng([seed, HOLD_OUT_STREAM]).permutation(len(numbers)):
        rows = members[edges[film] : edges[film + 1]]
        taken = Counter(labels[rows].tolist())
        if all(count <= room[label] for label, count in taken.items()):
            for label, count in taken.items():
                room[label] -= count
            held_out[rows] = True
    return held_out


def _name_film(review: Review) -> str | bytes:
    """Return the film, or a digest of the text if the film is unknown."""
    if review.film is not None:
        return review.film
    return hashlib.blake2b(review.text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _divide(reviews: StoredReviews, held_out: Mask) -> tuple[StoredReviews, StoredReviews]:
    """Return the training reviews and the validation reviews."""
    return reviews.take(np.flatnonzero(~held_out)), reviews.take(np.flatnonzero(held_out))


def hash_reviews(reviews: Iterable[Review]) -> str:
    """Return a hash of texts and labels, in order."""
    digest = hashlib.sha256()
    for review in reviews:
        digest.update(f"{review.label}\t{len(review.text)}\t{review.text}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def encode_corpus(source: Source, config: AnyConfig, reviews: TrainingReviews, vocabulary: Vocabulary | None) -> Corpus:
    """Tokenize and encode the reviews for a run, with the given vocabulary or one built from the training reviews."""
    tokenize = vocabulary.tokenize if vocabulary else None
    train = tokenize_reviews(reviews.train, config.text, tokenize=tokenize)
    validation = tokenize_reviews(reviews.validation, config.text, train.lexicon, tokenize)
    vocabulary = vocabulary or _build_vocabulary(source, config, train)
    repeated = count_repeated(validation, train)
    encoded, encoded_validation = encode_reviews(train, vocabulary), encode_reviews(validation, vocabulary)
    words, labels = train.lengths, train.labels[train.labels != NO_LABEL]
    statistics = CorpusStatistics(
        source=source.name,
        hash=reviews.hash,
        train=len(encoded),
        validation=len(encoded_validation),
        positive_share=round(float(labels.mean()), 4) if len(labels) else None,
        films=len({*reviews.train.films} - {None}),
        mean_words=round(float(words.mean()), 1),
        median_words=float(np.median(words)),
        longest_words=int(words.max()),
        truncated_share=round(float((words > config.text.length).mean()), 4),
        vocabulary=len(vocabulary),
        unknown_share=round(encoded.unknown_share, 4),
        unknown_share_validation=round(encoded_validation.unknown_share, 4),
        repeated_validation=repeated,
    )
    return Corpus(encoded, encoded_validation, vocabulary, statistics)


def count_repeated(reviews: Tokenized, others: Tokenized) -> int:
    """Count the reviews that are identical to one of `others` after truncation; ignores reviews without words.

    Both sets of reviews must share a lexicon.
    """
    known = hash_tokens(others)
    return int((np.isin(hash_tokens(reviews), known) & (np.diff(reviews.offsets) > 1)).sum())


def hash_tokens(reviews: Tokenized) -> NDArray[np.int64]:
    """Return a hash of each review's tokens; `(N,)`."""
    return np.array([hash(reviews[row].tobytes()) for row in range(len(reviews.labels))], np.int64)


def _build_vocabulary(source: Source, config: AnyConfig, train: Tokenized) -> Vocabulary:
    text = config.text
    if text.vocabulary == "keras":
        return build_keras_vocabulary(load_word_index(source.folder), max_words=text.max_words)
    return build_vocabulary(text.tokenizer, train.count_tokens(), max_words=text.max_words, min_count=text.min_count)
