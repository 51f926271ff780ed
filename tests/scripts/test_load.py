"""Load in small: what is to stay constant, or grow no faster than what comes in, and the script for the full sizes."""

import itertools
import json
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from support.models import make_classifier
from support.paths import SCRIPTS

from imdb_gru.checking.repeats import Texts
from imdb_gru.config import build_config
from imdb_gru.corpus import stored
from imdb_gru.corpus.corpus import encode_corpus, load_training_reviews
from imdb_gru.corpus.encoded import allocate, encode_sequences
from imdb_gru.models import batches
from imdb_gru.sources.review import Review
from imdb_gru.sources.sample import SampleSource

pytestmark = pytest.mark.processes


def measure_peak(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_bulk_prediction_holds_as_much_for_many_reviews_as_for_few(monkeypatch):
    monkeypatch.setattr(batches, "CHUNK", 64)
    classifier = make_classifier()

    def predict(count):
        texts = (f"w{number % 30} w1 w2 {number}" for number in range(count))
        assert sum(1 for _ in classifier.predict_many(texts)) == count

    predict(500)
    few, many = (measure_peak(lambda count=count: predict(count)) for count in (500, 5000))
    assert many < 1.5 * few


def test_bulk_prediction_holds_few_reviews_where_they_are_very_long(monkeypatch):
    monkeypatch.setattr(batches, "CHUNK_CHARACTERS", 10_000)
    drawn = itertools.count()
    texts = (f"w1 {'w2 ' * 1000}{next(drawn)}" for _ in range(200))
    predictions = make_classifier().predict_many(texts)
    next(predictions)
    assert next(drawn) <= 20  # of 3,000 characters each: three chunks at most are under way
    assert sum(1 for _ in predictions) == 199


def test_a_long_review_is_checked_in_little_more_than_its_words():
    tokens = ["word"] * 300_000
    assert measure_peak(lambda: Texts().add(tokens)) < 40 * len(tokens)  # every hash of every word would take 800 bytes


def test_reviews_to_train_on_take_little_more_than_their_ids(monkeypatch):
    monkeypatch.setattr(stored, "MOST_IN_MEMORY", 2**16)
    config = build_config({"text": {"length": 200}}, "test")

    def measure(count):
        source = SampleSource()
        texts = (" ".join(f"w{(number * word) % 999}" for word in range(200)) for number in range(count))
        source.iter_reviews = lambda _: (Review(text, row % 2) for row, text in enumerate(texts))

        def load():
            ids = encode_corpus(source, config, load_training_reviews(source, config), None).train.ids
            assert len(ids) == round(0.9 * count) * 201

        return measure_peak(load)

    _, few, many = (measure(count) for count in (500, 500, 2000))  # the first has modules to load
    assert many - few < 1.5 * 4 * 201 * (2000 - 500)  # the ids, and what is known of a review beside its words


@pytest.mark.keras
@pytest.mark.parametrize("aligned", [False, True])
def test_epochs_share_one_copy_of_the_ids_and_none_if_they_are_aligned(monkeypatch, aligned):
    from imdb_gru.training import batches

    config = build_config({"train": {"batch_size": 2}}, "test")
    reviews = encode_sequences([np.ones(5, np.int32)] * 6, np.zeros(6, np.int8))
    ids = allocate(len(reviews.ids)) if aligned else np.empty(len(reviews.ids) + 1, np.int32)[1:]
    ids[:] = reviews.ids
    reviews = replace(reviews, ids=ids)
    copied, make_constant = [], batches.tf.constant

    def count(value, *arguments, **options):
        copied.append(np.size(value))
        return make_constant(value, *arguments, **options)

    monkeypatch.setattr(batches.tf, "constant", count)
    for epoch in (0, 1, 2, None):
        read = [ids for ids, _ in batches.ReviewBatches(reviews, config, epoch)]
        assert [ids.sum() for ids in read] == [10] * 3
    assert copied.count(reviews.ids.size) == (not aligned)


@pytest.mark.keras
def test_an_epoch_begins_without_a_copy_of_the_ids():
    # in a process of its own: for op determinism, which tests before may have asked for, TensorFlow does copy them
    program = """
import numpy as np
import psutil
from imdb_gru.config import build_config
from imdb_gru.corpus.encoded import EncodedReviews, allocate
from imdb_gru.training.batches import ReviewBatches

def begin(length):
    ids = allocate(8 * length)
    ids[:] = 1
    batches = ReviewBatches(EncodedReviews(ids, np.arange(9) * length, np.zeros(8, np.int8)), config, 0)
    before = psutil.Process().memory_info().rss
    begun = iter(batches.to_dataset())
    return (psutil.Process().memory_info().rss - before) / ids.nbytes

config = build_config({"train": {"batch_size": 2}}, "test")
begin(5)  # has modules to load
print(begin(2**22))
"""
    grown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert float(grown) < 0.5


@pytest.mark.examples
def test_the_script_shows_memory_and_speed_on_the_way(pair, tmp_path):
    _, run = pair
    figures = tmp_path / "figures.json"
    command = [
        sys.executable,
        SCRIPTS / "benchmarks" / "load.py",
        "predict",
        "--reviews",
        "50",
        "--run",
        run.path,
        "--json",
        figures,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    heads, *rows, total = done.stdout.splitlines()
    assert heads.split() == ["reviews", "seconds", "reviews/second", "megabytes"]
    assert [row.split()[0] for row in rows] == [str(number) for number in range(5, 55, 5)]
    assert total.startswith("in all ")
    assert json.loads(figures.read_text())["peak_megabytes"] > 20


@pytest.mark.examples
def test_the_script_says_what_failed(tmp_path):
    command = [
        sys.executable,
        SCRIPTS / "benchmarks" / "load.py",
        "predict",
        "--reviews",
        "10",
        "--run",
        tmp_path / "nowhere",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "there is no run at" in done.stderr
    assert "Traceback" not in done.stderr
