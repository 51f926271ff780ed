import hashlib

import pytest

from imdb_gru.sources.sample import OPINIONS, SampleSource


@pytest.fixture(scope="module")
def reviews():
    return {split: list(SampleSource().iter_reviews(split)) for split in ("train", "test")}


def test_the_sample_is_the_same_everywhere(reviews):
    digest = hashlib.sha256("\n".join(r.text for split in reviews.values() for r in split).encode())
    assert digest.hexdigest()[:16] == "f1760160a2755df5"


def test_sizes_labels_and_films(reviews):
    assert {split: len(rows) for split, rows in reviews.items()} == {"train": 1600, "test": 400}
    assert all(sum(r.label for r in rows) * 2 == len(rows) for rows in reviews.values())
    films = {split: {r.film for r in rows} for split, rows in reviews.items()}
    assert not films["train"] & films["test"]


def test_every_film_has_both_labels(reviews):
    for rows in reviews.values():
        labels = {film: {r.label for r in rows if r.film == film} for film in {r.film for r in rows}}
        assert [film for film, seen in labels.items() if seen != {0, 1}] == []


def test_no_test_text_occurs_in_train(reviews):
    texts = {split: {r.text for r in rows} for split, rows in reviews.items()}
    assert sorted(texts["train"] & texts["test"]) == []


def test_lengths_reach_from_three_words_to_seven_hundred(reviews):
    lengths = [len(r.text.replace("<br /><br />", " ").split()) for split in reviews.values() for r in split]
    assert min(lengths) == 3
    assert 600 < max(lengths) <= 700
    assert sum(length > 500 for length in lengths) > 50


def test_it_holds_negation_contrast_and_verdicts_early_and_late(reviews):
    texts = [r.text for r in reviews["train"]]
    for phrase in ("not ", "never ", "hardly ", "anything but ", ", but ", ", yet ", "however, ", "<br /><br />"):
        assert sum(phrase in text for text in texts) > 10, phrase
    opinions = [word for words in OPINIONS for word in words]
    long = [text for text in texts if len(text) > 600]
    assert any(word in text[:100] for text in long for word in opinions)
    assert any(word in text[-100:] for text in long for word in opinions)


def test_a_bag_of_words_does_not_solve_it(reviews):
    pytest.importorskip("sklearn")
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    bag = TfidfVectorizer()
    texts = {split: [r.text for r in rows] for split, rows in reviews.items()}
    labels = {split: [r.label for r in rows] for split, rows in reviews.items()}
    model = LogisticRegression().fit(bag.fit_transform(texts["train"]), labels["train"])
    assert model.score(bag.transform(texts["test"]), labels["test"]) < 0.65
