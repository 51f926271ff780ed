import numpy as np
import pytest
from support.table_runs import write_rows

from imdb_gru.comparison.baseline import fit_baseline
from imdb_gru.config import TextConfig, load_config
from imdb_gru.corpus.corpus import load_training_reviews
from imdb_gru.corpus.encoded import tokenize_reviews
from imdb_gru.corpus.stored import store_reviews
from imdb_gru.errors import DataError
from imdb_gru.models import linear
from imdb_gru.models.linear import DEFAULT_STRENGTH, LinearModel, fit_linear
from imdb_gru.models.ngrams import NgramIndex, compute_log_count_ratios
from imdb_gru.sources import open_source
from imdb_gru.sources.review import Review

pytest.importorskip("sklearn")

TEXTS = ["a fine film", "not dull", "fine fine", "dull film", "not fine", "a dull dull film"]
LABELS = [1, 1, 1, 0, 0, 0]


def tokenized(texts=(), labels=()):
    reviews = (Review(text, label) for text, label in zip(texts, labels, strict=True))
    return tokenize_reviews(store_reviews(reviews), TextConfig())


def test_the_logit_is_the_sum_of_the_weights_of_the_ngrams_read():
    index = NgramIndex.build([["a", "b", "a"]], 2)  # a, b, ab, ba
    model = LinearModel(index, np.array([1.0, -2.0, 0.5, 4.0]), 0.25, 1.0)
    (curve, empty) = model.predict_timesteps([["a", "b", "a", "b", "c"], []])
    logits = [0.25, 1.25, -0.25, 3.75, 3.75, 3.75]
    assert curve == pytest.approx(1 / (1 + np.exp(-np.array(logits))))
    assert empty == pytest.approx([1 / (1 + np.exp(-0.25))])
    assert model.parameters == 5


def test_it_is_logistic_regression_on_ratios():
    model = fit_linear(tokenized(TEXTS, LABELS), tokenized(), "accuracy")
    assert model.strength == DEFAULT_STRENGTH
    from sklearn.linear_model import LogisticRegression

    tokens = [text.split() for text in TEXTS]
    occurrences = model.index.locate(tokens)
    features = np.zeros((len(TEXTS), len(model.index)))
    features[occurrences.rows, occurrences.features] = 1
    ratios = compute_log_count_ratios(occurrences, np.array(LABELS, np.int8), len(model.index))
    reference = LogisticRegression(C=1.0, solver="liblinear", tol=1e-8, max_iter=100_000).fit(features * ratios, LABELS)
    probabilities = [curve[-1] for curve in model.predict_timesteps(tokens)]
    assert probabilities == pytest.approx(reference.predict_proba(features * ratios)[:, 1], abs=1e-3)
    assert [probability >= 0.5 for probability in probabilities] == [label == 1 for label in LABELS]


@pytest.mark.parametrize("monitor", ["accuracy", "loss"])
def test_the_strength_is_chosen_on_the_validation_reviews(monkeypatch, monitor):
    monkeypatch.setattr(linear, "STRENGTHS", (1e-4, 30.0))
    texts, labels = TEXTS * 3, LABELS * 3
    right, wrong = tokenized(TEXTS, LABELS), tokenized(TEXTS, [1 - label for label in LABELS])
    assert fit_linear(tokenized(texts, labels), right, monitor).strength == 30.0
    if monitor == "loss":  # where all it learns misleads, the less sure model is the better
        assert fit_linear(tokenized(texts, labels), wrong, monitor).strength == 1e-4


def test_reviews_without_words_are_refused():
    with pytest.raises(DataError, match="no words"):
        fit_linear(tokenized(["", ""], [0, 1]), tokenized(), "accuracy")


def test_the_baseline_is_evaluated_on_the_test_part(tmp_path):
    path = write_rows(tmp_path / "a.csv")
    config = load_config("scratch", {"data.path": str(path), "data.test_split": 0.2})
    baseline = fit_baseline(config, tmp_path / "linear")
    reviews = load_training_reviews(open_source(str(path)), config)
    assert baseline.load_predictions("test", reviews.test).probabilities.shape == (18,)
