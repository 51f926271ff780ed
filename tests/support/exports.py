"""Models to export, what exports contain, and pieces of texts that are hard to tokenize."""

import dataclasses
import json
import re

import numpy as np

from imdb_gru.exporting.example_texts import HARD
from imdb_gru.runs.catalogue import BundledRun
from imdb_gru.text.vocabulary import Vocabulary
from support.models import make_classifier

WORDS = (
    "the", "so", "good", "to", "too", "don't", "'", ".", ":)", ":(", "<3", "sooo", "goood", "film", "café", "1", "a.m",
    "é", ";", ":", "<", "&", "lt", "3", "i", "ii", "ŉ", "zzz", "www", "nbsp",
)  # fmt: skip
PIECES = [
    *WORDS, *HARD, " ", "\n", "&", ";", "&amp;", "&#", "&#x", "&#150;", "&#0;", "&#55296", "&#x110000;", "&lsquo;",
    "&eacute", "&nbsp;", "&AMP;", "&Amp;lt;", "&fjlig;", "<br/>", "<br", "</I >", "<!--", "-->", "<notatag>", "`", "´",
    "½", "²", "ﬁ", "™", "\x85", "\x92", "\xa0", "\xad", "\u200b", "👍🏽", "\U000e0061", "⭐", "İ", "Σ", "ſ", "é",
    "soooo", "goooood", "zzzzz", "tooo", "iiii", "ÉÉÉ", "_", "０", "ａ", "٣",
]  # fmt: skip


def make_english_classifier(**model):
    """A classifier of random weights over the words of the model in the package."""
    classifier = make_classifier(**model)
    classifier.vocabulary = BundledRun("sentiment").load_vocabulary()
    embedding = np.random.default_rng(0).normal(0, 0.7, (len(classifier.vocabulary), 5)).astype("f")
    classifier.network = dataclasses.replace(classifier.network, embedding=embedding)
    return classifier


def build_models():
    """Models with different tokenizers and truncations."""
    for tokenizer, emoticons, truncate, length in (
        ("words", True, "tail", 500), ("words", False, "head", 3), ("keras", False, "middle", 5),
    ):  # fmt: skip
        model = make_classifier()
        model.vocabulary = Vocabulary(tokenizer, WORDS, emoticons=emoticons)
        text = model.config.text.model_copy(update={"truncate": truncate, "length": length})
        model.config = model.config.model_copy(update={"text": text})
        yield model


def read_blocks(folder, language="python"):
    """The code in the README of an export."""
    return re.findall(rf"```{language}\n(.*?)```", (folder / "README.md").read_text("utf-8"), re.DOTALL)


def read_examples(folder):
    return [json.loads(line) for line in (folder / "examples.jsonl").read_text("utf-8").splitlines()]
