import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.config import build_config
from imdb_gru.errors import DataError
from imdb_gru.sources import open_source
from imdb_gru.sources.review import Review
from imdb_gru.sources.sample import SampleSource
from imdb_gru.text.corpus import choose_held_out, encode_corpus, load_reviews, load_training_reviews

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
    reviews = [Review("", number % 3 == 0, None) for number in range(900)]
    held_out = choose_held_out(reviews, 0.1, 0)
    assert held_out.sum() == 90
    assert sum(review.label for review, held in zip(reviews, held_out, strict=True) if held) == 30
    assert (held_out == choose_held_out(reviews, 0.1, 0)).all()
    assert (held_out != choose_held_out(reviews, 0.1, 1)).any()


def test_the_vocabulary_knows_train_words_only(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,split\ncommon alpha,1,train\ncommon beta,0,train\nomega,1,validation\nsigma,0,dev\n")
    config, source = build_config({}, "test"), open_source(str(path))
    reviews = load_training_reviews(source, config)
    corpus = encode_corpus(source, config, reviews, None)
    assert corpus.vocabulary.words == ("common", "alpha", "beta")
    assert [len(part) for part in (corpus.train, corpus.validation)] == [2, 2]
    assert corpus.statistics["unknown_share"] == 0.0
    assert corpus.statistics["unknown_share_validation"] == 1.0


def test_statistics_tell_of_truncation():
    config = build_config({"text": {"length": 50}}, "test")
    source = SampleSource()
    corpus = encode_corpus(source, config, load_training_reviews(source, config), None)
    assert corpus.statistics["train"] == 1440
    assert corpus.statistics["validation"] == 160
    assert 0.2 < corpus.statistics["truncated_share"] < 0.8
    assert max(corpus.train.lengths) == 51


def test_a_limit_is_drawn_from_the_whole_split():
    reviews = load_reviews(SampleSource(), "train", 100)
    assert len(reviews) == 100
    assert sum(review.label for review in reviews) in range(40, 61)
    assert reviews == load_reviews(SampleSource(), "train", 100)
    assert reviews != list(SampleSource().iter_reviews("train"))[:100]


def test_reviews_of_one_label_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,1\nb,1\n")
    with pytest.raises(DataError, match="one label only"):
        load_training_reviews(open_source(str(path)), build_config({}, "test"))


def test_a_missing_split_is_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label,split\na,1,test\nb,0,test\n")
    with pytest.raises(DataError, match="has no train split, only test"):
        load_training_reviews(open_source(str(path)), build_config({}, "test"))
