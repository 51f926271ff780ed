"""Loading the splits of a source and encoding their reviews as ids, for training and evaluation."""

import functools
import hashlib
import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from imdb_gru.config import AnyConfig, Config, DataConfig, NextWordConfig
from imdb_gru.corpus.digests import SeenReviews, digest_tokenized, digest_words, find_repeated
from imdb_gru.corpus.encoded import EncodedReviews, Tokenized, concatenate, encode_reviews, tokenize_reviews
from imdb_gru.corpus.stored import StoredReviews, TextStore, find_only_label, store_reviews
from imdb_gru.errors import DataError
from imdb_gru.records import CorpusStatistics
from imdb_gru.sources import load_word_index
from imdb_gru.sources.review import UNLABELLED, Review, Source
from imdb_gru.system.arrays import NO_LABEL, Labels, Mask, Rows
from imdb_gru.text.tokenizer import tokenize_words
from imdb_gru.text.vocabulary import Vocabulary, build_keras_vocabulary, build_vocabulary

UNDIVIDED = "all"
LIMIT_SEED = 0
MAX_CORPUS_CHARACTERS = 4 * 2**30
"""Maximum total number of characters in the reviews of a split; IMDB's largest split has 65 million characters."""
HOLD_OUT_STREAM = 1
"""Number of the random stream for choosing held-out reviews; the streams used in training have higher numbers."""
TEST_SEED = 2**32
"""The seed for choosing the test part; because it is fixed, all training runs on the same data share one test part."""


@dataclass(frozen=True)
class TrainingReviews:
    """The reviews for a training run, divided into training and validation reviews."""

    train: StoredReviews
    validation: StoredReviews
    hash: str
    """Hash of all texts and labels of the training and validation reviews, in order."""
    test: StoredReviews | None = None
    """The reviews that `data.test_split` reserves for testing, if any."""
    crops: StoredReviews | None = None
    """The crops cut from the training reviews, the same number from each review; None if no crops are used."""
    counts: dict[str, int] = field(default_factory=dict)
    """For a next-word model, the number of reviews read from each split; for a classifier, empty."""

    @property
    def taught(self) -> StoredReviews:
        """Return the training reviews, followed by their crops if there are any."""
        return self.train + self.crops if self.crops else self.train


@dataclass(frozen=True)
class Corpus:
    """The data for a training run: encoded training and validation reviews, the vocabulary, and statistics."""

    train: EncodedReviews
    validation: EncodedReviews
    vocabulary: Vocabulary
    statistics: CorpusStatistics
    seen: SeenReviews
    """Digests of the training and validation reviews."""


def load_reviews(source: Source, split: str, limit: int | None = None, store: TextStore | None = None) -> StoredReviews:
    """Read a split, or `limit` of its reviews drawn with a fixed seed. Raises `DataError` if the split is empty."""
    if split not in source.splits:
        raise DataError(f"{source.name} has no {split} split, only {', '.join(source.splits)}")
    reviews = hold_reviews(source, split, store)
    if not reviews:
        raise DataError(f"the {split} split of {source.name} holds no reviews")
    return _draw(reviews, limit)


def hold_reviews(source: Source, split: str, store: TextStore | None = None) -> StoredReviews:
    """Read a split into a store.

    Raises `DataError` if the split is too large; even a small compressed file can contain a very large split.
    """
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
    """Return all reviews, or a sample of `limit` reviews drawn with a fixed seed."""
    if limit is None or limit >= len(reviews):
        return reviews
    chosen = np.random.default_rng(LIMIT_SEED).choice(len(reviews), limit, replace=False)
    return reviews.take(np.sort(chosen))


def load_training_reviews(source: Source, config: Config) -> TrainingReviews:
    """Read the reviews for a training run; if the source has no validation split, reserve some for validation."""
    limit, store = config.data.limit, TextStore()
    reviews, test = load_labelled_reviews(source, config.data, store)
    if "validation" in source.splits:
        train, validation = reviews, load_reviews(source, "validation", limit, store)
    else:
        held_out = choose_held_out(reviews, config.train.validation_split, config.train.split_seed)
        train, validation = _divide(reviews, held_out)
    if config.train.unlabelled:
        train += load_reviews(source, UNLABELLED, limit, store)
    return TrainingReviews(train, validation, hash_reviews(chain(train, validation)), test)


