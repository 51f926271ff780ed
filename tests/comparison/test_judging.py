import numpy as np
import pytest
from test_contestants import CONFIG, finish

from imdb_gru.comparison import judging
from imdb_gru.comparison.contestants import build_contestants, open_runs
from imdb_gru.comparison.judging import judge_contestants
from imdb_gru.errors import RunError
from imdb_gru.sources.review import Review


@pytest.fixture
def load(monkeypatch):
    """A loader that gives every run reviews of its seed, and counts its calls; networks that read nothing."""
    calls = []

    def load(run, split):
        calls.append((run.path.name, split))
        seed = int(run.path.name[-1])
        return split or "validation", [Review("fine", 1), *[Review("dull", 0)] * seed]

    monkeypatch.setattr(judging, "_read", lambda run, reviews: (np.ones(len(reviews), np.float32), []))
    load.calls = calls
    return load


def finish_all(folder):
    contestants = build_contestants(CONFIG, ["gru", "lstm"], 2, folder)
    for contestant in contestants:
        finish(contestant.path, contestant.config, data_hash=str(contestant.seed))
    return contestants


@pytest.mark.parametrize("asked", [None, "validation"])
def test_held_out_reviews_are_those_of_each_seed(tmp_path, load, asked):
    split, judgements = judge_contestants(finish_all(tmp_path), asked, load, None)
    assert split == "validation"
    assert [len(judgement.labels) for judgement in judgements] == [1, 1, 2, 2]
    assert load.calls == [("gru-0", asked), ("gru-1", "validation")]


def test_the_test_split_is_read_once(tmp_path, load):
    split, judgements = judge_contestants(finish_all(tmp_path), "test", load, None)
    assert split == "test"
    assert [len(judgement.labels) for judgement in judgements] == [1] * 4
    assert load.calls == [("gru-0", "test")]


def test_runs_that_held_other_reviews_out_are_compared_on_the_test_split_only(tmp_path, load):
    paths = [contestant.path for contestant in finish_all(tmp_path)][1:3]
    judge_contestants(open_runs(paths, same_data=True), "test", load, None)
    with pytest.raises(RunError, match="held different ones out"):
        judge_contestants(open_runs(paths, same_data=True), "validation", load, None)


def test_what_is_kept_belongs_to_a_run_and_its_reviews(tmp_path, load):
    (gru, *_) = finish_all(tmp_path)
    cache = tmp_path / "judged"

    def list_kept():
        return sorted(path.name for path in cache.iterdir())

    judge_contestants([gru], "test", load, cache)
    (first,) = list_kept()
    judge_contestants([gru], "test", load, cache)
    assert list_kept() == [first]
    judge_contestants([gru], "test", lambda *_: ("test", [Review("other", 1)]), cache)
    assert len(list_kept()) == 2
    (gru.path / "weights.npz").write_text("others")
    gru.result.seal({"interrupted": False, "best": {"epoch": 1}, "data": {"hash": "0"}})
    judge_contestants([gru], "test", load, cache)
    assert len(list_kept()) == 3
