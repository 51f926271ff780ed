"""Bulk prediction on a cluster that loses a node, or a worker."""

import os
import threading
import time
from itertools import chain

import pytest
from support.models import make_classifier
from support.prediction_steps import TEXTS, list_files, predict_locally, read_answers, write_lines

from imdb_gru.errors import ImdbGruError
from imdb_gru.models import classifier as bulk

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


def hinder(classifier, hindrance):
    """Make a classifier that does something before it answers; it goes to workers by value."""

    class HinderedClassifier(bulk.Classifier):
        def predict_many(self, texts, **options):
            hindrance()
            return super().predict_many(texts, **options)

    return HinderedClassifier(classifier.config, classifier.vocabulary, classifier.network)


def make_job(folder, paths, *, workers):
    from imdb_gru.cluster.prediction import Job

    folder.mkdir(exist_ok=True)
    return Job(list_files(*paths).to_pylist(), None, False, str(folder), workers)


def test_a_node_that_dies_costs_no_answer(cluster, tmp_path):
    from imdb_gru.cluster.connection import connect
    from imdb_gru.cluster.prediction import predict_tables

    classifier = make_classifier(units=16)
    slow = hinder(classifier, lambda: time.sleep(0.3))
    paths = [write_lines(tmp_path / f"{number:02}.jsonl", TEXTS[number:]) for number in range(12)]
    victim = next(iter(cluster.worker_nodes))
    killer = threading.Thread(target=cluster.remove_node, args=(victim,), kwargs={"allow_graceful": False})
    with connect(cluster.address):
        workers = set()
        for number, scored in enumerate(predict_tables(slow, make_job(tmp_path / "out", paths, workers=3))):
            workers.add(scored.worker)
            if number == 3:
                killer.start()
    killer.join()
    assert len(workers) >= 3
    answers, _ = read_answers(tmp_path / "out")
    assert answers == list(chain(*(predict_locally(classifier, TEXTS[number:]) for number in range(12))))


def test_a_chunk_that_kills_every_worker_ends_the_job(cluster, tmp_path, monkeypatch):
    from imdb_gru.cluster import prediction
    from imdb_gru.cluster.connection import connect

    monkeypatch.setattr(prediction, "RESTARTS", 1)
    deadly = hinder(make_classifier(), lambda: os._exit(9))
    job = make_job(tmp_path / "out", [write_lines(tmp_path / "a.jsonl", TEXTS)], workers=1)
    with connect(cluster.address), pytest.raises(ImdbGruError, match="the cluster could not finish") as error:
        list(prediction.predict_tables(deadly, job))
    assert "\n" not in str(error.value)
