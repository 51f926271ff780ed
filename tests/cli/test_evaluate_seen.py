"""Evaluation on reviews that the run has seen in training, or that were kept away from it, and other thresholds."""

import json

import pytest
from support.table_runs import ROWS, make_table_run, write_rows

HELD_OUT = "was trained on {}, so only its {} reviews are used: choose others with --split"
CHOSEN = "the best epoch of run was chosen on these reviews, so the figures are optimistic"


@pytest.fixture
def make_run(tmp_path):
    return lambda **options: make_table_run(tmp_path / "run", write_rows(tmp_path / "mine.csv"), **options)


@pytest.fixture
def evaluate(invoke):
    def run(*arguments):
        result = invoke("evaluate", "--run", "run", "--json", *arguments)
        assert result.code == 0, result.err
        return json.loads(result.out), result.err

    return run


@pytest.mark.parametrize("remembers", [True, False])
def test_of_the_data_of_the_training_only_what_was_held_out_is_used(make_run, evaluate, tmp_path, remembers):
    make_run(remembers=remembers)
    (tmp_path / "copy.csv").write_bytes((tmp_path / "mine.csv").read_bytes())
    for name in ("mine.csv", "copy.csv"):
        figures, notes = evaluate("--data", name)
        assert (figures["split"], figures["n"], figures["seen"]) == ("validation", 9, 9)
        assert HELD_OUT.format(name, "validation") in notes
        assert CHOSEN in notes
    figures, notes = evaluate()
    assert (figures["split"], figures["n"]) == ("validation", 9)
    assert CHOSEN in notes
    figures, notes = evaluate("--split", "train")
    assert (figures["n"], figures["seen"]) == (81, 81)
    assert "run was trained on these reviews" in notes


@pytest.mark.parametrize(
    ("rows", "seen", "note"),
    [
        ([*ROWS, ("new", 1)], 90, "90 of 91 reviews were used to train run, so the figures are optimistic"),
        ([("WONDERFUL  film number 1", 1), ("new", 1), ("", 0)], 1, "1 of 3 reviews was used to train run"),
        ([("new", 1), ("newer", 0)], 0, None),
        ([(ROWS[1][0], 1)], 1, "1 of 1 review was used to train run"),  # of one label: no model can be trained on it
    ],
)
def test_of_other_data_all_rows_are_used_and_the_known_ones_counted(make_run, evaluate, tmp_path, rows, seen, note):
    make_run()
    write_rows(tmp_path / "other.csv", rows)
    figures, notes = evaluate("--data", "other.csv")
    assert (figures["split"], figures["n"], figures["seen"]) == ("all", len(rows), seen)
    assert "only its" not in notes
    if note:
        assert note in notes
    else:
        assert "used to train" not in notes


def test_a_run_that_does_not_remember_gives_no_count(make_run, evaluate, tmp_path):
    make_run(remembers=False)
    write_rows(tmp_path / "other.csv", [*ROWS, ("new", 1)])
    figures, notes = evaluate("--data", "other.csv")
    assert (figures["n"], figures["seen"]) == (91, None)
    assert "used to train" not in notes


def test_without_validation_reviews_all_rows_are_used_and_counted(make_run, evaluate):
    make_run(**{"train.validation_split": 0.0})
    figures, notes = evaluate("--data", "mine.csv")
    assert (figures["split"], figures["n"], figures["seen"]) == ("all", 90, 90)
    assert "90 of 90 reviews were used to train run" in notes


def test_the_test_part_is_evaluated_by_default(make_run, evaluate, invoke, tmp_path):
    make_run(**{"data.test_split": 0.2})
    for options in ([], ["--split", "test"], ["--data", "mine.csv"]):
        figures, notes = evaluate(*options)
        assert (figures["split"], figures["n"], figures["seen"]) == ("test", 18, 0)
        assert "optimistic" not in notes
    assert HELD_OUT.format("mine.csv", "test") in notes
    for split, size in (("validation", 7), ("train", 65)):
        assert evaluate("--split", split)[0]["n"] == size
    write_rows(tmp_path / "other.csv", [("new", 1), ("newer", 0)])
    result = invoke("evaluate", "--run", "run", "--data", "other.csv", "--split", "test")
    assert result.code == 1
    assert "so the run's test split is unknown" in result.err


def test_the_majority_class_and_the_threshold_stand_beside_the_accuracy(make_run, evaluate, invoke, tmp_path):
    make_run()
    write_rows(tmp_path / "other.csv", [("new", 1), ("newer", 1), ("newest", 1), ("no", 0)])
    figures, _ = evaluate("--data", "other.csv")
    assert (figures["majority_accuracy"], figures["threshold"], figures["best_threshold"]) == (0.75, 0.5, None)
    for threshold, accuracy in ((0, 0.75), (1, 0.25)):
        figures, _ = evaluate("--data", "other.csv", "--threshold", threshold)
        assert (figures["threshold"], figures["accuracy"], figures["balanced_accuracy"]) == (threshold, accuracy, 0.5)
        assert figures["accuracy_by_timestep"][-1]["accuracy"] == accuracy
        assert figures["accuracy_by_length"][0]["accuracy"] == accuracy
    out = invoke("evaluate", "--run", "run", "--threshold", "1", "--errors", "9").out
    assert "majority class     66.67%  (always the more frequent label)" in out
    assert "threshold          1" in out
    assert out.count("positive, but the probability of positive is") == 6


def test_validation_reviews_propose_a_threshold(make_run, evaluate, invoke):
    make_run()
    best = evaluate()[0]["best_threshold"]
    balanced = [evaluate("--threshold", threshold)[0]["balanced_accuracy"] for threshold in (best, 0.5, 0.4, 0.6)]
    assert balanced[0] == max(balanced)
    assert f"best threshold     {best:.3f}" in invoke("evaluate", "--run", "run").out


@pytest.mark.parametrize("threshold", ["-0.1", "1.1", "nan", "half"])
def test_a_threshold_that_is_no_probability_is_wrong_usage(invoke, threshold):
    for command in (["evaluate"], ["predict", "A text."]):
        result = invoke(*command, "--run", "bundled", "--threshold", threshold)
        assert result.code == 2
        assert "--threshold" in result.err


def test_a_model_keeps_its_threshold(make_run):
    import imdb_gru

    run = make_run()
    model = imdb_gru.load(run, threshold=1.0)
    assert model.predict("wonderful").label == "negative"
    assert imdb_gru.evaluate(model).threshold == 1.0
    assert imdb_gru.evaluate(model, threshold=0.25).threshold == 0.25
    assert imdb_gru.evaluate(run).threshold == 0.5


def test_a_next_word_model_has_no_threshold(invoke, make_next_word_run):
    result = invoke("evaluate", "--run", make_next_word_run().path, "--threshold", "0.3")
    assert result.code == 1
    assert "predicts no labels: omit --threshold" in result.err
