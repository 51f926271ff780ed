"""Own the way from a source to the reviews of a split, and on to ids; train and evaluate share it."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from imdb_gru.config import AnyConfig, Config, NextWordConfig
from imdb_gru.errors import DataError
from imdb_gru.sources import load_word_index
from imdb_gru.sources.review import UNLABELLED, Review, Source
from imdb_gru.text.encoded import NO_LABEL, EncodedReviews, Tokenized, encode_reviews, tokenize_reviews
from imdb_gru.text.vocabulary import Vocabulary, build_keras_vocabulary, build_vocabulary

UNDIVIDED = "all"
LIMIT_SEED = 0
MAX_CORPUS_CHARACTERS = 4 * 2**30
"""Of the reviews of a split, which are held in memory; IMDB's largest has 65 million."""
HOLD_OUT_STREAM = 1
"""Which random stream of the seed chooses the held-out reviews; the training's own streams follow."""


@dataclass(frozen=True)
class TrainingReviews:
    """The reviews of a training, held-out ones apart."""

    train: list[Review]
    validation: list[Review]
    hash: str
    """Tells these reviews from any others."""
    counts: dict[str, int] = field(default_factory=dict)
    """Reviews read of each split, where several are put together."""


@dataclass(frozen=True)
class Corpus:
    """What a training sees: encoded splits, the vocabulary made from the train split, and figures about them."""

    train: EncodedReviews
    validation: EncodedReviews
    vocabulary: Vocabulary
    statistics: dict[str, object]


def load_reviews(source: Source, split: str, limit: int | None = None) -> list[Review]:
    """Read a split into memory, or `limit` reviews of it, always the same ones; raises `DataError` for none."""
    if split not in source.splits:
        raise DataError(f"{source.name} has no {split} split, only {', '.join(source.splits)}")
    reviews = hold_reviews(source, split)
    if not reviews:
        raise DataError(f"the {split} split of {source.name} holds no reviews")
    return _draw(reviews, limit)


def hold_reviews(source: Source, split: str) -> list[Review]:
    """Read a split into memory; raises `DataError` where it is too large: a small file may unpack to anything."""
    reviews, room = [], MAX_CORPUS_CHARACTERS
    for review in source.iter_reviews(split):
        room -= len(review.text)
        if room < 0:
            raise DataError(
                f"the {split} split of {source.name} has more than {MAX_CORPUS_CHARACTERS:,} characters: "
                "take a part of it"
            )
        reviews.append(review)
    return reviews


def _draw(reviews: list[Review], limit: int | None) -> list[Review]:
    """Return all reviews, or `limit` of them, always the same ones."""
    if limit is None or limit >= len(reviews):
        return reviews
    chosen = np.random.default_rng(LIMIT_SEED).choice(len(reviews), limit, replace=False)
    return [reviews[row] for row in np.sort(chosen)]


def load_training_reviews(source: Source, config: Config) -> TrainingReviews:
    """Read what a training learns from and hold out its validation reviews, unless the source has such a split."""
    limit = config.data.limit
    reviews = load_reviews(source, UNDIVIDED if UNDIVIDED in source.splits else "train", limit)
    labels = Counter(review.label for review in reviews)
    if len(labels) < 2:
        raise DataError(
            f"{source.name} has reviews of one label only: a classifier learns from positive and negative ones"
        )
    if "validation" in source.splits:
        train, validation = reviews, load_reviews(source, "validation", limit)
    else:
        held_out = choose_held_out(reviews, config.train.validation_split, config.train.seed)
        train, validation = _divide(reviews, held_out)
    if config.train.unlabelled:
        train = [*train, *load_reviews(source, UNLABELLED, limit)]
    return TrainingReviews(train, validation, hash_reviews(chain(train, validation)))


def load_pretraining_reviews(source: Source, config: NextWordConfig) -> TrainingReviews:
    """Read all reviews that may be pretrained on, labelled or not but of no test split, and hold some out."""
    limit = config.data.limit
    splits = [split for split in (UNDIVIDED, "train", UNLABELLED) if split in source.splits]
    if not splits:
        raise DataError(f"{source.name} has no train split, only {', '.join(source.splits)}")
    parts = {split: _draw(hold_reviews(source, split), limit) for split in splits}
    reviews = list(chain.from_iterable(parts.values()))
    if not any(review.text.strip() for review in reviews):
        raise DataError(f"the reviews of {source.name} hold no words: name others with --data")
    if "validation" in source.splits:
        train, validation = reviews, load_reviews(source, "validation", limit)
        parts["validation"] = validation
    else:
        held_out = choose_held_out(reviews, config.train.validation_split, config.train.seed)
        train, validation = _divide(reviews, held_out)
    counts = {split: len(part) for split, part in parts.items() if part}
    return TrainingReviews(train, validation, hash_reviews(chain(train, validation)), counts)


