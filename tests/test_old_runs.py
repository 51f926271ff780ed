"""Hold that runs written by earlier commits say what they said then.

tests/old_runs/COMMIT-NAME.zip holds a run as that commit trained it on the built-in sample, and under `told` what the
same commit's commands printed of it, for the texts of reviews.csv. A new file there is made in the same way. Keys of
their configs that are gone since were taken out, and `model.pretrained: null` was added.
"""

import csv
import json
import zipfile
from pathlib import Path

import pytest

from imdb_gru.integrity import check_run
from imdb_gru.run import Run

OLD_RUNS = Path(__file__).parent / "old_runs"
REVIEWS = OLD_RUNS / "reviews.csv"
CLASSIFIERS = ["f7431bf-lstm", "808cbeb-gru"]
NEXT_WORD = "686b894-next_word"
CLOSE = {"rel": 0, "abs": 2e-6}


@pytest.fixture
def unpack(tmp_path):
    """Unpack an old run; return it and what its commit told of it."""

    def unpack(name):
        with zipfile.ZipFile(OLD_RUNS / f"{name}.zip") as archive:
            archive.extractall(tmp_path)
        told = {
            path.stem: [json.loads(line) for line in path.read_text().splitlines()]
            for path in (tmp_path / "told").iterdir()
        }
        return Run(tmp_path / "run"), told

    return unpack


def read_lines(result):
    assert result.code == 0, result.err
    return [json.loads(line) for line in result.out.splitlines()]


def list_texts():
    with REVIEWS.open() as file:
        return [row["text"] for row in csv.DictReader(file)]


def test_every_old_run_is_tried():
    assert {path.stem for path in OLD_RUNS.glob("*.zip")} == {*CLASSIFIERS, NEXT_WORD}


@pytest.mark.parametrize("name", [*CLASSIFIERS, NEXT_WORD])
def test_an_old_run_is_whole(unpack, name):
    run, _ = unpack(name)
    assert run.state == "complete"
    assert check_run(run).whole


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_an_old_classifier_predicts_what_it_did(invoke, unpack, name):
    run, told = unpack(name)
    lines = read_lines(invoke("predict", "--run", run.path, "--timesteps", "--json", "--input", REVIEWS))
    assert len(lines) == len(told["predict"]) == 6
    assert len({round(line["probability"], 4) for line in lines}) > 3
    for line, old in zip(lines, told["predict"], strict=True):
        assert (line["text"], line["label"]) == (old["text"], old["label"])
        assert line["probability"] == pytest.approx(old["probability"], **CLOSE)
        assert [step["token"] for step in line["timesteps"]] == [step["token"] for step in old["timesteps"]]
        beliefs = [[step["probability"] for step in one["timesteps"]] for one in (line, old)]
        assert beliefs[0] == pytest.approx(beliefs[1], **CLOSE)


@pytest.mark.parametrize("name", [*CLASSIFIERS, NEXT_WORD])
def test_an_old_run_is_judged_as_it_was(invoke, unpack, name):
    run, told = unpack(name)
    (figures,) = read_lines(invoke("evaluate", "--run", run.path, "--data", REVIEWS, "--json"))
    (old,) = told["evaluate"]
    kept = {"n", "accuracy", "log_loss", "roc_auc", "f1", "ece", "confusion_matrix", "loss", "perplexity"} & old.keys()
    assert len(kept) >= 3
    for key in kept:
        assert figures[key] == (old[key] if key == "confusion_matrix" else pytest.approx(old[key], rel=1e-5)), key


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_an_old_classifier_is_inspected_as_it_was(invoke, unpack, name):
    """The first commit inspected nothing, but said the probability that must be found."""
    run, told = unpack(name)
    lines = read_lines(invoke("inspect", "--run", run.path, "--json", *list_texts()[:1]))
    old = told.get("inspect", told["predict"])[0]
    assert lines[0]["probability"] == pytest.approx(old["probability"], **CLOSE)
    if "logit" in old:
        assert lines[0]["logit"] == pytest.approx(old["logit"], abs=1e-5)
        assert lines[0]["contributions"] == pytest.approx(old["contributions"], abs=1e-5)


def test_an_old_next_word_model_expects_what_it_did(invoke, unpack):
    run, told = unpack(NEXT_WORD)
    lines = read_lines(invoke("next", "--run", run.path, "-k", 5, "--json", "--input", REVIEWS))
    assert [[row["token"] for row in line["next"]] for line in lines] == [
        [row["token"] for row in old["next"]] for old in told["next"]
    ]
    for line, old in zip(lines, told["next"], strict=True):
        probabilities = [[row["probability"] for row in one["next"]] for one in (line, old)]
        assert probabilities[0] == pytest.approx(probabilities[1], **CLOSE)
