import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_gru.errors import ConfigError, RunError
from imdb_gru.text.vocabulary import (
    FIRST_WORD,
    START,
    UNKNOWN,
    Vocabulary,
    build_keras_vocabulary,
    build_vocabulary,
)


def test_words_are_ranked_by_frequency_then_alphabet():
    vocabulary = build_vocabulary("words", Counter({"b": 2, "a": 2, "c": 9, "d": 1}))
    assert vocabulary.words == ("c", "a", "b", "d")
    assert vocabulary.encode(["c", "z", "a"]).tolist() == [START, 3, UNKNOWN, 4]
    assert len(vocabulary) == FIRST_WORD + 4


def test_a_lengthened_word_has_the_id_of_its_usual_spelling():
    counts = Counter({"so": 5, "good": 3, "sooo": 2, "soooo": 2, "iii": 2, "gooood": 1, "zzzz": 1})
    vocabulary = build_vocabulary("words", counts)
    assert vocabulary.words == ("so", "good", "iii", "zzzz")
    assert vocabulary.encode(["sooooo", "goood", "iii", "zzzz", "xxx"]).tolist() == [START, 3, 4, 5, 6, UNKNOWN]
    earlier = Vocabulary("words", ["so", "sooo"])
    assert earlier.encode(["so", "sooo", "soooo"]).tolist() == [START, 3, 3, 3]
    assert len(earlier) == FIRST_WORD + 2


def test_the_ids_of_keras_know_no_usual_spelling():
    vocabulary = build_vocabulary("keras", Counter({"so": 2, "sooo": 1}))
    assert vocabulary.words == ("so", "sooo")
    assert vocabulary.encode(["so", "sooo", "soooo"]).tolist() == [START, 3, 4, UNKNOWN]


def test_a_vocabulary_of_an_earlier_version_reads_emoticons_as_marks(tmp_path):
    path = tmp_path / "v.json"
    path.write_text('{"tokenizer": "words", "words": [":", ")"]}')
    assert Vocabulary.load(path).tokenize("so :-)") == ["so", ":", "-", ")"]
    vocabulary = build_vocabulary("words", Counter([":)", "so"]))
    vocabulary.save(path)
    for known in (vocabulary, Vocabulary.load(path)):
        assert known.encode(known.tokenize("so :-)")).tolist() == [START, 4, 3]


def test_max_words_bounds_the_ids_and_min_count_the_words():
    counts = Counter({"c": 9, "a": 2, "b": 2, "d": 1})
    assert build_vocabulary("words", counts, max_words=5).words == ("c", "a")
    assert build_vocabulary("words", counts, min_count=2).words == ("c", "a", "b")
    with pytest.raises(ConfigError, match="min_count"):
        build_vocabulary("words", counts, min_count=10)


def test_keras_ids_are_those_of_its_loader():
    vocabulary = build_keras_vocabulary({"the": 1, "film": 2, "rare": 3}, max_words=5)
    assert vocabulary.encode(["the", "film", "rare"]).tolist() == [START, 4 - 1, 5 - 1, UNKNOWN]


@given(st.lists(st.text(min_size=1)), st.integers(4, 50))
def test_a_known_word_keeps_its_id(words, max_words):
    counts = Counter(words) or Counter("a")
    vocabulary = build_vocabulary("words", counts, max_words=max_words)
    ids = vocabulary.encode(words)
    assert len(ids) == len(words) + 1
    assert all(i < max_words for i in ids.tolist())
    for word, i in zip(words, ids.tolist()[1:], strict=True):
        assert word not in vocabulary.words if i == UNKNOWN else vocabulary.words[i - FIRST_WORD] == word


def test_it_is_stored_whole(tmp_path):
    vocabulary = Vocabulary("keras", ["a\u2028b", "é", '"'])
    vocabulary.save(tmp_path / "v.json")
    loaded = Vocabulary.load(tmp_path / "v.json")
    assert (loaded.words, loaded.tokenizer) == (vocabulary.words, "keras")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"tokenizer": "no", "words": []}',
        '{"tokenizer": "words", "words": [1]}',
        '{"tokenizer": "words", "emoticons": 1, "words": []}',
    ],
)
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "v.json").write_text(content)
    with pytest.raises(RunError, match="not a vocabulary"):
        Vocabulary.load(tmp_path / "v.json")


@pytest.mark.corpus
def test_the_keras_tokenizer_gives_the_ids_of_keras_datasets_imdb(corpus_path):
    """Put both in the order of `keras.datasets.imdb.load_data` (seed 113), and compare id by id."""
    import numpy as np

    from imdb_gru.sources import load_word_index, open_source
    from imdb_gru.text.tokenizer import tokenize_keras

    known = json.loads((corpus_path / "imdb_word_index.json").read_text())
    vocabulary = build_keras_vocabulary(load_word_index(corpus_path))
    assert len(vocabulary) == len(known) + FIRST_WORD
    reviews = list(open_source(str(corpus_path / "aclImdb_v1.tar.gz")).iter_reviews("train"))
    stored = list(open_source(str(corpus_path / "imdb.npz")).iter_reviews("train"))
    order = np.random.RandomState(113).permutation(len(reviews))[:6000]
    agree = 0
    for row in order:
        theirs = [START, *(known[word] + FIRST_WORD - 1 for word in stored[row].text.split(" "))]
        ours = vocabulary.encode(tokenize_keras(reviews[row].text)).tolist()
        agree += [i for i in ours if i != UNKNOWN] == theirs
    assert agree == 6000


def test_every_id_that_can_come_next_has_a_name():
    vocabulary = Vocabulary("words", ["a", "b"])
    assert [vocabulary.name_next(id) for id in range(START, len(vocabulary))] == ["<end>", "<unknown>", "a", "b"]
