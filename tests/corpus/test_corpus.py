import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.config import NextWordConfig, build_config
from imdb_gru.corpus.corpus import (
    choose_folds,
    choose_held_out,
    encode_corpus,
    load_pretraining_reviews,
    load_reviews,
    load_training_reviews,
)
from imdb_gru.corpus.stored import store_reviews
from imdb_gru.errors import DataError
from imdb_gru.sources import open_source
from imdb_gru.sources.review import Review
from imdb_gru.sources.sample import SampleSource
from imdb_gru.text.vocabulary import Vocabulary

FILMS = st.lists(st.tuples(st.integers(0, 1), st.none() | st.integers(0, 20)), min_size=10, max_size=200)


@given(FILMS, st.floats(0, 0.9), st.integers(0, 3))
def test_held_out_reviews_are_whole_films_and_never_too_many(rows, share, seed):
    reviews = [Review("", label, None if film is None else str(film)) for label, film in rows]
    held_out = choose_held_out(reviews, share, seed)
    inside = {review.film for review, held in zip(reviews, held_out, strict=True) if held and review.film}
    outside = {review.film for review, held in zip(reviews, held_out, strict=True) if not held and review.film}
    assert not inside & outside
    for label in (0, 1):
        chosen = np.array([review.label == label for review in reviews])
        assert held_out[chosen].sum() <= round(share * chosen.sum())


def test_the_hold_out_is_stratified_and_follows_the_seed():
    reviews = [Review(str(number), number % 3 == 0, None) for number in range(900)]
    held_out = choose_held_out(reviews, 0.1, 0)
    assert held_out.sum() == 90
    assert sum(review.label for review, held in zip(reviews, held_out, strict=True) if held) == 30
    assert (held_out == choose_held_out(reviews, 0.1, 0)).all()
    assert (held_out != choose_held_out(reviews, 0.1, 1)).any()


def test_reviews_without_films_that_repeat_stay_on_one_side():
    reviews = [Review(str(number % 50), number % 2, None) for number in range(200)]
    held_out = choose_held_out(reviews, 0.3, 0)
    inside, outside = (
        {review.text for review, held in zip(reviews, held_out, strict=True) if held == side} for side in (1, 0)
    )
    assert len(inside) > 10
    assert not inside & outside


def test_reviews_with_the_same_words_stay_on_one_side_unless_their_films_are_known():
    texts = [variant for number in range(100) for variant in (f"a film, {number}", f"A  FILM, {number}")]
    held_out = choose_held_out([Review(text, 1) for text in texts], 0.3, 0)
    assert (held_out[::2] == held_out[1::2]).all()
    assert held_out.sum() == 60
    films = choose_held_out([Review("the same", 1, str(number)) for number in range(200)], 0.3, 0)
    assert films.sum() == 60


@pytest.mark.corpus
def test_the_validation_reviews_of_imdb_are_those_of_the_published_figures(corpus_path):
    reviews = list(open_source(str(corpus_path)).iter_reviews("train"))
    chosen = [choose_held_out(reviews, 0.1, seed) for seed in range(3)]
    assert [hashlib.md5(held_out.tobytes()).hexdigest() for held_out in chosen] == [
        "cd58186874f855a9055aa27ffe9ace30",
        "c7dc3e01809d347da387e3818589b9a7",
        "0be9112abc1037ddda5c53f6560691de",
    ]


def write_table(path, splits=("train",)):
    rows = [(f"review {number // 2}", number % 4 > 0, split) for number in range(200) for split in splits]
    path.write_text("text,label,split\n" + "".join(f"{text},{int(label)},{split}\n" for text, label, split in rows))
    return open_source(str(path))


def test_a_test_part_is_kept_away_from_training_and_choosing(tmp_path):
    source = write_table(tmp_path / "a.csv")
    parts = []
    for seed in (0, 1):
        config = build_config({"data": {"test_split": 0.2}, "train": {"seed": seed}}, "test")
        reviews = load_training_reviews(source, config)
        sets = [{review.text for review in part} for part in (reviews.train, reviews.validation, reviews.test)]
        assert sum(map(len, sets)) == 100  # no text is in two of them
        assert [len(reviews.train), len(reviews.validation), len(reviews.test)] == [144, 16, 40]
        assert reviews.test.labels.mean() == pytest.approx(0.75, abs=0.03)
        assert encode_corpus(source, config, reviews, None).statistics.test == 40
        parts.append(list(reviews.test))
    assert parts[0] == parts[1]
    plain = load_training_reviews(source, build_config({}, "test"))
    assert plain.test is None
    assert len(plain.train) + len(plain.validation) == 200