def load_labelled_reviews(
    source: Source, data: DataConfig, store: TextStore | None = None
) -> tuple[StoredReviews, StoredReviews | None]:
    """Read the labelled reviews for training, and the test part if `data.test_split` asks for one.

    Raises `DataError` if all reviews have the same label, or if there are too few reviews for the requested test part.
    """
    reviews = load_reviews(source, UNDIVIDED if UNDIVIDED in source.splits else "train", data.limit, store)
    if (only := find_only_label(reviews)) is not None:
        labels = getattr(source, "labels", None)
        read = f"; its labels are understood as: {labels.describe()}" if labels else ""
        name = "positive" if only else "negative"
        raise DataError(f"{source.name} has only {name} training reviews, but a classifier needs both kinds{read}")
    share = data.test_split
    if not share:
        return reviews, None
    if "test" in source.splits:
        raise DataError(f"{source.name} has a test split, so data.test_split must be 0, not {share:g}")
    test = choose_held_out(reviews, share, TEST_SEED)
    if not test.any():
        raise DataError(
            f"{source.name} has too few distinct reviews for a test part of {share:g} (data.test_split): "
            "set a larger share, or 0 for no test part"
        )
    return _divide(reviews, test)


def choose_folds(reviews: StoredReviews, count: int, seed: int) -> Rows:
    """Divide reviews into folds with `choose_held_out`; return the index of each review's fold, `(N,)`."""
    folds, left = np.full(len(reviews), count - 1), np.arange(len(reviews))
    for fold in range(count - 1):
        chosen = choose_held_out(reviews.take(left), 1 / (count - fold), seed)
        folds[left[chosen]] = fold
        left = left[~chosen]
    return folds


def load_pretraining_reviews(source: Source, config: NextWordConfig) -> TrainingReviews:
    """Read all reviews except the test split; if the source has no validation split, reserve some for validation."""
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
        held_out = choose_held_out(reviews, config.train.validation_split, config.train.split_seed)
        train, validation = _divide(reviews, held_out)
    counts = {split: len(part) for split, part in parts.items() if part}
    return TrainingReviews(train, validation, hash_reviews(chain(train, validation)), counts=counts)


def choose_held_out(reviews: Sequence[Review], share: float, seed: int) -> Mask:
    """Choose reviews to hold out, stratified by label, and return a mask `(N,)`; all reviews of a film stay together.

    Films are held out one after another, in random order. A film is skipped if its reviews, together with those already
    held out, would exceed `share` of the positive, negative or unlabelled reviews. Reviews of unknown films count as
    reviews of one film if they have the same words.
    """
    from imdb_gru.system.progress import show_bar  # loads tqdm

    numbers: dict[str | int, int] = {}
    bar = show_bar(reviews, desc="looking for repeated reviews", unit=" reviews", delay=2)
    films = np.array([numbers.setdefault(_name_film(review), len(numbers)) for review in bar], np.int64)
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


def _name_film(review: Review) -> str | int:
    """Return the review's film, or a digest of the review's words if the film is unknown."""
    return digest_words(tokenize_words(review.text)) if review.film is None else review.film


def _divide(reviews: StoredReviews, held_out: Mask) -> tuple[StoredReviews, StoredReviews]:
    """Return the reviews that are not held out, and the reviews that are."""
    return reviews.take(np.flatnonzero(~held_out)), reviews.take(np.flatnonzero(held_out))


def hash_reviews(reviews: Iterable[Review]) -> str:
    """Return a hash of the texts and labels in order."""
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
    digests, validation_digests = digest_tokenized(train), digest_tokenized(validation)
    encoded, encoded_validation = encode_reviews(train, vocabulary), encode_reviews(validation, vocabulary)
    words = train.lengths
    learned = encoded
    if reviews.crops:
        crops = tokenize_reviews(reviews.crops, config.text, train.lexicon, vocabulary.tokenize)
        learned = concatenate(encoded, encode_reviews(crops, vocabulary))
    statistics = CorpusStatistics(
        source=source.name,
        hash=reviews.hash,
        train=len(encoded),
        validation=len(encoded_validation),
        test=len(reviews.test or ()),
        crops=len(reviews.crops or ()),
        positive_share=_measure_positive(train.labels),
        positive_share_validation=_measure_positive(validation.labels),
        films=len({*reviews.train.films} - {None}),
        mean_words=round(float(words.mean()), 1),
        median_words=float(np.median(words)),
        longest_words=int(words.max()),
        truncated_share=round(float((words > config.text.length).mean()), 4),
        vocabulary=len(vocabulary),
        unknown_share=round(encoded.unknown_share, 4),
        unknown_share_validation=round(encoded_validation.unknown_share, 4),
        repeated_validation=int(find_repeated(validation_digests, digests).sum()),
    )
    seen = SeenReviews.build(digests, validation_digests)
    return Corpus(learned, encoded_validation, vocabulary, statistics, seen)


def _measure_positive(labels: Labels) -> float | None:
    """Return the share of positive reviews among labelled reviews, or None if no review is labelled."""
    labelled = labels[labels != NO_LABEL]
    return round(float(labelled.mean()), 4) if len(labelled) else None


def _build_vocabulary(source: Source, config: AnyConfig, train: Tokenized) -> Vocabulary:
    text = config.text
    if text.vocabulary == "keras":
        return build_keras_vocabulary(load_word_index(source.folder), max_words=text.max_words)
    return build_vocabulary(text.tokenizer, train.count_tokens(), max_words=text.max_words, min_count=text.min_count)
