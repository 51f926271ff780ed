"""The page on which readers type a review and see the model's prediction: one HTML file that contains the model."""

import base64
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from imdb_gru.errors import ConfigError, RunError
from imdb_gru.events import Notice, Observer, ignore
from imdb_gru.exporting.javascript import translate_tokenizer
from imdb_gru.exporting.model import describe_model, describe_tokenizer, describe_vocabulary
from imdb_gru.exporting.web_format import MODULE, serialize_model
from imdb_gru.models.classifier import Classifier, load
from imdb_gru.models.next_word import NextWordModel
from imdb_gru.report.page import write_template
from imdb_gru.runs.pretrained import find_pretrained
from imdb_gru.runs.run import Run
from imdb_gru.sources.sample import SampleSource
from imdb_gru.system.writing import check_file
from imdb_gru.text.tokenizer import tokenize_words

OUTPUT = "explore.html"
"""The default name of the page."""

TEXTS = (
    "A slow start, but the ending is superb.",
    "I expected it to be dull, but it was wonderful.",
    "This is a terrible film, badly acted and painfully boring. The story takes place in a small town on the coast. A "
    "clerk finds a letter that was never delivered, takes the train to the city and asks an old man about the sailor "
    "who wrote it. On the platform he sees a woman with a suitcase, and the train leaves.",
    "The story takes place in a small town on the coast. A clerk finds a letter that was never delivered, takes the "
    "train to the city and asks an old man about the sailor who wrote it. On the platform he sees a woman with a "
    "suitcase, and the train leaves. This is a terrible film, badly acted and painfully boring.",
    "The film is not good.",
    "The film is not bad at all.",
    "Great actors, great music, great photography, and I could not wait for it to end.",
)
"""Example texts on the page; the third and the fourth contain the same sentences in a different order."""

SAMPLE_TOKENS = range(8, 61)
"""Lengths, in tokens, of the sample reviews on which the page trains its networks."""
SAMPLE_REVIEWS = {"train": 400, "test": 100}
"""Maximum number of sample reviews on the page for each split."""


def explore(
    model: str | Path | Run | Classifier | None = None,
    *,
    output: str | Path = OUTPUT,
    text: str | None = None,
    observer: Observer | None = None,
) -> Path:
    """Write a page on which readers type a text and see the prediction after each word; return the page's path.

    The page contains the model, opens offline, and loads nothing from the network. `model` is as in `evaluate`; `text`
    is the text that the page shows first. If the classifier's training started from a next-word model that is still
    available, the page contains that model, too. Raises `RunError` if the classifier cannot be used or does not read
    from left to right, or `ImdbGruError` if the page cannot be written.
    """
    observer, page = observer or ignore, Path(output).expanduser()
    check_file(page)
    classifier = model if isinstance(model, Classifier) else load(model)
    if classifier.network.bidirectional or classifier.text.direction == "backward":
        raise RunError(
            "the page needs a model that reads from left to right: choose one with model.bidirectional=false and "
            "text.direction=forward"
        )
    next_word = load_base(classifier, observer)
    content = {
        "text": text or TEXTS[0],
        "texts": TEXTS,
        "facts": describe_model(classifier),
        "cell": classifier.config.model.cell,
        "tokenizer": translate_tokenizer(describe_tokenizer(classifier)),
        "vocabulary": describe_vocabulary(classifier),
        "sample": pack_sample(),
    }
    weights = {"weights": serialize_model(classifier, next_word)}
    if next_word:
        weights["next-word-weights"] = serialize_model(next_word)
    write_template(
        page,
        "explore.html.jinja",
        facts=content["facts"],
        data=content,
        weights={name: base64.b64encode(value).decode() for name, value in weights.items()},
        module=(MODULE / "imdb-gru.js").read_text("utf-8"),
    )
    return page


def load_base(classifier: Classifier, observer: Observer) -> NextWordModel | None:
    """Load the next-word model from which a classifier's training started.

    Return None if there is none, or if the page cannot use it.
    """
    try:
        run = find_pretrained(classifier.config)
        if run is None or run.task != "next_word":
            return None
        model = NextWordModel.load(run)
    except (RunError, ConfigError) as error:
        observer(Notice(f"the page shows no next words, because the next-word model cannot be loaded: {error}"))
        return None
    if model.vocabulary.words != classifier.vocabulary.words:
        observer(Notice("the page shows no next words, because the next-word model has a different vocabulary"))
        return None
    return model


def pack_sample() -> dict[str, Any]:
    """Return short reviews of the built-in sample as ids, together with the word for each id.

    The page trains networks on these reviews.
    """
    reviews = {split: list(islice(_iter_short_reviews(split), most)) for split, most in SAMPLE_REVIEWS.items()}
    counts = Counter(token for tokens, _ in reviews["train"] for token in tokens)
    words = ["<unknown>", *counts]
    ids = {word: place for place, word in enumerate(words)}
    packed = {
        split: [{"ids": [ids.get(token, 0) for token in tokens], "label": label} for tokens, label in chosen]
        for split, chosen in reviews.items()
    }
    return {"words": words, **packed}


def _iter_short_reviews(split: str) -> Iterator[tuple[list[str], int]]:
    for review in SampleSource().iter_reviews(split):
        tokens = tokenize_words(review.text)
        if len(tokens) in SAMPLE_TOKENS and review.label is not None:
            yield tokens, review.label
