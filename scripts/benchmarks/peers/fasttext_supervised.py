"""The classifier of fastText with the settings at the end of its tutorial on text classification.

https://fasttext.cc/docs/en/supervised-tutorial.html
"""

import re

import fasttext
from reviews import run


def normalise(text):
    """Put spaces around punctuation, and make the text lower case, as the tutorial does."""
    return " ".join(re.sub(r"([.!?,'/()])", r" \1 ", text).lower().split())


def train(texts, labels, folder):
    """Train, and save the model."""
    lines = [f"__label__{label} {normalise(text)}" for text, label in zip(texts, labels, strict=True)]
    (folder.parent / "fasttext.txt").write_text("\n".join(lines) + "\n", "utf-8")
    model = fasttext.train_supervised(str(folder.parent / "fasttext.txt"), lr=1.0, epoch=25, wordNgrams=2)
    model.save_model(str(folder / "model.bin"))


def predict(texts, folder):
    """Yield the probability of positive."""
    model = fasttext.load_model(str(folder / "model.bin"))
    for text in texts:
        labels, probabilities = model.predict(normalise(text), k=2)
        yield dict(zip(labels, probabilities, strict=True)).get("__label__1", 0.0)


run(predict, train)