def test_a_table_with_validation_reviews_gets_a_test_part_of_its_training_reviews(tmp_path):
    config = build_config({"data": {"test_split": 0.2}}, "test")
    reviews = load_training_reviews(write_table(tmp_path / "a.csv", ("train", "dev")), config)
    assert [len(reviews.train), len(reviews.validation), len(reviews.test)] == [160, 200, 40]


@pytest.mark.parametrize(
    ("splits", "share", "message"),
    [
        (("train", "test"), 0.2, "has a test split, so data.test_split must be 0, not 0.2"),
        (("train",), 0.001, r"has too few distinct reviews for a test part of 0.001 \(data.test_split\)"),
    ],
)
def test_a_test_part_that_cannot_be_is_refused(tmp_path, splits, share, message):
    config = build_config({"data": {"test_split": share}}, "test")
    with pytest.raises(DataError, match=message):
        load_training_reviews(write_table(tmp_path / "a.csv", splits), config)


@given(FILMS, st.integers(2, 6), st.integers(0, 3))
def test_folds_are_whole_films_of_equal_size(rows, count, seed):
    reviews = store_reviews(Review("", label, str(film)) for label, film in rows)
    folds = choose_folds(reviews, count, seed)
    assert set(folds.tolist()) <= set(range(count))
    for film in {film for _, film in rows}:
        assert len({fold for fold, row in zip(folds.tolist(), rows, strict=True) if row[1] == film}) == 1
    single = choose_folds(store_reviews(Review(str(number), number % 2) for number in range(60)), count, seed)
    sizes = np.bincount(single, minlength=count)
    assert sizes.max() - sizes.min() <= 2


def test_held_out_reviews_that_repeat_others_are_counted_as_the_model_reads_them(tmp_path):
    path = tmp_path / "a.csv"
    held = ["A fine film!", "a  FINE film!", "another", "", "cut off: x y z"]
    rows = [*((text, 1, "dev") for text in held), ("a fine film!", 1, "train"), ("", 0, "train"), ("x y z", 0, "train")]
    path.write_text("text,label,split\n" + "".join(f"{text},{label},{split}\n" for text, label, split in rows))
    for length, count in ((500, 2), (3, 3)):
        config, source = build_config({"text": {"length": length}}, "test"), open_source(str(path))
        corpus = encode_corpus(source, config, load_training_reviews(source, config), None)
        assert corpus.statistics.repeated_validation == count


def test_the_vocabulary_knows_train_words_only(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,split\ncommon alpha,1,train\ncommon beta,0,train\nomega,1,validation\nsigma,0,dev\n")
    config, source = build_config({}, "test"), open_source(str(path))
    reviews = load_training_reviews(source, config)
    corpus = encode_corpus(source, config, reviews, None)
    assert corpus.vocabulary.words == ("common", "alpha", "beta")
    assert [len(part) for part in (corpus.train, corpus.validation)] == [2, 2]
    assert corpus.statistics.unknown_share == 0.0
    assert corpus.statistics.unknown_share_validation == 1.0


def test_reviews_are_tokenized_as_a_given_vocabulary_demands(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,split\ngood :-),1,train\nbad,0,train\ngood :),1,validation\nbad,0,validation\n")
    config, source = build_config({}, "test"), open_source(str(path))
    reviews = load_training_reviews(source, config)
    corpus = encode_corpus(source, config, reviews, None)
    assert corpus.vocabulary.words == (":)", "bad", "good")
    assert corpus.validation[0].tolist() == [1, 5, 3]
    corpus = encode_corpus(source, config, reviews, Vocabulary("words", [":", ")", "-"]))
    assert corpus.train[0].tolist() == [1, 2, 3, 5, 4]
    assert corpus.validation[0].tolist() == [1, 2, 3, 4]


def test_statistics_tell_of_truncation():
    config = build_config({"text": {"length": 50}}, "test")
    source = SampleSource()
    corpus = encode_corpus(source, config, load_training_reviews(source, config), None)
    assert corpus.statistics.train == 1440
    assert corpus.statistics.validation == 160
    assert 0.2 < corpus.statistics.truncated_share < 0.8
    assert max(corpus.train.lengths) == 51


def test_a_limit_is_drawn_from_the_whole_split():
    reviews = load_reviews(SampleSource(), "train", 100)
    assert len(reviews) == 100
    assert sum(review.label for review in reviews) in range(40, 61)
    assert list(reviews) == list(load_reviews(SampleSource(), "train", 100))
    assert list(reviews) != list(SampleSource().iter_reviews("train"))[:100]


