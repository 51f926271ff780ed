import numpy as np
import pytest
from support.comparisons import CONFIG, finish

from imdb_gru.comparison import evaluating
from imdb_gru.comparison.candidates import build_candidates, build_models, open_candidates
from imdb_gru.comparison.evaluating import evaluate_candidates
from imdb_gru.comparison.predictions import Predictions
from imdb_gru.errors import RunError
from imdb_gru.sources.review import Review


@pytest.fixture
def load(monkeypatch):
    """A loader that gives every run reviews of its seed and notes its calls, with networks that predict 1."""
    calls = []

    def load(run, split):
        calls.append((run.path.name, split))
        seed = int(run.path.name[-1])
        return split or "validation", [Review("fine", 1), *[Review("dull", 0)] * seed]

    monkeypatch.setattr(
        evaluating, "compute_predictions", lambda run, reviews: Predictions(np.ones(len(reviews), np.float32), [])
    )
    load.calls = calls
    return load


def finish_all(folder):
    candidates = build_candidates(build_models({"scratch": CONFIG}, ["gru", "lstm"]), [0, 1], folder)
    for candidate in candidates:
        finish(candidate.path, candidate.config, data_hash=str(candidate.seed))
    return candidates


@pytest.mark.parametrize("asked", [None, "validation"])
def test_validation_reviews_are_those_of_each_seed(tmp_path, load, asked):
    split, evaluated = evaluate_candidates(finish_all(tmp_path), asked, load, None)
    assert split == "validation"
    assert [len(one.labels) for one in evaluated] == [1, 1, 2, 2]
    assert load.calls == [("gru-0", asked), ("gru-1", "validation")]


def test_the_test_split_is_read_once(tmp_path, load):
    split, evaluated = evaluate_candidates(finish_all(tmp_path), "test", load, None)
    assert split == "test"
    assert [len(one.labels) for one in evaluated] == [1] * 4
    assert load.calls == [("gru-0", "test")]


def test_runs_with_other_validation_reviews_are_compared_on_the_test_split_only(tmp_path, load):
    paths = [candidate.path for candidate in finish_all(tmp_path)][1:3]
    evaluate_candidates(open_candidates(paths, same_data=True), "test", load, None)
    with pytest.raises(RunError, match="have different training or validation reviews"):
        evaluate_candidates(open_candidates(paths, same_data=True), "validation", load, None)


def test_kept_predictions_belong_to_a_run_and_its_reviews(tmp_path, load):
    (gru, *_) = finish_all(tmp_path)
    cache = tmp_path / "cache"

    def list_kept():
        return sorted(path.name for path in cache.iterdir())

    evaluate_candidates([gru], "test", load, cache)
    (first,) = list_kept()
    evaluate_candidates([gru], "test", load, cache)
    assert list_kept() == [first]
    evaluate_candidates([gru], "test", lambda *_: ("test", [Review("other", 1)]), cache)
    assert len(list_kept()) == 2
    (gru.path / "weights.npz").write_text("others")
    gru.result.seal({"interrupted": False, "best": {"epoch": 1}, "data": {"hash": "0"}})
    evaluate_candidates([gru], "test", load, cache)
    assert len(list_kept()) == 3