def choose_held_out(reviews: list[Review], share: float, seed: int) -> NDArray[np.bool_]:
    """Choose the reviews to hold out, stratified by label and by whole films; `(N,)`.

    Films come in random order; one is held out where none of its labels would overshoot `share`. A review without a
    film is one of its own, with those that repeat it.
    """
    films: dict[tuple[str | None, str], list[int]] = {}
    for row, review in enumerate(reviews):
        films.setdefault((review.film, review.text if review.film is None else ""), []).append(row)
    members = list(films.values())
    room = {label: round(share * count) for label, count in Counter(review.label for review in reviews).items()}
    held_out = np.zeros(len(reviews), dtype=bool)
    for index in np.random.default_rng([seed, HOLD_OUT_STREAM]).permutation(len(members)):
        rows = members[index]
        taken = Counter(reviews[row].label for row in rows)
        if all(count <= room[label] for label, count in taken.items()):
            for label, count in taken.items():
                room[label] -= count
            held_out[rows] = True
    return held_out


def _divide(reviews: list[Review], held_out: NDArray[np.bool_]) -> tuple[list[Review], list[Review]]:
    """Return the reviews to train on and those held out."""
    parts: tuple[list[Review], list[Review]] = ([], [])
    for review, held in zip(reviews, held_out, strict=True):
        parts[int(held)].append(review)
    return parts


def hash_reviews(reviews: Iterable[Review]) -> str:
    """Return a hash of texts and labels in order."""
    digest = hashlib.sha256()
    for review in reviews:
        digest.update(f"{review.label}\t{len(review.text)}\t{review.text}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def encode_corpus(source: Source, config: AnyConfig, reviews: TrainingReviews, vocabulary: Vocabulary | None) -> Corpus:
    """Tokenize and encode a training's reviews, with a resumed run's vocabulary or one made from the train split."""
    train, validation = (tokenize_part(part, config) for part in (reviews.train, reviews.validation))
    vocabulary = vocabulary or _build_vocabulary(source, config, train)
    encoded, encoded_validation = encode_reviews(train, vocabulary), encode_reviews(validation, vocabulary)
    words, labels = train.lengths, train.labels[train.labels != NO_LABEL]
    statistics: dict[str, object] = {
        "source": source.name,
        "hash": reviews.hash,
        "train": len(encoded),
        "validation": len(encoded_validation),
        "positive_share": round(float(labels.mean()), 4) if len(labels) else None,
        "films": len({review.film for review in reviews.train if review.film is not None}),
        "mean_words": round(float(words.mean()), 1),
        "median_words": float(np.median(words)),
        "longest_words": int(words.max()),
        "truncated_share": round(float((words > config.text.length).mean()), 4),
        "vocabulary": len(vocabulary),
        "unknown_share": round(encoded.unknown_share, 4),
        "unknown_share_validation": round(encoded_validation.unknown_share, 4),
        "repeated_validation": count_repeated(validation, train),
    }
    return Corpus(encoded, encoded_validation, vocabulary, statistics)


def count_repeated(reviews: Tokenized, others: Tokenized) -> int:
    """Count the reviews that are, as far as a model reads them, word for word one of the others; none without words."""
    known = {hash(tuple(tokens)) for tokens in others.tokens}  # hashes, as tuples would take the memory of the tokens
    return sum(bool(tokens) and hash(tuple(tokens)) in known for tokens in reviews.tokens)


def tokenize_part(reviews: list[Review], config: AnyConfig) -> Tokenized:
    """Tokenize the reviews of a split as a config has it, with a bar."""
    bar = tqdm(reviews, desc="tokenizing", unit=" reviews", disable=None, leave=False, delay=1)
    return tokenize_reviews(bar, config.text)


def _build_vocabulary(source: Source, config: AnyConfig, train: Tokenized) -> Vocabulary:
    text = config.text
    if text.vocabulary == "keras":
        return build_keras_vocabulary(load_word_index(source.folder), max_words=text.max_words)
    counts = Counter(chain.from_iterable(train.tokens))
    return build_vocabulary(text.tokenizer, counts, max_words=text.max_words, min_count=text.min_count)
