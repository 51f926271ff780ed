"""The linear baseline of this project: logistic regression on n-grams times their log-count ratios (NB-SVM)."""

import pickle

from reviews import run

from imdb_gru.config import TextConfig
from imdb_gru.corpus.encoded import tokenize_reviews
from imdb_gru.corpus.stored import store_reviews
from imdb_gru.models.linear import fit_linear
from imdb_gru.sources.review import Review
from imdb_gru.text.tokenizer import tokenize_words

LONGEST = 10_000
"""Number of words of a review that are read, which is more than IMDB's reviews have."""


def train(texts, labels, folder):
    """Fit the model without validation reviews, and save it."""
    reviews = store_reviews(map(Review, texts, labels))
    model = fit_linear(tokenize_reviews(reviews, TextConfig(length=LONGEST)))
    (folder / "model.pickle").write_bytes(pickle.dumps(model))


def predict(texts, folder):
    """Yield the probability of positive."""
    model = pickle.loads((folder / "model.pickle").read_bytes())
    for start in range(0, len(texts), 1000):
        for curve in model.predict_timesteps([tokenize_words(text) for text in texts[start : start + 1000]]):
            yield curve[-1]


run(predict, train)
