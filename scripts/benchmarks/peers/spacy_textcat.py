"""The text categorizer of spaCy, with the config that `spacy init config` writes, trained by `spacy train`.

https://spacy.io/usage/training#quickstart
"""

import random

import spacy
from reviews import run
from spacy.cli.init_config import init_config
from spacy.cli.train import train as train_pipeline
from spacy.tokens import DocBin


def train(texts, labels, folder):
    """Keep a tenth of the reviews for validation, train, and save the best model."""
    nlp = spacy.blank("en")
    docs = []
    for text, label in zip(texts, labels, strict=True):
        doc = nlp.make_doc(text)
        doc.cats = {"positive": float(label), "negative": float(1 - label)}
        docs.append(doc)
    random.Random(0).shuffle(docs)
    files = {}
    for part, chosen in (("dev", docs[: len(docs) // 10]), ("train", docs[len(docs) // 10 :])):
        files[part] = str(folder.parent / f"spacy_{part}.spacy")
        DocBin(docs=chosen).to_disk(files[part])
    config = init_config(lang="en", pipeline=["textcat"], optimize="efficiency")
    config["paths"].update(files)
    config.to_disk(folder.parent / "spacy.cfg")
    train_pipeline(folder.parent / "spacy.cfg", folder)


def predict(texts, folder):
    """Yield the probability of positive."""
    nlp = spacy.load(folder / "model-best")
    for doc in nlp.pipe(texts):
        yield doc.cats["positive"]


run(predict, train)
