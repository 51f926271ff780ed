"""TextBlob's default analyzer, a lexicon with rules; the polarity from −1 to 1 becomes a probability."""

from reviews import run
from textblob import TextBlob

run(lambda texts, _: ((TextBlob(text).sentiment.polarity + 1) / 2 for text in texts))
