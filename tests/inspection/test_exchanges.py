"""The accuracy with exchanged words, compared with a search through all exchanges."""

import numpy as np
import pytest
from support.models import TWIN_WORDS, make_classifier, make_sequences

from imdb_gru.inspection import exchanges
from imdb_gru.inspection.exchanges import measure_exchanges
from imdb_gru.inspection.neighbours import Neighbours
from imdb_gru.sources.review import Review
from imdb_gru.text.vocabulary import FIRST_WORD, Vocabulary


def make_reviews(classifier, count=24, seed=3):
    """Reviews of random words with the labels that the classifier predicts, except for the last one."""
    rng = np.random.default_rng(seed)
    sequences = make_sequences(rng, rng.integers(2, 9, count))
    texts = [" ".join(f"w{id - FIRST_WORD}" for id in ids[1:].tolist() if id >= FIRST_WORD) for ids in sequences]
    labels = [int(prediction.probability >= 0.5) for prediction in classifier.predict_many(texts)]
    labels[-1] = 1 - labels[-1]
    return [Review(text, label) for text, label in zip(texts, labels, strict=True)]


def measure(classifier, reviews, **options):
    return measure_exchanges(classifier, "test", reviews, **{"exchanges": 3, "neighbours": 4, **options})


def find_worst(classifier, review, neighbours):
    """The probability of the label after the worst of all exchanges of one word, by trying them all."""
    table, words = Neighbours(classifier, neighbours), review.text.split()
    worst = 1.0
    for place, word in enumerate(words):
        for id in table.find(classifier.vocabulary.encode([word])[1:])[0]:
            changed = [*words[:place], classifier.vocabulary.name_next(int(id)), *words[place + 1 :]]
            probability = classifier.predict(" ".join(changed)).probability
            worst = min(worst, probability if review.label else 1 - probability)
    return worst


def test_one_exchange_is_the_worst_of_all_where_all_are_tried(monkeypatch):
    monkeypatch.setattr(exchanges, "CANDIDATES", 10_000)
    classifier = make_classifier()
    reviews = make_reviews(classifier)
    figures = measure(classifier, reviews, exchanges=1)
    survive = [find_worst(classifier, review, 4) >= 0.5 for review in reviews[:-1]]  # the last one is wrong as it is
    before, after = figures.accuracy_by_exchanges
    assert before.accuracy == 23 / 24
    assert after.accuracy == sum(survive) / 24
    assert 0 < after.accuracy < before.accuracy


def test_accuracy_falls_with_every_exchange_and_faster_than_by_random_ones():
    classifier = make_classifier()
    figures = measure(classifier, make_reviews(classifier))
    accuracies = [scores.accuracy for scores in figures.accuracy_by_exchanges]
    assert accuracies == sorted(accuracies, reverse=True)
    assert accuracies[-1] < accuracies[0]
    assert all(scores.accuracy < scores.random_accuracy for scores in figures.accuracy_by_exchanges[1:])
    low, high = figures.accuracy_by_exchanges[1].accuracy_interval
    assert low < accuracies[1] < high
    assert "3: " in repr(figures)


def test_a_changed_review_names_its_exchanges():
    classifier = make_classifier()
    figures = measure(classifier, make_reviews(classifier), errors=5)
    table = Neighbours(classifier, 4)
    assert len(figures.errors) == 5
    assert [len(review.exchanges) for review in figures.errors] == sorted(len(one.exchanges) for one in figures.errors)
    for review in figures.errors:
        words = review.text.split()
        assert len({one.timestep for one in review.exchanges}) == len(review.exchanges)
        for one in review.exchanges:
            near = table.find(classifier.vocabulary.encode([one.word])[1:])[0]
            assert one.neighbour in [classifier.vocabulary.name_next(int(id)) for id in near]
            assert words[one.timestep - 1] == one.word
            words[one.timestep - 1] = one.neighbour
        assert classifier.predict(" ".join(words)).probability == pytest.approx(review.changed_probability, abs=1e-5)
        assert (review.changed_probability >= 0.5) != (review.label == "positive")


def test_the_same_seed_gives_the_same_figures():
    classifier = make_classifier()
    reviews = make_reviews(classifier)
    one, same, other = (measure(classifier, reviews, seed=seed) for seed in (0, 0, 1))
    assert one == same
    assert [scores.random_accuracy for scores in one.accuracy_by_exchanges] != [
        scores.random_accuracy for scores in other.accuracy_by_exchanges
    ]


@pytest.mark.parametrize("model", [{"bidirectional": True}, {"cell": "lstm", "layers": 2}, {"direction": "backward"}])
def test_every_model_is_tested(model):
    classifier = make_classifier(**model)
    figures = measure(classifier, make_reviews(classifier, 6), exchanges=2)
    assert figures.accuracy_by_exchanges[0].accuracy == 5 / 6


def test_a_review_without_words_stays_as_it_is():
    classifier = make_classifier()
    label = int(classifier.predict("").probability >= 0.5)
    figures = measure(classifier, [Review("", label)], errors=1)
    assert [scores.accuracy for scores in figures.accuracy_by_exchanges] == [1, 1, 1, 1]
    assert figures.errors == []


def test_neighbours_are_the_words_with_the_largest_cosine():
    classifier = make_classifier()
    classifier.vocabulary = Vocabulary("words", ["!", *(f"w{number}" for number in range(1, TWIN_WORDS))])
    embedding = classifier.network.embedding
    directions = embedding / np.linalg.norm(embedding, axis=1, keepdims=True)
    ids = np.array([5, 20, 5], np.int32)
    for id, found in zip(ids, Neighbours(classifier, 6).find(ids), strict=True):
        cosines = directions @ directions[id]
        others = [row for row in range(FIRST_WORD + 1, len(embedding)) if row != id]  # neither "!" nor special ids
        assert found.tolist() == sorted(others, key=lambda row: -cosines[row])[:6]
    assert Neighbours(classifier, 1000).find(ids).shape == (3, TWIN_WORDS - 2)
