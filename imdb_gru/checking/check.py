"""Checking a source of reviews: statistics for every split, reviews that occur in two splits, and other findings."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np

from imdb_gru.checking.repeats import SHINGLE, SIMILARITY, Texts, Twins
from imdb_gru.checking.spoilt import SIGNS, find_signs
from imdb_gru.config import Config
from imdb_gru.corpus.corpus import UNDIVIDED, choose_held_out
from imdb_gru.corpus.encoded import choose_words
from imdb_gru.corpus.stored import find_only_label
from imdb_gru.errors import DataError
from imdb_gru.sources.labels import TableLabels
from imdb_gru.sources.review import UNLABELLED, Review, Source
from imdb_gru.system.arrays import Rows
from imdb_gru.system.progress import show_bar
from imdb_gru.text.tokenizer import TOKENIZERS
from imdb_gru.text.vocabulary import UNKNOWN, build_vocabulary

HELD_OUT = "held out"
"""Name for the training reviews that are held out for validation if there is no validation split."""
EVALUATED = ("validation", HELD_OUT, "test")
TRAINED = (UNDIVIDED, "train", "validation", UNLABELLED)
"""Splits that affect training; validation is one of them, because it determines which epoch is the best."""
MOST_EXAMPLES = 3
EXCERPT, BEFORE = 70, 20
"""Maximum number of characters in an excerpt: in total, and before the damaged text."""

Figures = dict[str, Any]


def check_source(source: Source) -> Figures:
    """Check all reviews of a source, using a classifier's default config, and return statistics and findings."""
    check = Check(source, Config())
    overlaps = list(check.iter_overlaps())
    return {
        "source": source.name,
        "labels": check.labels.to_dict() if check.labels else None,
        "splits": check.describe_splits(),
        "overlaps": [
            {"split": split, "training_split": training_split, "same": len(same), "near": len(near)}
            for split, training_split, same, near in overlaps
        ],
        "similarity": SIMILARITY,
        "unknown_share": check.measure_unknown(),
        "findings": [*check.iter_one_sided(), *check.iter_repeats(), *check.iter_leaks(overlaps), *check.iter_spoilt()],
    }