def test_reviews_of_one_label_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,1\nb,1\n")
    with pytest.raises(DataError, match=r"only positive training reviews, .* understood as: positive 1 \(2 rows\)"):
        load_training_reviews(open_source(str(path)), build_config({}, "test"))


def test_a_missing_split_is_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,split\na,1,test\nb,0,test\n")
    with pytest.raises(DataError, match="has no train split, only test"):
        load_training_reviews(open_source(str(path)), build_config({}, "test"))


def test_pretraining_reads_all_splits_but_test(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,split\na b,1,train\nc d,,unlabelled\ne f,0,dev\nomega,0,test\n")
    source, config = open_source(str(path), require_labels=False), build_config({}, "test", NextWordConfig)
    reviews = load_pretraining_reviews(source, config)
    assert [review.text for review in reviews.train] == ["a b", "c d"]
    assert [review.text for review in reviews.validation] == ["e f"]
    assert reviews.counts == {"train": 1, "unlabelled": 1, "validation": 1}
    corpus = encode_corpus(source, config, reviews, None)
    assert corpus.vocabulary.words == ("a", "b", "c", "d")
    assert corpus.statistics.positive_share is None


def test_pretraining_holds_out_labelled_and_unlabelled_reviews_alike(write_corpus):
    config = build_config({"train": {"validation_split": 0.5}}, "test", NextWordConfig)
    reviews = load_pretraining_reviews(open_source(str(write_corpus("folder"))), config)
    assert reviews.counts == {"train": 6, "unlabelled": 1}
    assert len(reviews.train) + len(reviews.validation) == 7
    assert {review.text for review in reviews.train} & {review.text for review in reviews.validation} == set()


def test_a_limit_of_pretraining_is_one_of_each_split(tmp_path):
    path = tmp_path / "a.csv"
    rows = "".join(f"w{n},{'train' if n % 2 else 'unlabelled'}\n" for n in range(40))
    path.write_text(f"text,split\n{rows}")
    config = build_config({"data": {"limit": 5}}, "test", NextWordConfig)
    reviews = load_pretraining_reviews(open_source(str(path), require_labels=False), config)
    assert reviews.counts == {"train": 5, "unlabelled": 5}


UNLABELLED = build_config({"train": {"unlabelled": True, "validation_split": 0.5}}, "test")


@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_unlabelled_reviews_are_trained_on_where_asked(write_corpus, kind):
    source = open_source(str(write_corpus(kind)))
    plain = load_training_reviews(source, build_config({"train": {"validation_split": 0.5}}, "test"))
    reviews = load_training_reviews(source, UNLABELLED)
    assert list(reviews.train[:-1]) == list(plain.train)
    assert (reviews.train[-1].text, reviews.train[-1].label) == ("never read", None)
    assert list(reviews.validation) == list(plain.validation)  # none of them is held out
    assert reviews.hash != plain.hash
    corpus = encode_corpus(source, UNLABELLED, reviews, None)
    assert (corpus.train.labels == -1).tolist() == [False] * len(plain.train) + [True]
    assert corpus.statistics.positive_share == round(np.mean([review.label for review in plain.train]), 4)
    assert "never" in corpus.vocabulary.words


def test_a_table_may_have_unlabelled_reviews_beside_labelled_ones(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,split\na,1,train\nb,0,train\nc,,unlabelled\nd,1,unsup\ne,1,dev\n")
    reviews = load_training_reviews(open_source(str(path)), UNLABELLED)
    assert [(review.text, review.label) for review in reviews.train] == [("a", 1), ("b", 0), ("c", None), ("d", None)]
    assert [review.text for review in reviews.validation] == ["e"]
    path.write_text(path.read_text() + "f,,train\n")
    source = open_source(str(path))
    assert list(load_training_reviews(source, UNLABELLED).train) == list(reviews.train)
    assert source.notes == (f"1 of 4 rows of {path} is left out: 1 without a label",)


def test_unlabelled_reviews_are_missed_where_asked_for_and_limited_on_their_own(tmp_path, write_corpus):
    with pytest.raises(DataError, match="has no unlabelled split"):
        load_training_reviews(SampleSource(), UNLABELLED)
    path = tmp_path / "a.csv"
    rows = "".join(f"w{n},{n % 2},{'train' if n < 20 else 'unlabelled'}\n" for n in range(40))
    path.write_text(f"text,label,split\n{rows}")
    config = build_config({"data": {"limit": 5}, "train": {"unlabelled": True, "validation_split": 0}}, "test")
    labels = [review.label for review in load_training_reviews(open_source(str(path)), config).train]
    assert (len(labels), labels.count(None)) == (10, 5)
