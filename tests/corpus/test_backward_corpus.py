"""Corpora that are read from the end of each review."""

import numpy as np
import pytest
from support.models import start_from_scratch

from imdb_gru.config import build_config
from imdb_gru.corpus.corpus import encode_corpus, load_training_reviews
from imdb_gru.corpus.digests import digest_texts
from imdb_gru.sources import open_source
from imdb_gru.text.vocabulary import START


@pytest.mark.parametrize("tokenizer", ["words", "keras"])
@pytest.mark.parametrize("kind", ["folder", "npz", "csv"])
def test_ids_are_reversed_after_the_start_token(write_corpus, kind, tokenizer):
    path, corpora = write_corpus(kind), {}
    for direction in ("forward", "backward"):
        text = {"tokenizer": tokenizer, "length": 4, "truncate": "head", "direction": direction}
        values = {"data": {"path": str(path)}, "text": text, "train": {"validation_split": 0.4}}
        config = build_config(start_from_scratch(values), "test")
        source = open_source(config.data)
        reviews = load_training_reviews(source, config)
        corpora[direction] = corpus = encode_corpus(source, config, reviews, None)
        texts = [review.text for review in (*reviews.train, *reviews.validation)]
        assert corpus.seen.count(digest_texts(texts, config.text, corpus.vocabulary)) == len(texts)
    forward, backward = corpora["forward"], corpora["backward"]
    assert forward.vocabulary.words == backward.vocabulary.words
    assert forward.statistics == backward.statistics
    for ours, theirs in ((backward.train, forward.train), (backward.validation, forward.validation)):
        np.testing.assert_array_equal(ours.labels, theirs.labels)
        assert len(ours) == len(theirs) > 0
        for row in range(len(ours)):
            assert ours[row].tolist() == [START, *theirs[row][:0:-1].tolist()]
    assert backward.train.ids.tolist() != forward.train.ids.tolist()