class Check:
    """All reviews of a source, one per row, ordered by split."""

    def __init__(self, source: Source, config: Config) -> None:
        self.config = config
        self.labels: TableLabels | None = getattr(source, "labels", None)
        self.reviews: list[Review] = []
        self.texts = Texts()
        self.spoilt: dict[str, dict[int, int]] = {sign: {} for sign in SIGNS}
        """For each sign of damage, the rows whose texts contain it, each with the position where it first occurs."""
        self.splits = self._read(source)
        self.train = next((split for split in (UNDIVIDED, "train") if split in self.splits), None)
        self.parts = {**self.splits, **self._hold_out()}

    def _read(self, source: Source) -> dict[str, Rows]:
        tokenize = TOKENIZERS[self.config.text.tokenizer]
        reviews = ((split, review) for split in source.splits for review in source.iter_reviews(split))
        rows: defaultdict[str, list[int]] = defaultdict(list)
        bar = show_bar(reviews, desc="checking", unit=" reviews", delay=2)
        for row, (split, review) in enumerate(bar):
            rows[split].append(row)
            self.reviews.append(review)
            self.texts.add(tokenize(review.text))
            for sign, place in find_signs(review.text).items():
                self.spoilt[sign][row] = place
        if not rows:
            raise DataError(f"{source.name} holds no reviews: choose another source")
        return {split: np.array(members) for split, members in rows.items()}

    def _hold_out(self) -> dict[str, Rows]:
        if self.train is None or "validation" in self.splits:
            return {}
        rows, train = self.splits[self.train], self.config.train
        held_out = choose_held_out([self.reviews[row] for row in rows], train.validation_split, train.split_seed)
        return {HELD_OUT: rows[held_out]} if held_out.any() else {}

    def describe_splits(self) -> dict[str, Figures]:
        """Return the statistics of each split."""
        return {split: self._describe(rows) for split, rows in self.splits.items()}

    def _describe(self, rows: Rows) -> Figures:
        words = np.array([len(self.texts.words[row]) for row in rows])
        labels = [label for row in rows if (label := self.reviews[row].label) is not None]
        return {
            "reviews": len(rows),
            "positive_share": round(float(np.mean(labels)), 4) if labels else None,
            "shortest_words": int(words.min()),
            "median_words": float(np.median(words)),
            "mean_words": round(float(words.mean()), 1),
            "words_of_95_percent": float(np.percentile(words, 95)),
            "longest_words": int(words.max()),
            "truncated_share": round(float((words > self.config.text.length).mean()), 4),
        }

    def iter_overlaps(self) -> Iterator[tuple[str, str, Twins, Twins]]:
        """For each evaluation split and training split, yield both names and the (nearly) identical reviews."""
        for split in EVALUATED:
            for training_split in TRAINED:
                if split in self.parts and training_split in self.splits and split != training_split:
                    rows = self.parts[split]
                    yield (
                        split,
                        training_split,
                        *self.texts.find_twins(rows, np.setdiff1d(self.splits[training_split], rows)),
                    )

    def measure_unknown(self) -> dict[str, float]:
        """Return, for each evaluation split, the share of its words that are not in the training split's vocabulary."""
        if self.train is None:
            return {}
        text, words = self.config.text, self.texts.name_words()

        def count(rows: Rows) -> Counter[str]:
            kept = (choose_words([words[number] for number in self.texts.words[row]], text) for row in rows)
            return Counter(chain.from_iterable(kept))

        training = np.setdiff1d(self.splits[self.train], self.parts.get(HELD_OUT, np.empty(0, np.int64)))
        counted = count(training)
        if not counted:
            return {}
        vocabulary = build_vocabulary(text.tokenizer, counted, max_words=text.max_words, min_count=text.min_count)
        shares = {}
        for split in EVALUATED:
            if split in self.parts and (counts := count(self.parts[split])):
                unknown = vocabulary.encode(counts)[1:] == UNKNOWN
                shares[split] = round(float(np.fromiter(counts.values(), np.int64)[unknown].sum() / counts.total()), 4)
        return shares

    def iter_one_sided(self) -> Iterator[Figures]:
        """Yield a finding if all training reviews have the same label; a classifier cannot be trained on them."""
        rows = self.splits.get(self.train or "", ())
        if (only := find_only_label([self.reviews[row] for row in rows])) is not None:
            name = "positive" if only else "negative"
            yield from self._find(
                f"reviews in {self.train} that are all {name}, so a classifier cannot be trained on them",
                {int(row): None for row in rows},
            )

    def iter_repeats(self) -> Iterator[Figures]:
        """Yield findings about reviews that have no words or that repeat other reviews."""
        for split, rows in self.splits.items():
            yield from self._find(
                f"reviews in {split} without words", {int(row): None for row in rows if not self.texts.digests[row]}
            )
        for split, rows in self.splits.items():
            again = {row: group[0] for group in self.texts.group(rows) for row in group[1:]}
            yield from self._find(f"reviews in {split} that repeat an earlier review word for word", again)
        contrary = {}  # within a split or between splits
        for first, *others in self.texts.group(range(len(self.reviews))):
            for row in others:
                if {self.reviews[first].label, self.reviews[row].label} == {0, 1}:
                    contrary[row] = first
        yield from self._find("reviews that repeat an earlier review word for word with the opposite label", contrary)

    def iter_leaks(self, overlaps: list[tuple[str, str, Twins, Twins]]) -> Iterator[Figures]:
        """Yield findings about reviews that would be used both to train and to evaluate a model."""
        for split, training_split, same, near in overlaps:
            yield from self._find(f"reviews in {split} that are also in {training_split} word for word", same)
            yield from self._find(
                f"reviews in {split} that are nearly identical to a review in {training_split} "
                f"({SIMILARITY:.0%} or more of their {SHINGLE}-word sequences are the same)",
                near,
            )

    def iter_spoilt(self) -> Iterator[Figures]:
        """Yield findings about text that was damaged when it was read, converted or scraped."""
        for sign, places in self.spoilt.items():
            yield from self._find(f"reviews that contain {sign}", dict.fromkeys(places), places)

    def _find(self, finding: str, rows: Mapping[int, int | None], places: Twins | None = None) -> Iterator[Figures]:
        """If `rows` is not empty, yield a finding with examples; `rows` maps each affected row to its twin or None."""
        if rows:
            examples = []
            for row, twin in list(rows.items())[:MOST_EXAMPLES]:
                example = {
                    "review": self._name(row),
                    "text": _excerpt(self.reviews[row].text, (places or {}).get(row, 0)),
                }
                examples.append(example if twin is None else {**example, "twin": self._name(twin)})
            yield {"finding": finding, "reviews": len(rows), "examples": examples}

    def _name(self, row: int) -> str:
        split = next(split for split, rows in self.splits.items() if rows[0] <= row <= rows[-1])
        return f"{split} {row - self.splits[split][0] + 1}"


def _excerpt(text: str, place: int) -> str:
    """Return an excerpt of the text around a position."""
    start = max(0, place - BEFORE)
    return f"{'…' * (start > 0)}{text[start : start + EXCERPT]}{'…' * (start + EXCERPT < len(text))}"
