"""VADER, a lexicon with rules, as its documentation says; the compound score from −1 to 1 becomes a probability."""

from reviews import run
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

analyzer = SentimentIntensityAnalyzer()
run(lambda texts, _: ((analyzer.polarity_scores(text)["compound"] + 1) / 2 for text in texts))
